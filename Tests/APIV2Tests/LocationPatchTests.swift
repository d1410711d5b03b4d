import TestSupport
import Testing

/// Locations that clients change with the record, on a site that shows them.
@Suite(.sharesServices) struct `Locations in a change` {
    let glance: TestGlance
    let source: RawServer

    init() throws {
        glance = try .of(Self.self, Self.options)
        source = try RawServer { connection, _ in
            guard let head = connection.readHead() else { return }
            let body = head.contains("/empty") ? "" : head.contains("/other") ? "jello" : head.contains("/long") ? "hello world" : "hello"
            guard !head.contains("/missing") else { return connection.answer("404 Not Found") }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n")
            if head.hasPrefix("GET") { connection.send(body) }
        }
    }

    private static let options = [
        "DEFAULT": "show_multiple_locations = true\nshow_image_direct_url = true\nimage_location_quota = 3",
        "import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports =",
    ]

    private func add(_ url: String, at position: String = "-", metadata: String = "{}", _ validation: String? = nil) -> String {
        let more = validation.map { #", "validation_data": \#($0)"# } ?? ""
        return #"[{"op": "add", "path": "/locations/\#(position)", "value": {"url": "\#(url)", "metadata": \#(metadata)\#(more)}}]"#
    }

    private func digests(_ sha512: String, md5: String = Hello.md5) -> String {
        #"{"checksum": "\#(md5)", "os_hash_algo": "sha512", "os_hash_value": "\#(sha512)"}"#
    }

    private func urls(_ id: String) throws -> [String] { try glance.image(id)["locations"]?.array?.compactMap { $0["url"]?.string } ?? [] }

    private func located(_ path: String = "/disk", _ validation: String? = nil) throws -> String {
        let id = try glance.hasImage()
        let reply = try glance.patch(id, add(source.url(path), validation))
        guard reply.status == 200 else { throw Unexpected(reply) }
        return id
    }

    @Test func `makes a queued image active with the bytes there`() throws {
        let id = try located()
        let image = try glance.image(id)
        #expect(image["status"]?.string == "active" && image["size"]?.int == 5)
        #expect(image["os_hash_value"] == .null && image["checksum"] == .null)
        #expect(image["direct_url"]?.string == source.url("/disk"))
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "hello")
    }

    @Test func `takes digests that the bytes have, and only those`() throws {
        let id = try located("/disk", digests(Hello.sha512))
        let image = try glance.image(id)
        #expect(image["os_hash_value"]?.string == Hello.sha512 && image["checksum"]?.string == Hello.md5)
        #expect(image["locations"]?.array?.first?.keys == ["url", "metadata"])

        let other = try glance.hasImage()
        #expect(try glance.patch(other, add(source.url("/other"), digests(Hello.sha512))).status == 409)
        #expect(try glance.patch(other, add(source.url("/disk"), digests(Hello.sha512, md5: text(of: 32, "1")))).status == 409)
        #expect(try glance.image(other)["status"]?.string == "queued")
        #expect(try urls(other).isEmpty)
    }

    @Test func `joins no other bytes to those of an active image`() throws {
        let id = try located("/disk", digests(Hello.sha512))
        #expect(try glance.patch(id, add(source.url("/other"))).status == 409)
        #expect(try glance.patch(id, add(source.url("/long"))).status == 409 || glance.patch(id, add(source.url("/long"))).status == 400)
        #expect(try glance.patch(id, add(source.url("/disk#2"))).status == 200)
        #expect(try urls(id) == [source.url("/disk"), source.url("/disk#2")])
        let uploaded = try glance.hasActiveImage()
        #expect(try glance.patch(uploaded, add(source.url("/other"))).status == 409)
        #expect(try glance.patch(uploaded, add(source.url("/disk"))).status == 200)
    }

    @Test func `cannot be checked against an image without a digest, but by an administrator`() throws {
        let id = try located()
        #expect(try glance.patch(id, add(source.url("/disk#2"))).status == 409)
        #expect(try glance.patch(id, as: .admin, add(source.url("/disk#2"))).status == 200)
        #expect(try glance.patch(id, as: .admin, add(source.url("/long"))).status == 400)
    }

    @Test(arguments: [
        ("file:///etc/passwd", 400), ("filesystem:///etc/passwd", 400), ("FILE:///etc/passwd", 400), (" file:///etc/passwd", 400),
        ("swift+config://x", 400), ("gopher://127.0.0.1/", 400), ("", 400), ("http://169.254.169.254/", 400), ("http://[::1]/", 400),
        ("http://2130706433/", 400), ("http://localhost/", 400),
    ])
    func `of the service's own or of forbidden places are refused`(_ url: String, _ status: Int) throws {
        let id = try glance.hasImage()
        #expect(try glance.patch(id, add(url)).status == status)
        #expect(try glance.image(id)["status"]?.string == "queued")
        #expect(try glance.count("image_locations", where: "image_id = '\(id)'") == 0)
    }

    @Test(arguments: ["/empty", "/missing"]) func `without bytes are refused`(_ path: String) throws {
        let id = try glance.hasImage()
        #expect(try glance.patch(id, add(source.url(path))).status == 400)
        #expect(try glance.image(id)["status"]?.string == "queued")
    }

    @Test func `must be well formed`() throws {
        let id = try glance.hasImage()
        let url = source.url("/disk")
        for change in [
            #"[{"op": "add", "path": "/locations", "value": {"url": "\#(url)", "metadata": {}}}]"#,
            #"[{"op": "add", "path": "/locations/-", "value": {"url": "\#(url)"}}]"#,
            #"[{"op": "add", "path": "/locations/-", "value": "\#(url)"}]"#,
            #"[{"op": "add", "path": "/locations/-", "value": {"url": "\#(url)\#(text(of: 256))", "metadata": {}}}]"#,
            #"[{"op": "replace", "path": "/locations/0", "value": []}]"#,
            #"[{"op": "remove", "path": "/locations"}]"#,
            add(url, at: "x"), add(url, at: "1"), add(url, at: "-1"), add(url, #"{"os_hash_algo": "sha512"}"#),
        ] {
            #expect(try glance.patch(id, change).status == 400, "\(change)")
        }
        #expect(try glance.image(id)["status"]?.string == "queued")
    }

    @Test func `of wrong digests conflict`() throws {
        let id = try glance.hasImage()
        let url = source.url("/disk")
        for validation in [
            #"{"os_hash_algo": "sha256", "os_hash_value": "\#(text(of: 64))"}"#, digests(text(of: 128, "x")), digests(text(of: 126)),
            digests(Hello.sha512, md5: text(of: 32, "x")),
        ] {
            #expect(try glance.patch(id, add(url, validation)).status == 409, "\(validation)")
        }
        let active = try located("/disk", digests(Hello.sha512))
        #expect(try glance.patch(active, add(source.url("/disk#2"), digests(text(of: 128, "0")))).status == 409)
    }

    @Test func `are there once, and no more than the quota`() throws {
        let id = try located("/disk", digests(Hello.sha512))
        #expect(try glance.patch(id, add(source.url("/disk"))).status == 400)
        #expect(try glance.patch(id, add(source.url("/disk"), metadata: #"{"speed": "88mph"}"#)).status == 200)
        #expect(try glance.patch(id, add(source.url("/disk#3"))).status == 200)
        #expect(try glance.patch(id, add(source.url("/disk#4"))).status == 413)
        #expect(try urls(id).count == 3)
    }

    @Test func `as a whole are set once, and later only described`() throws {
        let (one, two) = (source.url("/disk"), source.url("/disk#2"))
        func list(_ urls: [String], _ metadata: String = "{}") -> String {
            let values = urls.map { #"{"url": "\#($0)", "metadata": \#(metadata)}"# }.joined(separator: ", ")
            return #"[{"op": "replace", "path": "/locations", "value": [\#(values)]}]"#
        }
        let id = try glance.hasImage()
        #expect(try glance.patch(id, list([])).status == 403)
        #expect(try glance.patch(id, list([one, two])).status == 200)
        #expect(try glance.image(id)["status"]?.string == "active")
        #expect(try glance.patch(id, list([two, one], #"{"date": "2015-10-15"}"#)).status == 200)
        let locations = try glance.image(id)["locations"]?.array ?? []
        #expect(locations.map { $0["url"]?.string } == [one, two])
        #expect(locations.allSatisfy { $0["metadata"]?["date"]?.string == "2015-10-15" })
        #expect(try glance.patch(id, list([one])).status == 400)
        #expect(try glance.patch(id, list([one, source.url("/disk#3")])).status == 400)
        #expect(try glance.patch(id, list([])).status == 403)
        #expect(try urls(id) == [one, two])
    }

    @Test func `are removed by administrators alone, but the last, and the bytes go`() throws {
        let id = try glance.hasActiveImage()
        #expect(try glance.patch(id, add(source.url("/disk"))).status == 200)
        let remove = #"[{"op": "remove", "path": "/locations/0"}]"#
        #expect(try glance.patch(id, remove).status == 403)
        #expect(try glance.patch(id, as: .admin, #"[{"op": "remove", "path": "/locations/2"}]"#).status == 400)
        #expect(try glance.patch(id, as: .admin, remove).status == 200)
        #expect(try urls(id) == [source.url("/disk")])
        #expect(try !glance.storedFiles().contains(id))
        #expect(try glance.patch(id, as: .admin, remove).status == 403)
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "hello")
    }

    @Test func `wait for an image that is neither queued nor active`() throws {
        let id = try glance.hasActiveImage()
        #expect(try glance.deactivate(id).status == 204)
        #expect(try glance.patch(id, add(source.url("/disk"))).status == 409)
        #expect(try glance.patch(id, as: .admin, #"[{"op": "remove", "path": "/locations/0"}]"#).status == 409)
    }

    @Test func `are for the owner, and where they are shown`() throws {
        let id = try glance.hasActiveImage(visibility: "public")
        #expect(try glance.patch(id, as: .bob, add(source.url("/disk"))).status == 403)
        #expect(try glance.patch(id, as: .reader, add(source.url("/disk"))).status == 403)
        let hidden = try TestGlance(workers: 1)
        let other = try hidden.hasImage()
        #expect(try hidden.patch(other, add(source.url("/disk"))).status == 403)
        #expect(try hidden.patch(other, #"[{"op": "replace", "path": "/locations", "value": []}]"#).status == 403)
    }
}
