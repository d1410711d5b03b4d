import Foundation
import TestSupport
import Testing

/// Two stores, of which the second has the greater weight, and a rule that allows the choice to one project.
@Suite(.sharesServices) struct `A weighted store` {
    let glance: TestGlance
    init() throws {
        let policy = "\(TestFolder.root)/choosing.yaml"
        try #""download_from_store": "project_id:acme""#.write(toFile: policy, atomically: true, encoding: .utf8)
        var options = TestGlance.webAndShows
        options["cheap"] = "weight = 7"
        options["web"] = "weight = -9223372036854775808"
        options["oslo_policy"] = "policy_file = \(policy)"
        glance = try .of(Self.self, options, stores: ["fast", "cheap"])
    }

    private let both = (fast: "fasts", cheap: "cheap")

    @Test func `comes first, in what is read and in what is shown`() throws {
        let id = try glance.hasImage(inBoth: both)
        try glance.place(id, at: "http://127.0.0.1:1/x", #"{"store": "web"}"#)
        let urls = ["cheap", "fast"].map { "file://\(glance.path(of: id, in: $0))" } + ["http://127.0.0.1:1/x"]
        let image = try glance.image(id, as: .alice)
        #expect(image["direct_url"]?.string == urls[0])
        #expect(image.shownURLs == urls)
        #expect(image["stores"]?.string == "cheap,fast,web")
        #expect(try glance.download(id).text == "cheap")
        let stores = try glance.send("GET", "/v2/info/stores/detail", as: .admin).json["stores"]?.array
        #expect(stores?.map { $0["weight"]?.int } == [0, 7, .min])
    }

    @Test func `takes no more bytes for that`() throws {
        #expect(try glance.image(try glance.hasImage(in: nil))["stores"]?.string == "fast")
    }

    @Test(
        arguments: [
            ("fast", "fasts"), ("cheap", "cheap"), ("fast,cheap", "fasts"), ("cheap,fast", "cheap"), ("web,fast", "fasts"),
            ("web", "cheap"), ("%20fast%20", "fasts"), ("+fast+,+cheap", "fasts"), (",,fast,", "fasts"), ("fast,fast", "fasts"),
            ("%66ast", "fasts"), ("", "cheap"), (",", "cheap"), ("%20,%20", "cheap"), ("cheap&prefer=fast", "fasts"),
        ] as [(String, String)])
    func `gives way to one that a client prefers`(_ wanted: String, _ bytes: String) throws {
        let id = try glance.hasImage(inBoth: both)
        let reply = try glance.download(id, "?prefer=\(wanted)")
        #expect(reply.status == 200 && reply.text == bytes, "\(wanted): \(reply.text)")
        let part = try glance.download(id, "?prefer=\(wanted)", ["Range": "bytes=0-1"])
        #expect(part.status == 206 && part.text == String(bytes.prefix(2)))
    }

    @Test(arguments: ["nowhere", "fast,nowhere", "FAST", "fast%20cheap", "fast;cheap", "os_glance_staging_store", "file", "fast&prefer=x"])
    func `cannot be preferred where there is none of that name`(_ wanted: String) throws {
        let id = try glance.hasImage(inBoth: both)
        #expect(try glance.download(id, "?prefer=\(wanted)").status == 400)
    }

    @Test func `stands in for a preferred one that lost the file, or part of it`() throws {
        let id = try glance.hasImage(inBoth: both)
        try FileManager.default.removeItem(atPath: glance.path(of: id, in: "fast"))
        #expect(try glance.download(id, "?prefer=fast").text == "cheap")
        try "fa".write(toFile: glance.path(of: id, in: "fast"), atomically: true, encoding: .utf8)
        #expect(try glance.download(id, "?prefer=fast").text == "cheap")
        #expect(try eventually { try glance.workerLog().contains("image \(id) has 2 bytes in a store and 5 by its record") })
        try FileManager.default.removeItem(atPath: glance.path(of: id, in: "cheap"))
        #expect(try glance.download(id).status == 204)
    }

    @Test func `on the web is read like any other`() throws {
        let source = try Nginx("location / { }")
        try "webby".write(toFile: "\(source.folder)/www/image", atomically: true, encoding: .utf8)
        let id = try glance.hasImage(inBoth: both)
        try glance.place(id, at: source.url("/image"), nil)
        #expect(try glance.download(id, "?prefer=web").text == "webby")
        let part = try glance.download(id, "?prefer=web", ["Range": "bytes=1-3"])
        #expect(part.status == 206 && part.text == "ebb")
        try "longer".write(toFile: "\(source.folder)/www/image", atomically: true, encoding: .utf8)
        #expect(try glance.download(id, "?prefer=web").text == "cheap")
        for store in ["fast", "cheap"] { try FileManager.default.removeItem(atPath: glance.path(of: id, in: store)) }
        #expect(try glance.download(id).status == 204)
        try "webby".write(toFile: "\(source.folder)/www/image", atomically: true, encoding: .utf8)
        #expect(try glance.download(id).text == "webby")
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(FileManager.default.fileExists(atPath: "\(source.folder)/www/image"))
    }

    /// As in Glance: first the image, then permission to read it, then permission to choose, then the stores.
    @Test func `is preferred by those who may, and asked for in this order`() throws {
        let id = try glance.hasImage(inBoth: both, visibility: "public")
        #expect(try glance.download(newID(), "?prefer=nowhere").status == 404)
        #expect(try glance.download(id, as: .reader, "?prefer=nowhere").status == 403)
        for person in [TestGlance.Person.bob, .admin] {
            #expect(try glance.download(id, as: person).text == "cheap")
            for wanted in ["fast", "nowhere"] { #expect(try glance.download(id, as: person, "?prefer=\(wanted)").status == 403) }
            #expect(try glance.download(id, as: person, "?prefer=,").text == "cheap")
        }
        #expect(try glance.download(id, as: .anna, "?prefer=fast").text == "fasts")
        let other = try glance.hasImage(inBoth: both)
        #expect(try glance.download(other, as: .bob, "?prefer=nowhere").status == 404)
        #expect(try glance.download(other, as: nil, "?prefer=nowhere").status == 401)
        #expect(try glance.send("POST", "/v2/images/\(other)/actions/deactivate", as: .admin).status == 204)
        #expect(try glance.download(other, "?prefer=nowhere").status == 403)
        let queued = try glance.hasImage()
        #expect(try glance.download(queued, "?prefer=nowhere").status == 400)
        #expect(try glance.download(queued, "?prefer=fast").status == 204)
    }
}
