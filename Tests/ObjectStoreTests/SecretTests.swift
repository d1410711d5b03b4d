import Foundation
import ObjectStores
import TestSupport
import Testing

/// Keys, tokens and signed URLs stay where they belong, also when everything goes wrong.
@Suite(.serialized, .sharesServices) struct `A service with object stores keeps its secrets` {
    private struct Site {
        let glance: TestGlance
        let place: S3Place
        let proxy: S3Proxy
        let gate: SwiftGate
        let gateKey: String
        let container: String
        var port: Int { URL(string: proxy.url)!.port! }
    }

    private static let shared = Shared<Site?> {
        guard let gate = try SwiftGate(), case .user(let user, let key) = try gate.login.identity else { return nil }
        let place = try S3Place.first
        let proxy = try S3Proxy(before: place.port)
        let container = SwiftEngine.freshContainer()
        let references = "\(TestFolder.root)/\(container).refs"
        try "[ref1]\nauth_address = \(gate.address)/auth/v1.0\nuser = \(user)\nkey = \(key)\nauth_version = 1\n"
            .write(toFile: references, atomically: true, encoding: .utf8)
        let glance = try TestGlance(
            [
                "DEFAULT": """
                enabled_backends = near:file, far:s3, cloud:swift
                debug = true
                show_multiple_locations = true
                show_image_direct_url = true
                """,
                "glance_store": "default_backend = far", "near": "filesystem_store_datadir = \(TestFolder.root)/near-of-secrets",
                "far": place.options.replacing(place.endpoint, with: proxy.url),
                "cloud":
                    "swift_store_config_file = \(references)\nswift_store_container = \(container)\nswift_store_create_container_on_put = true",
                "healthcheck": "detailed = true", "oslo_messaging_notifications": "driver = log",
            ], runsTasks: true, remotes: [("/_blobs/.remote/far", nil), ("/_blobs/.remote/cloud", nil)])
        return Site(glance: glance, place: place, proxy: proxy, gate: gate, gateKey: key, container: container)
    }

    /// All that clients and operators saw.
    private final class Seen {
        var texts: [(what: String, text: String)] = []
        func add(_ what: String, _ text: String) { texts.append((what, text)) }
        @discardableResult
        func add(_ what: String, _ reply: Reply) -> Reply {
            add(what, "\(reply.status) \(reply.headers) \(reply.text)")
            return reply
        }
    }

    @Test func `from clients, logs, records and reports`() throws {
        guard let site = try Self.shared.get() else { return }
        let (glance, seen) = (site.glance, Seen())
        func ask(_ what: String, _ method: String, _ path: String, as person: TestGlance.Person = .admin) throws -> Reply {
            seen.add(what, try glance.send(method, path, as: person))
        }
        let ids = try [("far", "s3"), ("cloud", "swift")].map { store, _ in
            let id = try glance.hasImage()
            #expect(seen.add("upload", try glance.upload(pattern(300_000), to: id, ["X-Image-Meta-Store": store])).status == 204)
            #expect(try ask("download", "GET", "/v2/images/\(id)/file").body.isSame(as: pattern(300_000)))
            return id
        }
        try troubles(site, ids, seen)
        try oldRows(site, ids, seen)
        for path in [
            "/v2/images", "/v2/tasks", "/v2/info/stores/detail", "/healthcheck?detail=1", "/v2/schemas/image", "/v2/images?limit=1",
        ] {
            _ = try ask(path, "GET", path)
        }
        for command in [
            ["store", "list"], ["store", "owed"], ["store", "verify"], ["report", "list"], ["report", "show", "locations"],
            ["config", "list"],
        ] {
            let said = try Command(
                "\(TestGlance.programs)/glance-manage", ["--config-file", glance.configurationFile] + command, limit: 60)
            seen.add(command.joined(separator: " "), said.text + said.errors)
        }
        try logs(of: glance, seen)
        try records(of: glance, seen)
        let secrets = [
            site.place.secretKey, site.gateKey, "ROWSECRET", "ROWKEY", "X-Amz-Signature", "X-Amz-Credential", "Signature=", "gate-1",
            "gate-2",
        ]
        for (what, text) in seen.texts {
            for secret in secrets where text.contains(secret) {
                let around =
                    text.firstRange(of: secret).map {
                        text[text.index($0.lowerBound, offsetBy: -200, limitedBy: text.startIndex)!...].prefix(300)
                    } ?? ""
                Issue.record("\(what) has \(secret): \(around)")
            }
        }
    }

    /// Uploads and downloads while the servers refuse, cut and confuse.
    private func troubles(_ site: Site, _ ids: [String], _ seen: Seen) throws {
        let glance = site.glance
        for spoiling in [
            S3Proxy.Spoiling.refuse(403, "SignatureDoesNotMatch"), .refuse(403, "RequestTimeTooSkewed"), .refuse(500, ""), .cutAnswer(10),
            .refuse(404, "NoSuchBucket"), .refuse(507, ""),
        ] {
            for text in ["GET /", "PUT /"] {
                site.proxy.spoil(text, times: 2, by: spoiling)
                let reply = seen.add("download in trouble", try glance.send("GET", "/v2/images/\(ids[0])/file"))
                #expect([200, 503].contains(reply.status), "\(spoiling): \(reply.status)")
                seen.add("upload in trouble", try glance.upload([1, 2, 3], to: glance.hasImage()))
            }
        }
        for fault in [
            #"{"method": "GET", "path": ".", "status": 500, "times": 9}"#, #"{"method": "GET", "path": ".", "cut": 1000, "times": 9}"#,
            #"{"method": "HEAD", "path": ".", "status": 503, "times": 9}"#, #"{"method": "PUT", "path": ".", "status": 403, "times": 9}"#,
            #"{"method": "GET", "path": ".", "expire": true, "times": 1}"#,
        ] {
            try site.gate.order(faults: fault)
            seen.add("download in trouble", (try? glance.send("GET", "/v2/images/\(ids[1])/file").text) ?? "cut")
            seen.add("upload in trouble", try glance.upload([1, 2, 3], to: glance.hasImage(), ["X-Image-Meta-Store": "cloud"]))
        }
        try site.gate.order()
        // An import into both, which fails.
        site.proxy.spoil("POST /", times: 20, by: .refuse(403, "AccessDenied"))
        let id = try glance.hasImage()
        seen.add("stage", try glance.send("PUT", "/v2/images/\(id)/stage", ["Content-Type": "application/octet-stream"], body: [1, 2, 3]))
        let order = #"{"method": {"name": "glance-direct"}, "stores": ["far", "cloud"], "all_stores_must_succeed": true}"#
        seen.add("import", try glance.send("POST", "/v2/images/\(id)/import", as: .admin, json: order))
        #expect(try eventually { try ["queued", "active"].contains(glance.status(of: id)) })
    }

    /// Locations that older releases of Glance wrote, with their credentials.
    private func oldRows(_ site: Site, _ ids: [String], _ seen: Seen) throws {
        let glance = site.glance
        let gate = site.gate.address.dropFirst("http://".count)
        let rows = [
            "s3://key:ROWSECRET/with/slash@127.0.0.1:\(site.port)/\(site.place.bucket)/\(ids[0])",
            "s3://key:ROWSECRET@elsewhere/bucket/key",
            "s3+https://key:ROW@ROWSECRET@elsewhere/bucket/key", "swift+http://a:user:ROWKEY@\(gate)/auth/v1.0/\(site.container)/\(ids[1])",
            "swift+https://a:user:ROWKEY/with/slash@elsewhere/v1/c/o", "swift://a:user:ROWKEY@elsewhere/v1/c/o",
            "http://user:ROWKEY@127.0.0.1:1/x", "vsphere://user:ROWKEY@host/folder/x?dsName=d",
        ]
        for row in rows {
            let id = try glance.hasImage()
            #expect(try glance.upload([1], to: id, ["X-Image-Meta-Store": "near"]).status == 204)
            try glance.execute(
                "UPDATE image_locations SET value = '\(row)', meta_data = '{}' WHERE image_id = '\(id)'")
            for (method, path) in [
                ("GET", "/v2/images/\(id)"), ("GET", "/v2/images/\(id)/file"), ("HEAD", "/v2/images/\(id)/file"),
                ("GET", "/v2/images/\(id)/locations"), ("GET", "/v1/images/\(id)"), ("GET", "/v2/images?id=in:\(id)"),
                ("DELETE", "/v2/stores/far/\(id)"),
            ] {
                seen.add("\(method) \(path) of \(row)", try glance.send(method, path, as: .admin))
            }
            seen.add("PATCH of \(row)", try glance.patch(id, as: .admin, #"[{"op": "remove", "path": "/locations/0"}]"#))
            // The data of others stay.
            if !row.contains(ids[0]), !row.contains(ids[1]) {
                seen.add("DELETE of \(row)", try glance.send("DELETE", "/v2/images/\(id)", as: .admin))
            }
        }
        #expect(try glance.send("GET", "/v2/images/\(ids[0])/file").body.isSame(as: pattern(300_000)))
        // As in Glance, the first look at an image takes the key out of its location.
        #expect(try glance.rows("SELECT value FROM image_locations WHERE deleted = 0 AND value LIKE 's3://key:%\(ids[0])'").isEmpty)
    }

    /// All files of the service's folder but its configuration.
    private func logs(of glance: TestGlance, _ seen: Seen) throws {
        let enumerator = FileManager.default.enumerator(atPath: glance.folder)
        while let name = enumerator?.nextObject() as? String {
            guard !name.hasSuffix(".conf"), let bytes = FileManager.default.contents(atPath: "\(glance.folder)/\(name)") else { continue }
            seen.add(name, String(decoding: bytes, as: UTF8.self))
        }
    }

    /// All tables but those of locations, and of removals and uploads, whose URLs lead there.
    private func records(of glance: TestGlance, _ seen: Seen) throws {
        let columns = try glance.rows(
            """
            SELECT table_name, column_name FROM information_schema.columns
             WHERE table_schema = DATABASE() AND table_name NOT IN ('image_locations', 'vitrine_removals')
            """, columns: 2)
        for column in columns {
            guard let table = column[0], let name = column[1] else { continue }
            let values = try glance.rows("SELECT CONVERT(CAST(`\(name)` AS BINARY) USING latin1) FROM `\(table)`").compactMap { $0[0] }
            seen.add("\(table).\(name)", values.joined(separator: "\n"))
        }
    }
}
