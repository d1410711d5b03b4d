import Domain
import Foundation
import ObjectStores
import TestSupport
import Testing

/// A Swift store whose server is away, silent, slow, full, or wants another key.
@Suite(.serialized) struct `A swift store on a disturbed engine` {
    @Test(arguments: SwiftPlace.all, EngineConformance.checks)
    func `fails as every store on an engine does`(_ place: SwiftPlace, _ check: ConformanceCheck<EngineUnderTest>) throws {
        try check.run(EngineUnderTest(swift: place))
    }
}

extension EngineUnderTest {
    /// A server behind a proxy, and a container on it that is empty.
    fileprivate init(swift place: SwiftPlace) throws {
        guard case .user(let user, let key) = place.login.identity, let server = URL(string: place.login.address), let port = server.port
        else { throw Unexpected("\(place) has no user or no port") }
        let (proxy, container) = (try EngineProxy(to: port), SwiftEngine.freshContainer())
        let objects = try SwiftObjects(place.login, container: container)
        try objects.make()
        let make: @Sendable (_ server: String, _ user: String, _ key: String) throws -> SwiftStore.Settings = { server, user, key in
            let login = try SwiftLogin(address: server + "/auth/v1.0", version: .v1, identity: .user(user, key: key))
            var settings = SwiftStore.Settings(references: ["ref1": login], mainReference: "ref1")
            settings.container = container
            // An image of 24 MiB has five segments.
            (settings.largeObject, settings.largeObjectChunk) = (5 << 20, 5 << 20)
            (settings.limits.connect, settings.limits.control, settings.limits.segment) = (2, 2, 6)
            settings.limits.silence = 2
            return settings
        }
        self.init(
            store: { SwiftStore(try make(proxy.endpoint, user, key)) },
            // The mark of an upload that was taken back stays for a day.
            names: { try objects.names().filter { !$0.hasPrefix("vitrine/discarded/") } }, trouble: { proxy.set($0) })
        misconfigured = [
            .init("a wrong key") { SwiftStore(try make(proxy.endpoint, user, "wrong")) },
            .init("an unknown user") { SwiftStore(try make(proxy.endpoint, "nobody:swift", key)) },
            .init("no container") {
                var settings = try make(proxy.endpoint, user, key)
                settings.container += "-is-missing"
                return SwiftStore(settings)
            },
            // Port 1 of the loopback address, where nothing listens.
            .init("no server") { SwiftStore(try make("http://127.0.0.1:1", user, key)) },
            .init("a server without a name") { SwiftStore(try make("http://engine.invalid:\(proxy.port)", user, key)) },
        ]
        if case .user(let stranger, let strangersKey)? = place.stranger?.identity {
            let storage = objects.storage().replacing(":\(port)", with: ":\(proxy.port)")
            misconfigured.append(
                .init("a user without rights") {
                    var settings = try make(proxy.endpoint, stranger, strangersKey)
                    settings.endpoint = storage
                    return SwiftStore(settings)
                })
        }
        setFull = { try objects.setQuota($0 ? 1000 : 1 << 40) }
        // A segment of an upload by Glance's driver.
        makeForeign = {
            let name = "\(ImageID.fresh())-00001"
            try objects.put(name, "hello")
            return name
        }
        elsewhere = ["swift+config://ref1/elsewhere/\(ImageID.fresh())", "swift+config://ref2/\(container)/\(ImageID.fresh())"]
        secrets = [user, key, String(proxy.port), "engine.invalid", container]
    }
}
