import Foundation
import TestSupport
import Testing

/// The types of a site's stores decide what it can do, not whether it starts.
@Suite struct `A site whose stores are all http` {
    let source: RawServer
    init() throws {
        source = try RawServer { connection, _ in
            guard let head = connection.readHead() else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
            if head.hasPrefix("GET") { connection.send("hello") }
        }
    }

    static let kinds: [(store: String, main: String)] = [
        ("stores = http", ""), ("stores = http\ndefault_store = http", ""), ("stores = file,http\ndefault_store = http", ""),
        ("default_backend = web", "\nenabled_backends = web:http"),
    ]

    @Test(arguments: kinds.indices) func `starts, reads what lies on the web, and takes no data`(_ kind: Int) throws {
        let options = [
            "import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports =", "glance_store": Self.kinds[kind].store,
            "DEFAULT": "show_multiple_locations = true\nworkers = 1\(Self.kinds[kind].main)",
        ]
        let glance = try TestGlance(options, workers: 1, runsTasks: true, runsRegistry: true)
        let id = try glance.hasImage()
        let upload = try glance.upload([1, 2], to: id)
        #expect(upload.status == 400 && upload.says.contains("The http store takes no data"), "\(upload.says)")
        #expect(try glance.status(of: id) == "queued")

        let ways = [
            #"{"method": {"name": "web-download", "uri": "\#(source.url())"}}"#,
            #"{"method": {"name": "web-download", "uri": "\#(source.url())"}, "all_stores": true}"#,
        ]
        for way in Self.kinds[kind].main.isEmpty ? Array(ways.prefix(1)) : ways {
            let reply = try glance.send("POST", "/v2/images/\(id)/import", json: way)
            #expect(reply.status == 400 && reply.says.contains("takes no data"), "\(reply.says)")
        }
        #expect(try glance.status(of: id) == "queued")
        let headers = ["x-image-meta-name": "one", "x-image-meta-disk_format": "raw", "x-image-meta-container_format": "bare"]
        let v1 = try glance.send(
            "POST", "/v1/images", headers.merging(["Content-Type": "application/octet-stream"]) { $1 }, body: [1, 2, 3])
        #expect(v1.status == 400 && v1.text.contains("takes no data"), "\(v1.text)")
        let copied = try glance.send("POST", "/v1/images", headers.merging(["x-glance-api-copy-from": source.url()]) { $1 })
        #expect(copied.status == 400 && copied.text.contains("takes no data"), "\(copied.text)")
        #expect(try glance.names("?name=one").isEmpty)

        let add = #"[{"op": "add", "path": "/locations/-", "value": {"url": "\#(source.url())", "metadata": {}}}]"#
        #expect(try glance.patch(id, add).status == 200)
        #expect(try glance.download(id).text == "hello")
        let located = try glance.send("POST", "/v1/images", headers.merging(["x-image-meta-location": source.url()]) { $1 })
        #expect(located.status == 201)
        let other = try #require(located.json["image"]?["id"]?.string)
        #expect(try glance.send("GET", "/v1/images/\(other)").text == "hello")
        for id in [id, other] { #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204) }
        #expect(try eventually { try glance.tasksLog.contains("looks after") })
        guard !Self.kinds[kind].main.isEmpty else { return }
        #expect(
            try glance.send("GET", "/v2/info/stores").json["stores"] == [["id": "web", "default": "true", "read-only": "true"]])
    }
}

@Suite(.sharesServices) struct `A store of a type that is not here` {
    private static let several = [
        "DEFAULT": "enabled_backends = fast:file,ceph:sheepdog", "ceph": "cinder_api_insecure = true\nstore_description = the cluster",
    ]
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, Self.several, stores: ["fast"], runsTasks: true, runsRegistry: true) }

    private func hasImage(at url: String, _ metadata: String = #"{"store": "ceph"}"#, on glance: TestGlance? = nil) throws -> String {
        let glance = glance ?? self.glance
        let id = try glance.hasActiveImage("hello")
        try glance.execute("UPDATE image_locations SET value = '\(url)', meta_data = '\(metadata)' WHERE image_id = '\(id)'")
        return id
    }

    private static let location = "sheepdog://ceph/volume"

    @Test(arguments: [#"{"store": "ceph"}"#, "{}"]) func `has images that are shown, whose data are refused by its name`(
        _ metadata: String
    ) throws {
        let id = try hasImage(at: Self.location, metadata)
        #expect(try glance.image(id)["stores"]?.string == "ceph")
        #expect(try glance.send("GET", "/v2/images?id=in:\(id)").json["images"]?.array?.count == 1)
        for path in ["/v2/images/\(id)/file", "/v1/images/\(id)", "/v2/images/\(id)/file?prefer=ceph"] {
            let reply = try glance.send("GET", path)
            #expect(reply.status == 503 && reply.says.contains("store 'ceph' is of the type 'sheepdog'"), "\(path): \(reply.says)")
        }
        for path in ["/v2/images/\(id)", "/v1/images/\(id)"] {
            let reply = try glance.send("DELETE", path)
            #expect(reply.status == 409 && reply.says.contains("store 'ceph' is of the type 'sheepdog'"), "\(path): \(reply.says)")
        }
        #expect(try glance.status(of: id) == "active")
        #expect(try glance.count("vitrine_removals", where: "image_id = '\(id)'") == 0)
        #expect(try glance.recordedLocations(of: id).map { $0[0] } == [Self.location])
    }

    @Test func `is one of several that an image lies in`() throws {
        let id = try glance.hasActiveImage("hello")
        try glance.place(id, at: Self.location, #"{"store": "ceph"}"#)
        #expect(try glance.image(id)["stores"]?.string == "fast,ceph")
        #expect(try glance.download(id).text == "hello")
        #expect(try glance.download(id, "?prefer=ceph").text == "hello")
        #expect(try glance.send("DELETE", "/v2/stores/ceph/\(id)", as: .admin).status == 409)
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 409)
        #expect(try glance.recordedLocations(of: id).count == 2)
        #expect(FileManager.default.fileExists(atPath: glance.path(of: id, in: "fast")))
        #expect(try glance.send("DELETE", "/v2/stores/fast/\(id)", as: .admin).status == 204)
    }

    @Test func `takes no data`() throws {
        let id = try glance.hasImage()
        let upload = try glance.upload([1], to: id, ["X-Image-Meta-Store": "ceph"])
        #expect(upload.status == 503 && upload.says.contains("'ceph'"), "\(upload.says)")
        #expect(try glance.send("PUT", "/v2/images/\(id)/stage", ["Content-Type": "application/octet-stream"], body: [1]).status == 204)
        for which in [#""stores": ["ceph"]"#, #""stores": ["fast", "ceph"]"#, #""all_stores": true"#] {
            let json = #"{"method": {"name": "glance-direct"}, \#(which)}"#
            let reply = try glance.send("POST", "/v2/images/\(id)/import", as: .admin, json: json)
            #expect(reply.status == 503 && reply.says.contains("'ceph'"), "\(which): \(reply.says)")
        }
        let some = #"{"method": {"name": "glance-direct"}, "all_stores": true, "all_stores_must_succeed": false}"#
        #expect(try glance.send("POST", "/v2/images/\(id)/import", as: .admin, json: some).status == 202)
        #expect(try eventually { try glance.status(of: id) == "active" })
        let image = try glance.image(id)
        #expect(image["stores"]?.string == "fast" && image["os_glance_failed_import"]?.string == "ceph")
    }

    @Test func `is told of, and complained of at the start alone`() throws {
        let stores = try glance.send("GET", "/v2/info/stores").json["stores"]
        #expect(stores == [["id": "fast", "default": "true"], ["id": "ceph", "description": "the cluster"]])
        let detailed = try glance.send("GET", "/v2/info/stores/detail", as: .admin).json["stores"]?.array?.last
        #expect(detailed?["type"] == "sheepdog" && detailed?["properties"] == [:])
        #expect(try eventually { try glance.workerLog().contains("the store 'ceph' is of the type 'sheepdog', which is not supported") })
        #expect(try glance.workerLog().contains("[ceph] cinder_api_insecure is an option of Glance's that has no effect here"))
        #expect(try !glance.workerLog().contains("unknown option [ceph]"))
    }

    /// For example images that Glance left to be scrubbed: they are kept.
    @Test func `keeps what is owed to it`() throws {
        let id = try glance.hasImage()
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        try glance.execute(
            """
            INSERT INTO vitrine_removals (image_id, url, owed_since)
            VALUES ('\(id)', '\(Self.location)', UTC_TIMESTAMP(6) - INTERVAL 2 MINUTE)
            """)
        #expect(try eventually { try glance.count("vitrine_removals", where: "image_id = '\(id)' AND tries > 0") == 1 })
    }

    static let single: [(stores: String, url: String, said: String)] = [
        ("stores = file,http,swift", "swift+config://ref/glance/x", "'swift' is of the type 'swift'"),
        ("stores = file,http", location, "no store that is enabled"), ("stores = file", "http://127.0.0.1/x", "no store that is enabled"),
    ]

    @Test(arguments: single.indices) func `is none that a site with one store has`(_ number: Int) throws {
        let (stores, url, said) = Self.single[number]
        let glance = try TestGlance(["glance_store": stores], workers: 1, runsRegistry: true)
        let id = try hasImage(at: url, "{}", on: glance)
        #expect(try glance.show(id).status == 200)
        for path in ["/v2/images/\(id)/file", "/v1/images/\(id)"] {
            let reply = try glance.send("GET", path)
            #expect(reply.status == 503 && reply.says.contains(said), "\(path): \(reply.says)")
        }
        // Files on the web are never removed.
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == (url.hasPrefix("http") ? 204 : 409))
    }
}
