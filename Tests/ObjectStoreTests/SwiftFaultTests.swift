import Domain
import Foundation
import ObjectStores
import TestSupport
import Testing

@Suite struct `A swift store whose server fails` {
    @Test func `goes on with an upload whose token ends in its middle, and sends the refused segment again`() throws {
        guard let gate = try SwiftGate() else { return }
        let store = SwiftStore(try gate.settings())
        let pending = try store.begin(.fresh(), token: "abc", announcing: nil)
        try gate.order(faults: #"{"method": "PUT", "path": "-00002$", "expire": true}"#)
        let image = bytes(40_000_000)
        try pending.write(image)
        let location = try pending.commit()
        #expect(try store.bytes(at: location.url).open(0).all() == image)
        let told = try gate.told()
        #expect(told.requests.filter { $0.hasSuffix(".abc-00002") && $0.hasPrefix("PUT") }.count == 2)
        #expect(told.logins == 2)
    }

    @Test func `renews its token before it ends`() throws {
        guard let gate = try SwiftGate() else { return }
        try gate.order(life: 2)
        let store = SwiftStore(try gate.settings())
        try store.checkHealth()
        #expect(
            try eventually(within: 20) {
                try store.checkHealth(); return try gate.told().logins >= 2
            })
        try gate.order(faults: #"{"method": "HEAD", "path": "never"}"#)
    }

    @Test(
        arguments: [
            #""cut_request": 1000000"#, #""status": 503, "times": 2"#, #""lose": true"#,
        ])
    func `sends a segment again`(_ fault: String) throws {
        guard let gate = try SwiftGate() else { return }
        let store = SwiftStore(try gate.settings())
        let pending = try store.begin(.fresh(), token: "abc", announcing: nil)
        try gate.order(faults: #"{"method": "PUT", "path": "-00001$", \#(fault)}"#)
        let image = bytes(20_000_000)
        try pending.write(image)
        let location = try pending.commit()
        #expect(try store.bytes(at: location.url).open(0).all() == image)
    }

    @Test func `commits again where the answer to a commit was lost`() throws {
        guard let gate = try SwiftGate() else { return }
        let store = SwiftStore(try gate.settings())
        let image = ImageID.fresh()
        let pending = try store.begin(image, token: "abc", announcing: nil)
        try pending.write("hello")
        try gate.order(faults: #"{"method": "PUT", "path": "/\#(image).abc$", "lose": true}"#)
        let url = try pending.commit().url
        #expect(try store.bytes(at: url).open(0).all() == Array("hello".utf8))
        #expect(try gate.told().requests.filter { $0.hasPrefix("PUT") }.count == 2)
    }

    @Test(arguments: [(413, Fault.Kind.tooLarge), (507, .tooLarge), (403, .unavailable), (500, .unavailable)])
    func `leaves nothing of an upload that is refused`(_ status: Int, _ kind: Fault.Kind) throws {
        guard let gate = try SwiftGate() else { return }
        let settings = try gate.settings()
        let store = SwiftStore(name: "far", settings)
        let pending = try store.begin(.fresh(), token: "abc", announcing: nil)
        try gate.order(faults: #"{"method": "PUT", "path": "-00002$", "status": \#(status), "times": 9}"#)
        let fault = #expect(throws: Fault.of(kind)) {
            try pending.write(bytes(40_000_000))
            _ = try pending.commit()
        }
        #expect(fault?.message.contains("'far'") == true)
        #expect(pending.discard())
        #expect(try store.pendingUploads(olderThan: -2).isEmpty)
        #expect(try SwiftObjects(try gate.login, container: settings.container).names().isEmpty)
    }

    @Test func `goes on with a download that was cut, as often as the options say`() throws {
        guard let gate = try SwiftGate() else { return }
        var settings = try gate.settings()
        settings.readRetries = 2
        let store = SwiftStore(settings)
        let pending = try store.begin(.fresh(), token: "abc", announcing: nil)
        let image = bytes(20_000_000)
        try pending.write(image)
        let url = try pending.commit().url
        let cut = #"{"method": "GET", "path": "/", "cut": 5000000, "times": 2}"#
        try gate.order(faults: cut)
        #expect(try store.bytes(at: url).open(0).all() == image)
        settings.readRetries = 1
        try gate.order(faults: cut)
        #expect(throws: StreamError.self) { try SwiftStore(settings).bytes(at: url).open(0).all() }
    }

    @Test func `does not wait for ever for a server that hangs`() throws {
        guard let gate = try SwiftGate() else { return }
        var settings = try gate.settings()
        (settings.limits.control, settings.limits.segment) = (0.5, 0.5)
        let store = SwiftStore(name: "far", settings)
        try gate.order(faults: #"{"method": "HEAD", "path": "/", "hang": 300, "times": 9}"#)
        let fault = #expect(throws: Fault.of(.unavailable)) { try store.begin(.fresh(), token: "abc", announcing: nil) }
        #expect(fault?.message == "The store 'far' cannot be used now.")
    }

    @Test func `says in one sentence that it cannot be used, without an address or a key`() throws {
        guard let engine = try SwiftEngine.login(), let gate = try SwiftGate() else { return }
        let login = try SwiftLogin(address: engine.address, version: .v1, identity: .user("glance:swift", key: "secret-key"))
        let nowhere = try SwiftLogin(address: "http://127.0.0.1:1/auth", version: .v1, identity: .user("glance:swift", key: "secret-key"))
        var noContainer = try gate.settings()
        noContainer.createsContainers = false
        for (settings, text) in [
            (SwiftEngine.settings(login), "refuses this service's login"), (SwiftEngine.settings(nowhere), "cannot be used now"),
            (noContainer, "has no container"),
        ] {
            let store = SwiftStore(name: "far", settings)
            let fault = #expect(throws: Fault.of(.unavailable)) { try store.begin(.fresh(), token: "abc", announcing: 1) }
            #expect(fault?.message.contains(text) == true, "\(fault?.message ?? "")")
            #expect(fault?.message.contains("'far'") == true)
            #expect(fault.map { "\($0)".contains("secret-key") || $0.message.contains("127.0.0.1") } == false)
        }
        #expect(throws: Fault.of(.unavailable)) { try SwiftStore(SwiftEngine.settings(login)).checkHealth() }
        #expect(throws: Fault.of(.unavailable)) { try SwiftStore(noContainer).checkHealth() }
        #expect(SwiftStore(name: "far", noContainer).healthName == "store far")
    }

    @Test func `is not well for a user who may only read, and the check leaves nothing behind`() throws {
        guard let engine = try OpenStackSwift.running() else { return }
        let settings = SwiftEngine.settings(try engine.login(engine.user))
        let objects = try SwiftObjects(engine.login(engine.user), container: settings.container)
        let image = ImageID.fresh().text
        try objects.make()
        try objects.letRead(engine.reader.name)
        try objects.put(image, "hello")
        var readers = settings
        readers.references = try settings.references.mapValues { _ in try engine.login(engine.reader) }
        let reader = SwiftStore(name: "far", readers)
        #expect(try reader.bytes(at: "swift+config://\(settings.mainReference)/\(settings.container)/\(image)").size == 5)
        let fault = #expect(throws: Fault.of(.unavailable)) { try reader.checkHealth() }
        #expect(fault?.message == "The store 'far' gives this service no right to do that.")
        try SwiftStore(settings).checkHealth()
        #expect(try objects.names() == [image])
    }

    @Test(arguments: [5000, 20_000_000]) func `leaves nothing of an upload that is over the container's quota`(_ size: Int) throws {
        guard let login = try SwiftEngine.login() else { return }
        let settings = SwiftEngine.settings(login)
        let store = SwiftStore(settings)
        try store.begin(.fresh(), token: "abc", announcing: nil).discard()
        let objects = try SwiftObjects(login, container: settings.container)
        try objects.setQuota(1000)
        let pending = try store.begin(.fresh(), token: "abd", announcing: nil)
        #expect(throws: Fault.of(.tooLarge)) {
            try pending.write(bytes(size))
            _ = try pending.commit()
        }
        #expect(pending.discard())
        #expect(try objects.names().isEmpty)
    }
}
