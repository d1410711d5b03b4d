import Foundation
import Synchronization
import TestSupport
import Testing

/// `use_keystone_limits`, with a Keystone whose answers the test sets.
@Suite(.serialized) struct `Limits that Keystone keeps` {
    /// The part of Keystone that limits need.
    final class Keystone: Sendable {
        private let server: RawServer
        private let limits = Mutex<[(name: String, project: String?, number: Int)]>([])
        private let fault = Mutex<String?>(nil)

        init(_ limits: [(String, String?, Int)]) throws {
            let box = Box()
            server = try RawServer { connection, _ in
                while let head = connection.readHead() {
                    if head.hasPrefix("POST"),
                        let length = head.split(separator: "\r\n").first(where: { $0.lowercased().hasPrefix("content-length:") })
                    {
                        connection.readBody(Int(length.split(separator: " ").last ?? "") ?? 0)
                    }
                    box.keystone?.answer(head, connection)
                }
            }
            set(limits)
            box.keystone = self
            Self.all.withLock { $0.append(self) }
        }

        /// The server runs until the process ends.
        private static let all = Mutex<[Keystone]>([])
        private final class Box: @unchecked Sendable { weak var keystone: Keystone? }

        var address: String { server.url("") }
        var heads: [String] { server.heads }
        func set(_ limits: [(String, String?, Int)]) { self.limits.withLock { $0 = limits.map { ($0.0, $0.1, $0.2) } } }
        /// From now on, all requests but logins are answered with a status and no body.
        func fail(_ status: String?) { fault.withLock { $0 = status } }

        private func answer(_ head: String, _ connection: RawServer.Connection) {
            let path = String(head.requestTarget)
            let json = "Content-Type: application/json\r\n"
            if path != "/v3/auth/tokens", let status = fault.withLock({ $0 }) { return connection.answer(status, json, body: "{}") }
            func list(_ name: String, _ project: Bool) -> String {
                let rows = limits.withLock { $0 }.filter {
                    ($0.project != nil) == project && (!project || path.contains("project_id=\($0.project!)"))
                }
                let elements = rows.map { row in
                    let owner = row.project.map { #", "project_id": "\#($0)""# } ?? ""
                    return
                        #"{"service_id": "s1", "region_id": "R", "resource_name": "\#(row.name)", "\#(project ? "resource_limit" : "default_limit")": \#(row.number)\#(owner)}"#
                }
                return #"{"\#(name)": [\#(elements.joined(separator: ", "))]}"#
            }
            switch path.prefix(while: { $0 != "?" }) {
            case "/v3/auth/tokens":
                connection.answer(
                    "201 Created", json + "X-Subject-Token: own\r\n",
                    body:
                        #"{"token": {"issued_at": "2026-01-01T00:00:00.000000Z", "expires_at": "2026-01-01T01:00:00.000000Z", "catalog": []}}"#
                )
            case "/v3/endpoints/e1": connection.answer("200 OK", json, body: #"{"endpoint": {"service_id": "s1", "region_id": "R"}}"#)
            case "/v3/services": connection.answer("200 OK", json, body: #"{"services": [{"id": "s1"}]}"#)
            case "/v3/endpoints":
                connection.answer("200 OK", json, body: #"{"endpoints": [{"service_id": "s1", "region_id": "R"}]}"#)
            case "/v3/registered_limits": connection.answer("200 OK", json, body: list("registered_limits", false))
            case "/v3/limits": connection.answer("200 OK", json, body: list("limits", true))
            default: connection.answer("404 Not Found", json, body: "{}")
            }
        }
    }

    private static let names = ["image_size_total", "image_stage_total", "image_count_total", "image_count_uploading"]

    private func keystone(_ size: Int, _ count: Int, uploading: Int = 10) throws -> Keystone {
        try Keystone(zip(Self.names, [size, 100, count, uploading]).map { ($0, nil, $1) })
    }

    private static let endpoint = "endpoint_id = e1"

    private func glance(_ keystone: Keystone, _ endpoint: String = Self.endpoint, runsRegistry: Bool = false) throws -> TestGlance {
        try TestGlance(
            [
                "DEFAULT": "use_keystone_limits = true\nuser_storage_quota = 1",
                "oslo_limit":
                    "auth_url = \(keystone.address)\nusername = glance\npassword = p\nuser_domain_id = default\nsystem_scope = all\n\(endpoint)",
            ], workers: 1, runsRegistry: runsRegistry)
    }

    private func usage(_ glance: TestGlance, _ name: String) throws -> [Int64?] {
        let usage = try glance.send("GET", "/v2/info/usage").json["usage"]?[name]
        return [usage?["usage"]?.int, usage?["limit"]?.int]
    }

    private let mebibyte = [UInt8](repeating: 1, count: 1 << 20)

    @Test(arguments: [Self.endpoint, "endpoint_service_type = image\nendpoint_region_name = R\nendpoint_interface = publicURL"])
    func `bound the number of images and their bytes, and are told`(_ endpoint: String) throws {
        let glance = try glance(try keystone(2, 3), endpoint)
        let images = try (1...3).map { _ in try glance.hasImage() }
        let refused = try glance.create("{}")
        #expect(refused.status == 413)
        for word in ["image_count_total", "Used: 3", "limit: 3", "asked for: 1"] { #expect(refused.says.contains(word), "\(refused.says)") }
        #expect(try glance.count("images", where: "TRUE") == 3)
        #expect(try glance.upload(mebibyte, to: images[0]).status == 204)
        #expect(try glance.upload(mebibyte + [1], to: images[1]).status == 413)
        #expect(try glance.status(of: images[1]) == "queued")
        #expect(try glance.upload(mebibyte, to: images[1]).status == 204)
        #expect(try glance.uploadChunked([1], to: images[2]).status == 413)
        #expect(try usage(glance, "image_size_total") == [2, 2])
        #expect(try usage(glance, "image_stage_total") == [0, 100])
        #expect(try usage(glance, "image_count_total") == [3, 3])
        #expect(try usage(glance, "image_count_uploading") == [0, 10])
        // Each project has its own limits.
        #expect(try glance.create("{}", as: .bob).status == 201)
    }

    @Test func `bound what V1 makes, too`() throws {
        let glance = try glance(try keystone(1, 2), runsRegistry: true)
        let headers = [
            "x-image-meta-disk-format": "raw", "x-image-meta-container-format": "bare", "Content-Type": "application/octet-stream",
        ]
        #expect(try glance.send("POST", "/v1/images", headers, body: mebibyte + [1]).status == 413)
        #expect(try glance.count("images", where: "TRUE") == 0)
        #expect(try glance.send("POST", "/v1/images", headers, body: mebibyte).status == 201)
        #expect(try glance.send("POST", "/v1/images", headers, body: [1]).status == 413)
        #expect(try glance.send("POST", "/v1/images").status == 201)
        #expect(try glance.send("POST", "/v1/images").status == 413)
    }

    @Test func `are a project's own where it has some, and none at all is 0`() throws {
        let keystone = try Keystone([("image_count_total", nil, 0), ("image_count_total", "acme", 1), ("image_count_uploading", nil, 1)])
        let glance = try glance(keystone)
        let id = try glance.hasImage()
        #expect(try glance.create("{}").status == 413)
        #expect(try glance.create("{}", as: .bob).status == 413)
        #expect(try glance.upload([1], to: id).status == 413)
        #expect(try glance.upload([], to: id).status == 204)
        #expect(try usage(glance, "image_count_uploading") == [0, 1])
    }

    @Test func `of -1 bound nothing`() throws {
        let glance = try glance(try keystone(-1, -1, uploading: -1))
        #expect(try glance.upload(mebibyte, to: try glance.hasImage()).status == 204)
        #expect(try usage(glance, "image_size_total") == [1, -1])
    }

    /// As in Glance, the upload that is about to begin is counted.
    @Test func `bound how many uploads there are at once`() throws {
        let glance = try glance(try keystone(100, 100, uploading: 1))
        let images = try (1...2).map { _ in try glance.hasImage() }
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head("PUT", "/v2/images/\(images[0])/file", .alice, ["Content-Type": "application/octet-stream"], length: 1000))
        try connection.send([1])
        #expect(try eventually { try glance.status(of: images[0]) == "saving" })
        let refused = try glance.upload([1], to: images[1])
        #expect(refused.status == 413 && refused.says.contains("image_count_uploading"))
        #expect(try glance.status(of: images[1]) == "queued")
        #expect(try usage(glance, "image_count_uploading") == [1, 1])
        try connection.send([UInt8](repeating: 1, count: 999))
        #expect(try connection.receive().status == 204)
        #expect(try glance.upload([1], to: images[1]).status == 204)
    }

    @Test func `of no upload at all let none begin`() throws {
        let glance = try glance(try keystone(100, 100, uploading: 0), runsRegistry: true)
        let id = try glance.hasImage()
        #expect(try glance.upload([1], to: id).status == 413)
        let octets = ["Content-Type": "application/octet-stream"]
        #expect(try glance.send("PUT", "/v2/images/\(id)/stage", octets, body: [1]).status == 413)
        #expect(try glance.send("PUT", "/v1/images/\(id)", octets, body: [1]).status == 413)
        #expect(try usage(glance, "image_count_uploading") == [0, 0])
    }

    @Test func `are heeded soon after they change, and asked for once for many requests`() throws {
        let keystone = try keystone(100, 1)
        let glance = try glance(keystone)
        try glance.hasImage()
        for _ in 1...10 { #expect(try glance.create("{}").status == 413) }
        #expect(keystone.heads.count { $0.hasPrefix("GET /v3/limits?") } < 10)
        #expect(keystone.heads.count { $0.hasPrefix("POST /v3/auth/tokens") } == 1)
        keystone.set([("image_count_total", nil, 2)])
        #expect(try eventually { try glance.create("{}").status == 201 })
    }

    @Test func `that cannot be found out let nothing by, and nothing is made`() throws {
        let keystone = try keystone(100, 100)
        let glance = try glance(keystone)
        for (status, expected) in [("503 Service Unavailable", 503), ("403 Forbidden", 500), ("200 OK", 503)] {
            keystone.fail(status)
            #expect(try glance.create("{}").status == expected, "\(status)")
            #expect(try glance.send("GET", "/v2/info/usage").status == expected, "\(status)")
        }
        #expect(try glance.count("images", where: "TRUE") == 0)
        #expect(try glance.send("GET", "/v2/images").status == 200)
        keystone.fail(nil)
        #expect(try eventually { try glance.create("{}").status == 201 })
    }

    @Test(arguments: [
        ("username = u\npassword = p\nuser_domain_id = d\nsystem_scope = all\nendpoint_id = e", "[oslo_limit] auth_url: is not set"),
        ("auth_url = http://k\nusername = u\nuser_domain_id = d\nsystem_scope = all\nendpoint_id = e", "[oslo_limit] password: is not set"),
        ("auth_url = http://k\nusername = u\npassword = p\nuser_domain_id = d\nsystem_scope = all", "[oslo_limit] endpoint_id: is not set"),
        (
            "auth_url = http://k\nendpoint_interface = odd\nendpoint_service_type = image\nusername = u\npassword = p\nuser_domain_id = d\nsystem_scope = all",
            "endpoint_interface must be one of"
        ),
    ])
    func `keep the service from starting where it is not said how to ask`(_ options: String, _ said: String) throws {
        let file = "\(TestFolder.root)/limits-\(UInt64.random(in: 0 ... .max))"
        let url = try SharedMariaDB.running().url(of: "nothing_is_asked_of_it")
        try
            "[DEFAULT]\nuse_keystone_limits = true\n[oslo_limit]\n\(options)\n[database]\nconnection = \(url)\n[glance_store]\nfilesystem_store_datadir = \(file).store\n"
            .write(toFile: "\(file).conf", atomically: true, encoding: .utf8)
        let command = try Command("\(TestGlance.programs)/glance-api", ["--config-file", "\(file).conf", "--metadata", "\(file).sock"])
        #expect(command.status != 0 && command.errors.contains(said), "\(command.errors)")
    }
}
