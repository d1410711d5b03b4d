import Domain
import Foundation
import ObjectStores
import Stack
import TestSupport
import Testing

/// A server that speaks Swift behind an nginx that speaks TLS, with a certificate for `localhost` of a private authority.
private final class SecureSwift: Sendable {
    let authority: SelfSigned
    /// `https://localhost:port`.
    let address: String
    private let place: SwiftPlace
    private let nginx: Nginx

    /// - Parameter host: the host of the certificate.
    init(_ place: SwiftPlace, for host: String = "localhost") throws {
        guard let port = URL(string: place.login.address)?.port else { throw Unexpected("\(place) has no port") }
        self.place = place
        authority = try SelfSigned(for: "authority.example")
        let pair = try SelfSigned(for: host, by: authority)
        let secure = try freePort()
        address = "https://localhost:\(secure)"
        let server = """
            server {
                \(pair.listening(on: secure))
                client_max_body_size 0; proxy_request_buffering off; proxy_http_version 1.1;
                location / { proxy_pass http://127.0.0.1:\(port); proxy_set_header Host 127.0.0.1:\(port); }
            }
            """
        nginx = try Nginx("", http: server)
    }

    /// Settings of a store that reaches the login and the account by TLS.
    func settings() throws -> SwiftStore.Settings {
        guard let path = URL(string: place.login.address)?.path else { throw Unexpected("\(place) has no path") }
        let login = try SwiftLogin(address: address + path, version: .v1, identity: place.login.identity)
        var settings = SwiftEngine.settings(login)
        settings.endpoint = try endpoint()
        return settings
    }

    func endpoint() throws -> String {
        guard let account = try URL(string: SwiftObjects(place.login, container: "x").storage())?.path else {
            throw Unexpected("no account")
        }
        return address + account
    }

    func requests() throws -> Int { try nginx.accessLines() }
}

@Suite struct `A swift store over TLS` {
    private func write(_ image: [UInt8], to store: SwiftStore) throws -> String {
        let pending = try store.begin(.fresh(), token: .token(), announcing: nil)
        try pending.write(image)
        let url = try pending.commit().url
        pending.confirm()
        return url
    }

    @Test(arguments: SwiftPlace.all, [true, false])
    func `trusts the authority of its options, or every one`(_ place: SwiftPlace, _ isBlind: Bool) throws {
        let server = try SecureSwift(place, for: isBlind ? "other.example" : "localhost")
        var settings = try server.settings()
        settings.trust.isBlind = isBlind
        if !isBlind { settings.trust.certificateAuthority = server.authority.certificate }
        let store = SwiftStore(settings)
        let image = bytes(20_000_000)
        let url = try write(image, to: store)
        #expect(try store.bytes(at: url).open(0).all().isSame(as: image))
        #expect(try store.bytes(at: url).open(19_999_990).all() == Array(image.suffix(10)))
        try store.remove(url)
        #expect(try SwiftObjects(place.login, container: settings.container).names().isEmpty)
    }

    @Test(arguments: SwiftPlace.all)
    func `uses no server with another host's certificate, or of an authority that it does not know`(_ place: SwiftPlace) throws {
        let (right, other) = (try SecureSwift(place), try SecureSwift(place, for: "other.example"))
        // The last one knows the login's authority, and not that of the account's server.
        for (server, authority, account) in [
            (right, nil, nil), (right, other.authority, nil), (other, other.authority, nil), (right, right.authority, other),
        ] as [(SecureSwift, SelfSigned?, SecureSwift?)] {
            var settings = try server.settings()
            settings.trust.certificateAuthority = authority?.certificate
            settings.createsContainers = false
            if let account { settings.endpoint = try account.endpoint() }
            try SwiftObjects(place.login, container: settings.container).make()
            let store = SwiftStore(name: "far", settings)
            let asked = try (account ?? server).requests()
            let fault = #expect(throws: Fault.of(.unavailable)) { try store.begin(.fresh(), token: .token(), announcing: 5) }
            #expect(fault?.message == "The store 'far' cannot be used now.")
            let url = "swift+config://ref1/\(settings.container)/\(ImageID.fresh())"
            #expect(throws: Fault.of(.unavailable)) { try store.bytes(at: url) }
            #expect(throws: Fault.of(.unavailable)) { try store.remove(url) }
            // No request came, and so no key or token.
            #expect(try (account ?? server).requests() == asked)
            #expect(try SwiftObjects(place.login, container: settings.container).names().isEmpty)
        }
    }

    /// A service whose nginx trusts the authority, and one whose nginx does not: there a worker, which does, sends the data.
    @Test(arguments: SwiftPlace.all.prefix(1), [true, false])
    func `has its data fetched by an nginx that verifies the certificate`(_ place: SwiftPlace, _ isTrusted: Bool) throws {
        let server = try SecureSwift(place)
        let settings = try server.settings()
        guard case .user(let user, let key) = place.login.identity, let login = settings.references["ref1"] else { return }
        let options = """
            swift_store_auth_address = \(login.address)
            swift_store_auth_version = 1
            swift_store_user = \(user)
            swift_store_key = \(key)
            swift_store_endpoint = \(try server.endpoint())
            swift_store_cacert = \(server.authority.certificate)
            swift_store_container = \(settings.container)
            swift_store_create_container_on_put = true
            """
        let trusted = isTrusted ? server.authority : try SelfSigned(for: "authority.example")
        let glance = try TestGlance(
            ["DEFAULT": "enabled_backends = far:swift", "far": options, "glance_store": "default_backend = far"],
            remotes: [("/_blobs/.remote/far", trusted.certificate)])
        let image = bytes(20_000_000)
        let id = try glance.hasImage()
        #expect(try glance.upload(image, to: id).status == 204)
        let whole = try glance.send("GET", "/v2/images/\(id)/file")
        #expect(whole.status == 200 && whole.body.isSame(as: image))
        let part = try glance.send("GET", "/v2/images/\(id)/file", ["Range": "bytes=16777210-16777220"])
        #expect(part.status == 206 && part.body.isSame(as: Array(image[16_777_210...16_777_220])))
        #expect(try glance.workerLog().contains("nginx could not fetch") == !isTrusted)
    }
}
