import Foundation
import Synchronization
import TestSupport
import Testing
import Threading

/// The image service of another region, with one image that the test sets.
private final class FakeGlance: Sendable {
    static let image = "36d4b546-64a2-4bb9-bdd0-ba676aa48f2c"

    private struct State: Sendable {
        var record: [UInt8] = []
        var data: [UInt8] = []
        /// The URL of the data; nil for this server.
        var detour: String?
    }

    private let state = Monitor(State())
    private let server: RawServer

    init() throws {
        let state = state
        server = try RawServer { connection, _ in
            guard let head = connection.readHead() else { return }
            let now = state.with { $0 }
            func answer(_ bytes: [UInt8]) {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(bytes.count)\r\nConnection: close\r\n\r\n")
                connection.send(bytes)
            }
            guard head.lowercased().contains("x-auth-token: alice\r\n") else {
                return connection.answer("401 Unauthorized", "Connection: close\r\n")
            }
            if head.hasPrefix("GET /image/v2/images/\(Self.image) ") { return answer(now.record) }
            guard head.hasPrefix("GET /image/v2/images/\(Self.image)/file ") else {
                return connection.answer("404 Not Found", "Connection: close\r\n")
            }
            if let detour = now.detour { return connection.answer("302 Found", "Location: \(detour)\r\nConnection: close\r\n") }
            answer(now.data)
        }
    }

    var address: String { server.url("/image/v2/") }

    func has(_ record: String, _ data: String = "hello", detour: String? = nil) {
        state.with { $0 = State(record: Array(record.utf8), data: Array(data.utf8), detour: detour) }
    }

    /// A record of `hello`.
    static func record(_ changes: [String: String] = [:]) -> String {
        var fields = [
            "status": #""active""#, "size": "5", "disk_format": #""raw""#, "container_format": #""bare""#,
            "checksum": #""5d41402abc4b2a76b9719d911017c592""#, "hw_disk_bus": #""scsi""#,
        ]
        fields.merge(changes) { $1 }
        return "{" + fields.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ") + "}"
    }
}

/// `glance-download`.
@Suite(.serialized, .sharesServices) struct `An import from another region` {
    private let glance: TestGlance
    private let there: FakeGlance

    private let keystone: FakeKeystone

    init() throws { (glance, there, keystone) = try Self.shared.get() }

    private static let shared = Shared { () throws -> (TestGlance, FakeGlance, FakeKeystone) in
        let (keystone, there) = (try FakeKeystone(), try FakeGlance())
        keystone.knowsEverybody()
        let protections = "\(TestFolder.root)/protections-\(UInt64.random(in: 0 ... .max))"
        let open = "create = @\nread = @\nupdate = @\ndelete = @\n"
        try "[hw_secret]\n\(open.replacing("create = @", with: "create = admin"))[.*]\n\(open)"
            .write(toFile: protections, atomically: true, encoding: .utf8)
        let glance = try TestGlance(
            [
                "keystone_authtoken": `The service in a cloud`.options(keystone),
                "DEFAULT":
                    "enabled_import_methods = [glance-direct, glance-download]\nproperty_protection_file = \(protections)\ndebug = true",
                "import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports =",
            ], identity: "keystone", workers: 1, runsTasks: true)
        func endpoint(_ region: String, _ interface: String, _ url: String) -> String {
            #"{"interface": "\#(interface)", "region_id": "\#(region)", "url": "\#(url)"}"#
        }
        let endpoints = [
            endpoint("here", "internal", "http://127.0.0.1:1/"), endpoint("here", "public", glance.address),
            endpoint("there", "public", there.address), endpoint("beyond", "public", "http://169.254.169.254/"),
        ]
        keystone.hasCatalog(#"[{"type": "image", "endpoints": [\#(endpoints.joined(separator: ", "))]}]"#)
        return (glance, there, keystone)
    }

    private func order(_ method: String, on id: String, as person: TestGlance.Person = .alice) throws -> Reply {
        try glance.send(
            "POST", "/v2/images/\(id)/import", as: person, json: #"{"method": {"name": "glance-download"\#(method)}}"#)
    }

    private func from(_ region: String, _ image: String = FakeGlance.image, _ interface: String? = nil) -> String {
        #", "glance_region": "\#(region)", "glance_image_id": "\#(image)""#
            + (interface.map { #", "glance_service_interface": "\#($0)""# } ?? "")
    }

    /// With formats and properties that the source's image would change.
    private func hasTarget(as person: TestGlance.Person = .alice) throws -> String {
        try glance.hasImage(
            as: person, #"{"disk_format": "iso", "container_format": "ovf", "hw_disk_bus": "virtio", "os_distro": "windows", "mine": "1"}"#)
    }

    /// Expects that an image is as `hasTarget` created it.
    private func expectUntouched(_ id: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let image = try glance.image(id)
        let fields = [
            "status": "queued", "disk_format": "iso", "container_format": "ovf", "hw_disk_bus": "virtio", "os_distro": "windows",
            "mine": "1",
        ]
        for (name, value) in fields { #expect(image[name]?.string == value, "\(name)", sourceLocation: sourceLocation) }
        #expect(image["size"] == .null && image["checksum"] == .null, sourceLocation: sourceLocation)
        #expect(image["os_glance_import_task"] == nil, sourceLocation: sourceLocation)
        #expect(try !glance.storedFiles().contains(id), sourceLocation: sourceLocation)
        #expect(try !glance.incomingFiles().contains { $0.hasPrefix(id) }, sourceLocation: sourceLocation)
        #expect(try glance.rows("SELECT task_id FROM vitrine_jobs WHERE image_id = '\(id)'").isEmpty, sourceLocation: sourceLocation)
    }

    private func hasSource() throws -> (id: String, data: [UInt8]) {
        let data = filled(2_000_000) { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
        let id = try glance.hasImage(
            #"{"disk_format": "raw", "container_format": "bare", "hw_cpu_cores": "5", "trait:X": "required", "os_distro": "rhel", "speed": "88"}"#
        )
        guard try glance.upload(data, to: id).status == 204 else { throw Unexpected("no source") }
        return (id, data)
    }

    private func expectCopy(_ id: String, of source: String, _ data: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let (image, original) = (try glance.image(id), try glance.image(source))
        for name in [
            "status", "disk_format", "container_format", "checksum", "os_hash_value", "hw_cpu_cores", "trait:X", "os_distro",
        ] { #expect(image[name]?.string == original[name]?.string, "\(name)", sourceLocation: sourceLocation) }
        #expect(image["size"]?.int == Int64(data.count) && image["speed"] == nil, sourceLocation: sourceLocation)
        #expect(try glance.send("GET", "/v2/images/\(id)/file").body == data, sourceLocation: sourceLocation)
    }

    @Test(arguments: [nil, "public"]) func `brings the image, its formats, and some of its properties`(_ interface: String?) throws {
        let (source, data) = try hasSource()
        let id = try hasTarget()
        #expect(try order(from("here", source, interface), on: id).status == 202)
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == "success", "\(task)")
        try expectCopy(id, of: source, data)
        let image = try glance.image(id)
        // The image keeps fields that the source's image does not have.
        #expect(image["mine"]?.string == "1" && image["hw_disk_bus"]?.string == "virtio")
    }

    /// Although other fields come from the source's image. Source: Glance.
    @Test func `needs formats before`() throws {
        let id = try glance.hasImage("{}")
        let reply = try order("", on: id)
        #expect(reply.status == 409 && reply.text.contains("'container_format' needs to be set before import"))
    }

    @Test(
        arguments: [
            ("", "'glance_region' needs to be set"), (#", "glance_region": """#, "'glance_region' needs to be set"),
            (#", "glance_region": "here""#, "'glance_image_id' needs to be set"),
            (#", "glance_region": "here", "glance_image_id": "foo""#, "image id does not look like a UUID"),
            (#", "glance_region": "here", "glance_image_id": "../../../v3/users""#, "image id does not look like a UUID"),
            (#", "glance_region": 5, "glance_image_id": "foo""#, "'glance_region' must be a text"),
        ])
    func `is refused without a region and an image`(_ method: String, _ words: String) throws {
        let id = try hasTarget()
        let reply = try order(method, on: id)
        #expect(reply.status == 400 && reply.text.contains(words), "\(reply.text)")
        try expectUntouched(id)
    }

    @Test func `is for queued images`() throws {
        let id = try glance.hasActiveImage()
        #expect(try order(from("there"), on: id).status == 409)
    }

    @Test(
        arguments: [
            ("nowhere", nil, "no public image service"), ("here", "not an interface", "no not an interface image service"),
            ("here", "internal", "cannot be fetched"), ("beyond", nil, "does not pass filtering"), ("here", nil, "no such data"),
        ] as [(String, String?, String)])
    func `fails where nobody has the image`(_ region: String, _ interface: String?, _ words: String) throws {
        let id = try hasTarget()
        #expect(try order(from(region, FakeGlance.image, interface), on: id).status == 202)
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == "failure" && task["message"]?.string?.contains(words) == true, "\(task)")
        try expectUntouched(id)
    }

    @Test(
        arguments: [
            (FakeGlance.record(["status": #""queued""#]), "hello", "not active"), ("[]", "hello", "does not describe an image"),
            ("<html>", "hello", "does not describe an image"), (FakeGlance.record(["size": "null"]), "hello", "does not tell the size"),
            (FakeGlance.record(["disk_format": "null"]), "hello", "does not tell the size and the formats"),
            (FakeGlance.record(["size": "1e300"]), "hello", "does not tell the size"),
            (FakeGlance.record(["size": "4"]), "hello", "size"), (FakeGlance.record(["size": "6"]), "hello", "size"),
            (FakeGlance.record(), "hullo", "The md5 of the data is"),
            (
                FakeGlance.record(["os_hash_algo": #""sha256""#, "os_hash_value": #""00""#]), "hello",
                "The sha256 of the data is"
            ),
            (FakeGlance.record(["hw_secret": #""1""#]), "hello", "hw_secret"),
        ])
    func `fails where the image is not what its service says, or not for the one who wants it`(
        _ record: String, _ data: String, _ words: String
    ) throws {
        there.has(record, data)
        let id = try hasTarget()
        #expect(try order(from("there"), on: id).status == 202)
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == "failure" && task["message"]?.string?.contains(words) == true, "\(task)")
        try expectUntouched(id)
    }

    @Test func `fails where the service's description has no end`() throws {
        there.has(FakeGlance.record(["mine": "\"" + String(repeating: "x", count: 2 << 20) + "\""]))
        let id = try hasTarget()
        #expect(try order(from("there"), on: id).status == 202)
        #expect(try glance.ended(on: id)["message"]?.string?.contains("more data than is allowed") == true)
        try expectUntouched(id)
    }

    /// Other callers learn nothing of what the token gives access to.
    @Test func `shows its token to nobody that it is led to, and keeps it for nobody to read`() throws {
        let heads = Mutex<[String]>([])
        let other = try RawServer { connection, _ in
            guard let head = connection.readHead() else { return }
            heads.withLock { $0.append(head) }
            connection.answer(body: "hello")
        }
        there.has(FakeGlance.record(), detour: other.url("/elsewhere"))
        let id = try hasTarget()
        #expect(try order(from("there"), on: id).status == 202)
        let kept = try glance.rows("SELECT details FROM vitrine_jobs WHERE image_id = '\(id)'")
        #expect(kept.allSatisfy { $0[0]?.contains("alice") == false })
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        let seen = heads.withLock { $0 }
        #expect(!seen.isEmpty && seen.allSatisfy { !$0.lowercased().contains("x-auth-token") })
        #expect(
            try glance.rows("SELECT input FROM task_info i JOIN tasks t ON t.id = i.task_id WHERE t.image_id = '\(id)'")
                .allSatisfy { $0[0]?.contains("alice") == false && $0[0]?.contains("glance_region") == true })
    }

    @Test func `is ordered by the glance client and by the openstack client`() throws {
        let (source, data) = try hasSource()
        let made = try Clients.run(
            "glance",
            [
                "--os-auth-token", "alice", "--os-image-url", glance.address, "image-create-via-import", "--import-method",
                "glance-download",
                "--remote-region", "here", "--remote-image-id", source, "--remote-service-interface", "public", "--name", "far",
                "--disk-format", "iso", "--container-format", "ovf",
            ], hasTerminal: true)
        let ids = try made.succeeded().text.matches(of: /\|\s+id\s+\|\s+(\S+)\s+\|/)
        let id = String(try #require(ids.first, "\(made.text)").output.1)
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        try expectCopy(id, of: source, data)

        let second = try hasTarget()
        try Clients.run(
            "openstack",
            [
                "image", "import", "--method", "glance-download", "--remote-region", "here", "--remote-image", source,
                "--remote-service-interface", "public", "--disallow-failure", second,
            ], ["OS_AUTH_TYPE": "admin_token", "OS_ENDPOINT": "\(glance.address)/v2", "OS_TOKEN": "alice"]
        ).succeeded()
        #expect(try glance.ended(on: second)["status"]?.string == "success")
        try expectCopy(second, of: source, data)
    }
}
