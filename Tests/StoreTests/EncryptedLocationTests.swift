import Foundation
import TestSupport
import Testing

/// `metadata_encryption_key`, the key by which Glance encrypts locations. Glance from PyPI reads what is written here.
@Suite(.sharesServices) struct `Encrypted locations` {
    private static let key = "0123456789abcdef0123456789abcdef"
    private static let options = [
        "DEFAULT": "metadata_encryption_key = \(key)\nshow_multiple_locations = true\nshow_image_direct_url = true",
        "import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports =", "vitrine": "verify_locations = false",
    ]
    let glance: TestGlance
    let source: RawServer
    init() throws {
        glance = try .of(Self.self, Self.options, runsTasks: true, runsRegistry: true)
        source = try RawServer { connection, _ in
            guard let head = connection.readHead() else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
            if head.hasPrefix("GET") { connection.send("hello") }
        }
    }

    private func glances(_ function: String, _ texts: [String], key: String = key) throws -> [String] {
        let script = """
            import json, sys
            from glance.common import crypt
            print(json.dumps([getattr(crypt, 'urlsafe_' + sys.argv[1])(sys.argv[2], t) for t in sys.argv[3:]]))
            """
        return try PyPIGlance.answer(to: script, [function, key] + texts).array?.map { $0.string ?? "" } ?? []
    }

    /// The locations as Glance decrypts them; none may be stored as a plain URL.
    private func decrypted(_ sql: String, on glance: TestGlance? = nil) throws -> [String] {
        let texts = try (glance ?? self.glance).rows(sql).map { $0[0] ?? "" }
        #expect(texts.allSatisfy { !$0.contains("://") && !$0.contains("/") }, "\(texts)")
        return try texts.isEmpty ? [] : glances("decrypt", texts)
    }

    private func recorded(_ id: String) throws -> [String] {
        try decrypted("SELECT value FROM image_locations WHERE image_id = '\(id)' AND deleted = 0 ORDER BY id")
    }

    private func place(_ id: String, _ text: String) throws {
        try glance.execute("UPDATE image_locations SET value = '\(text)' WHERE image_id = '\(id)'")
    }

    private func add(_ url: String) -> String {
        #"[{"op": "add", "path": "/locations/-", "value": {"url": "\#(url)", "metadata": {}}}]"#
    }

    @Test func `are written as Glance reads them, and shown as they are`() throws {
        let id = try glance.hasActiveImage("hello")
        let own = "file://\(glance.storeFolder)/\(id)"
        #expect(try recorded(id) == [own])
        #expect(try glance.download(id).text == "hello")
        let (first, second) = (source.url("/a"), source.url("/b"))
        for url in [first, second] { #expect(try glance.patch(id, add(url)).status == 200) }
        #expect(try glance.patch(id, add(second)).status == 400)
        #expect(try recorded(id) == [own, first, second])
        let image = try glance.image(id)
        #expect(image.shownURLs == [own, first, second] && image["direct_url"]?.string == own)
        let listed = try glance.send("GET", "/v2/images?id=in:\(id)").json["images"]?.array?.first
        #expect(listed?.shownURLs == [own, first, second])

        let labelled =
            #"[{"op": "replace", "path": "/locations", "value": [\#([second, own, first].map { #"{"url": "\#($0)", "metadata": {"a": "b"}}"# }.joined(separator: ",")) ]}]"#
        #expect(try glance.patch(id, as: .admin, labelled).status == 200)
        #expect(try glance.recordedMetadata(of: id) == Array(repeating: #"{"a": "b"}"#, count: 3))
        #expect(try glance.patch(id, as: .admin, #"[{"op": "remove", "path": "/locations/1"}]"#).status == 200)
        #expect(try recorded(id) == [own, second])
        // The removal is owed in the same transaction, and done.
        #expect(try glance.patch(id, as: .admin, #"[{"op": "remove", "path": "/locations/0"}]"#).status == 200)
        #expect(try recorded(id) == [second])
        #expect(try !glance.storedFiles().contains(id))
        #expect(try glance.count("vitrine_removals", where: "image_id = '\(id)'") == 0)
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
    }

    @Test func `are those of V1 and of imports too`() throws {
        let headers = ["x-image-meta-name": "one", "x-image-meta-disk_format": "raw", "x-image-meta-container_format": "bare"]
        let made = try glance.send(
            "POST", "/v1/images", headers.merging(["Content-Type": "application/octet-stream"]) { $1 }, body: [1, 2])
        let id = try #require(made.json["image"]?["id"]?.string)
        #expect(try recorded(id) == ["file://\(glance.storeFolder)/\(id)"])
        #expect(try glance.send("GET", "/v1/images/\(id)").body == [1, 2])
        let located = try glance.send("POST", "/v1/images", headers.merging(["x-image-meta-location": source.url("/c")]) { $1 })
        let other = try #require(located.json["image"]?["id"]?.string)
        #expect(try recorded(other) == [source.url("/c")])
        #expect(try glance.send("DELETE", "/v1/images/\(id)").status == 200)
        #expect(try !glance.storedFiles().contains(id))

        let imported = try glance.hasImage()
        let order = #"{"method": {"name": "web-download", "uri": "\#(source.url())"}}"#
        #expect(try glance.send("POST", "/v2/images/\(imported)/import", json: order).status == 202)
        #expect(try eventually { try glance.status(of: imported) == "active" })
        #expect(try recorded(imported) == ["file://\(glance.storeFolder)/\(imported)"])
        #expect(try glance.download(imported).text == "hello")
    }

    @Test func `are read where Glance wrote them, and where nobody had a key yet`() throws {
        for isEncrypted in [true, false] {
            let id = try glance.hasActiveImage("hello")
            let url = "file://\(glance.storeFolder)/\(id)"
            try place(id, isEncrypted ? try glances("encrypt", [url])[0] : url)
            #expect(try glance.download(id).text == "hello")
            #expect(try glance.image(id).shownURLs == [url])
            #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
            #expect(try !glance.storedFiles().contains(id))
        }
    }

    @Test(arguments: ["another", "nothing"]) func `that cannot be decrypted keep the image and its bytes`(_ kind: String) throws {
        let id = try glance.hasActiveImage("hello")
        let url = "file://\(glance.storeFolder)/\(id)"
        let text = kind == "another" ? try glances("encrypt", [url], key: "fedcba9876543210")[0] : "bm90aGluZw=="
        try place(id, text)
        #expect(try glance.show(id).status == 200)
        #expect(try glance.send("GET", "/v2/images?id=in:\(id)").json["images"]?.array?.count == 1)
        for path in ["/v2/images/\(id)/file", "/v1/images/\(id)"] { #expect(try glance.send("GET", path).status == 503) }
        #expect(try glance.workerLog().split(separator: "\n").contains { $0.contains(id) && $0.contains("metadata_encryption_key") })
        for path in ["/v2/images/\(id)", "/v1/images/\(id)"] { #expect(try glance.send("DELETE", path).status == 409) }
        #expect(try glance.storedFiles().contains(id))
        // For an owed removal it is not known whether the image has that location.
        try glance.execute(
            """
            INSERT INTO vitrine_removals (image_id, url, owed_since)
            VALUES ('\(id)', '\(try glances("encrypt", [url])[0])', UTC_TIMESTAMP(6) - INTERVAL 2 MINUTE)
            """)
        #expect(try eventually { try glance.count("vitrine_removals", where: "image_id = '\(id)' AND tries > 0") == 1 })
        #expect(try glance.storedFiles().contains(id))
        // With the right key all works again.
        try place(id, try glances("encrypt", [url])[0])
        try glance.execute("UPDATE vitrine_removals SET next_try = '1970-01-01' WHERE image_id = '\(id)'")
        #expect(try eventually { try glance.count("vitrine_removals", where: "image_id = '\(id)'") == 0 })
        #expect(try glance.download(id).text == "hello")
    }

    @Test func `are owed as such, and scrubbed`() throws {
        let glance = try TestGlance(
            ["DEFAULT": "metadata_encryption_key = \(Self.key)\ndelayed_delete = true\nwakeup_time = 1\nscrub_time = 0"], workers: 1,
            runsTasks: true)
        let id = try glance.hasActiveImage("hello")
        let url = "file://\(glance.storeFolder)/\(id)"
        try FileManager.default.moveItem(atPath: glance.storeFolder, toPath: "\(glance.storeFolder).away")
        try FileManager.default.createDirectory(atPath: glance.storeFolder, withIntermediateDirectories: true)
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try eventually { try glance.count("vitrine_removals", where: "image_id = '\(id)'") == 1 })
        #expect(try decrypted("SELECT url FROM vitrine_removals", on: glance) == [url])
        try FileManager.default.removeItem(atPath: glance.storeFolder)
        try FileManager.default.moveItem(atPath: "\(glance.storeFolder).away", toPath: glance.storeFolder)
        #expect(
            try eventually {
                try glance.execute("UPDATE vitrine_removals SET next_try = '1970-01-01', owed_since = '1970-01-02'")
                return try glance.count("vitrine_removals", where: "TRUE") == 0
            })
        #expect(try glance.storedFiles().isEmpty)
    }
}
