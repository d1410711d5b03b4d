import Domain
import Foundation
import ObjectStores
import TestSupport
import Testing

/// A real Keystone whose catalog leads to the gate, for all tests of the suite.
private final class KeystoneAndGate: Sendable {
    let keystone: Keystone
    let gate: SwiftGate

    static let shared = Shared<KeystoneAndGate?> { () throws in
        guard Keystone.isInstalled else { return nil }
        guard let gate = try SwiftGate() else { return nil }
        let keystone = try Keystone(imageAddress: "http://127.0.0.1:1", objectStoreAddress: "\(gate.address)/v1/account")
        try gate.order(keystone: keystone.address)
        return KeystoneAndGate(keystone, gate)
    }

    private init(_ keystone: Keystone, _ gate: SwiftGate) { (self.keystone, self.gate) = (keystone, gate) }

    func settings() throws -> SwiftStore.Settings {
        SwiftEngine.settings(
            try SwiftLogin(address: keystone.address, version: .v3, identity: .user("service:glance", key: "glance")))
    }
}

@Suite(.serialized, .sharesServices) struct `A swift store with Keystone` {
    @Test func `logs in with a password, and again in mid-upload`() throws {
        guard let both = try KeystoneAndGate.shared.get() else { return }
        let store = SwiftStore(try both.settings())
        let pending = try store.begin(.fresh(), token: "abc", announcing: nil)
        let image = bytes(40_000_000)
        try pending.write(Array(image[..<20_000_000]))
        try both.gate.expireTokens()
        try pending.write(Array(image[20_000_000...]))
        let location = try pending.commit()
        #expect(try store.bytes(at: location.url).open(0).all() == image)
        try store.remove(location.url)
    }

    @Test func `logs in with an application credential`() throws {
        guard let both = try KeystoneAndGate.shared.get() else { return }
        let script = """
            import json, sys, urllib.request
            url = sys.argv[1]
            def ask(path, body, token=None):
                headers = {"Content-Type": "application/json"} | ({"X-Auth-Token": token} if token else {})
                return urllib.request.urlopen(urllib.request.Request(url + path, json.dumps(body).encode(), headers))
            domain = {"id": "default"}
            reply = ask("/auth/tokens", {"auth": {
                "identity": {"methods": ["password"], "password": {"user": {"name": "glance", "password": "glance", "domain": domain}}},
                "scope": {"project": {"name": "service", "domain": domain}}}})
            token, user = reply.headers["X-Subject-Token"], json.load(reply)["token"]["user"]["id"]
            made = json.load(ask(f"/users/{user}/application_credentials", {"application_credential": {"name": "swift"}}, token))
            print(json.dumps({name: made["application_credential"][name] for name in ("id", "secret")}))
            """
        let made = try Command("/usr/bin/python3", ["-c", script, both.keystone.address]).succeeded().json
        let (id, secret) = (try #require(made["id"]?.string), try #require(made["secret"]?.string))
        func settings(_ secret: String) throws -> SwiftStore.Settings {
            SwiftEngine.settings(
                try SwiftLogin(address: both.keystone.address, version: .v3, identity: .applicationCredential(id: id, secret: secret)))
        }
        let store = SwiftStore(try settings(secret))
        let pending = try store.begin(.fresh(), token: "abc", announcing: nil)
        try pending.write("hello")
        #expect(try store.bytes(at: pending.commit().url).open(0).all() == Array("hello".utf8))
        #expect(throws: Fault.of(.unavailable)) { try SwiftStore(try settings("wrong")).checkHealth() }
    }

    @Test func `finds no endpoint in another region, and says so to the log alone`() throws {
        guard let both = try KeystoneAndGate.shared.get() else { return }
        var settings = try both.settings()
        settings.region = "RegionTwo"
        let fault = #expect(throws: Fault.of(.unavailable)) { try SwiftStore(settings).checkHealth() }
        #expect(fault.map { "\($0)".contains("no publicURL endpoint of object-store") && !$0.message.contains("endpoint") } == true)
    }

    // MARK: Glance's own driver

    /// A program that works with glance_store: `write ID SIZE`, `read URL`, `delete URL`.
    private static let driver = """
        import hashlib, io, json, sys
        from oslo_config import cfg
        import glance_store
        conf = cfg.CONF
        glance_store.register_opts(conf)
        conf([], default_config_files=[sys.argv[1]])
        glance_store.create_stores(conf)
        action, name, *rest = sys.argv[2:]
        if action == "write":
            pattern, size = bytes((i * 31 ^ i >> 8) & 255 for i in range(10007)), int(rest[0])
            data = (pattern * (size // len(pattern) + 1))[:size]
            told = glance_store.add_to_backend_with_multihash(conf, name, io.BytesIO(data), len(data), "sha512")
            print(json.dumps({"url": told[0], "size": told[1]}))
        elif action == "read":
            chunks, size = glance_store.get_from_backend(name)
            print(json.dumps({"md5": hashlib.md5(b"".join(chunks)).hexdigest(), "size": size}))
        else:
            glance_store.delete_from_backend(name)
            print("{}")
        """

    private func glance(_ configuration: String, _ words: String...) throws -> JSONValue {
        try PyPIGlance.answer(to: Self.driver, [configuration] + words)
    }

    private func configuration(_ both: KeystoneAndGate, _ container: String, hasFile: Bool) throws -> String {
        let path = "\(TestFolder.root)/swift-\(UInt32.random(in: 0 ... .max))"
        let account = "auth_address = \(both.keystone.address)\nuser = service:glance\nkey = glance\n"
        try "[ref1]\n\(account)".write(toFile: "\(path).refs", atomically: true, encoding: .utf8)
        let login =
            hasFile
            ? "swift_store_config_file = \(path).refs"
            : account.replacing("auth_address", with: "swift_store_auth_address").replacing("user =", with: "swift_store_user =")
                .replacing("key =", with: "swift_store_key =")
        try """
        [glance_store]
        stores = swift
        default_store = swift
        swift_store_container = \(container)
        swift_store_create_container_on_put = true
        swift_store_large_object_size = 1
        swift_store_large_object_chunk_size = 1
        \(login)
        """.write(toFile: "\(path).conf", atomically: true, encoding: .utf8)
        return "\(path).conf"
    }

    /// The second image is three whole segments of what glance_store 5.7.0 takes for a MB, 1,024,000 bytes: it announces a whole segment
    /// for a last one that is shorter, too, and waits for the answer for ever.
    @Test(arguments: [true, false], [5, 3_072_000])
    func `reads and removes what Glance's driver wrote, and the reverse`(_ hasFile: Bool, _ size: Int) throws {
        guard let both = try KeystoneAndGate.shared.get() else { return }
        var settings = try both.settings()
        settings.largeObject = 1 << 20
        settings.largeObjectChunk = 1 << 20
        let store = SwiftStore(settings)
        let objects = try SwiftObjects(try both.gate.login, container: settings.container)
        let configuration = try configuration(both, settings.container, hasFile: hasFile)
        let image = bytes(size)

        let theirs = try #require(try glance(configuration, "write", ImageID.fresh().text, "\(size)")["url"]?.string)
        #expect(theirs.hasPrefix(hasFile ? "swift+config://ref1/" : "swift+http://service%3Aglance:glance@"))
        #expect(store.holds(theirs))
        #expect(try store.bytes(at: theirs).open(0).all() == image)
        #expect(try store.bytes(at: theirs).open(Int64(size - 3)).all().isSame(as: Array(image[(size - 3)...])))
        try store.remove(theirs)
        #expect(try objects.names().isEmpty)

        let pending = try store.begin(.fresh(), token: .token(), announcing: nil)
        try pending.write(image)
        let ours = try pending.commit().url
        pending.confirm()
        let read = try glance(configuration, "read", ours)
        #expect(read["size"]?.int == Int64(size))
        #expect(try read["md5"]?.string == md5(image))
        _ = try glance(configuration, "delete", ours)
        #expect(try objects.names().isEmpty)
    }

    private func md5(_ bytes: [UInt8]) throws -> String {
        String(try Command("/usr/bin/md5sum", [], input: bytes).succeeded().text.prefix(32))
    }
}
