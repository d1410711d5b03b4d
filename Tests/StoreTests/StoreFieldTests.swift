import Foundation
import TestSupport
import Testing

/// The fields of an image about its stores and locations.
@Suite(.sharesServices) struct `The stores of an image` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, TestGlance.webAndShows, stores: ["fast", "cheap"]) }

    private func listed(_ id: String, as person: TestGlance.Person = .alice) throws -> JSONValue {
        let reply = try glance.send("GET", "/v2/images?id=in:\(id)", as: person)
        guard let image = reply.json["images"]?.array?.first else { throw Unexpected(reply) }
        return image
    }

    @Test func `are told to everybody who sees it, in show and list`() throws {
        let id = try glance.hasImage(inBoth: ("fasts", "cheap"), visibility: "public")
        for person in TestGlance.Person.allCases {
            #expect(try glance.image(id, as: person)["stores"]?.string == "fast,cheap")
            #expect(try listed(id, as: person)["stores"]?.string == "fast,cheap")
        }
    }

    @Test func `are told once each`() throws {
        let id = try glance.hasImage(in: "fast")
        for number in 1...2 { try glance.place(id, at: "http://127.0.0.1/\(number)", #"{"store": "web"}"#) }
        #expect(try glance.image(id)["stores"]?.string == "fast,web")
        #expect(try glance.image(id).shownURLs.count == 3)
    }

    @Test func `are none before it has bytes`() throws {
        let id = try glance.hasImage()
        let image = try glance.image(id, as: .alice)
        #expect(!image.keys.contains("stores") && !image.keys.contains("direct_url"))
        #expect(image["locations"] == [])
        #expect(try !listed(id).keys.contains("stores"))
    }

    /// Only administrators see more of a deactivated image than its existence.
    @Test func `are kept from all but administrators when it is deactivated`() throws {
        let id = try glance.hasImage(in: "cheap", visibility: "public")
        #expect(try glance.send("POST", "/v2/images/\(id)/actions/deactivate", as: .admin).status == 204)
        for person in [TestGlance.Person.alice, .bob, .reader] {
            for image in [try glance.image(id, as: person), try listed(id, as: person)] {
                #expect(!image.keys.contains("stores") && !image.keys.contains("direct_url"))
                #expect(image["locations"] == [])
            }
        }
        #expect(try glance.image(id)["stores"]?.string == "cheap")
        #expect(try glance.image(id).shownURLs.count == 1)
    }

    /// As a real Glance shows them, whose rule `get_image_location` does not apply here.
    @Test func `with the places in them are shown to whoever sees it`() throws {
        let id = try glance.hasImage(inBoth: ("fasts", "cheap"), visibility: "public")
        let urls = ["fast", "cheap"].map { "file://\(glance.path(of: id, in: $0))" }
        for person in TestGlance.Person.allCases {
            for image in [try glance.image(id, as: person), try listed(id, as: person)] {
                #expect(image.shownURLs == urls)
                #expect(image.shownMetadata == [["store": "fast"], ["store": "cheap"]])
                #expect(image["direct_url"]?.string == urls[0])
            }
        }
    }

    @Test func `do not tell the password of a location, in answers and in logs`() throws {
        let id = try glance.hasImage(in: "fast")
        try glance.execute("UPDATE image_locations SET value = 'http://joe:s3cret@127.0.0.1:1/x@y' WHERE image_id = '\(id)'")
        let image = try glance.image(id, as: .alice)
        #expect(image.shownURLs == ["http://***@127.0.0.1:1/x@y"])
        #expect(image["direct_url"]?.string == "http://***@127.0.0.1:1/x@y")
        #expect(image["stores"]?.string == "web")
        let reply = try glance.download(id)
        #expect(reply.status == 503)
        #expect(!reply.text.contains("s3cret"))
        #expect(try eventually { try glance.workerLog().contains("image \(id) cannot be had from one of its locations") })
        #expect(try !glance.workerLog().contains("s3cret"))
    }

    /// As in Glance, a change may set a property of that name, as long as there are no stores to show.
    @Test func `are told before any property of that name`() throws {
        #expect(try glance.create(#"{"stores": "mine"}"#).status == 403)
        let id = try glance.hasImage()
        #expect(try glance.patch(id, #"[{"op": "add", "path": "/stores", "value": "mine"}]"#).status == 200)
        #expect(try glance.image(id)["stores"]?.string == "mine")
        #expect(try glance.upload([1], to: id).status == 204)
        #expect(try glance.image(id).keys.filter { $0 == "stores" } == ["stores"])
        #expect(try glance.image(id)["stores"]?.string == "fast")
    }
}

/// Old releases gave locations no label, and operators rename stores.
@Suite(.sharesServices) struct `The label of a location` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, TestGlance.webAndShows, stores: ["fast", "cheap"]) }

    private func hasImage(labelled metadata: String?, in store: String = "cheap") throws -> String {
        let id = try glance.hasImage(in: store)
        try glance.execute(
            """
            UPDATE image_locations SET meta_data = \(metadata.map { "'\($0)'" } ?? "NULL"), updated_at = '2026-01-01 00:00:00'
             WHERE image_id = '\(id)'
            """)
        try glance.execute("UPDATE images SET updated_at = '2026-01-01 00:00:00' WHERE id = '\(id)'")
        return id
    }

    private func expectLabelled(_ id: String, _ metadata: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try glance.recordedMetadata(of: id) == [metadata], sourceLocation: sourceLocation)
        for table in ["image_locations WHERE image_id", "images WHERE id"] {
            #expect(
                try glance.rows("SELECT updated_at FROM \(table) = '\(id)'") == [["2026-01-01 00:00:00"]], sourceLocation: sourceLocation)
        }
    }

    /// A value that is not an object counts as empty.
    @Test(arguments: [nil, "{}", "", "null", "[]", "7", #""cheap""#, "{", #"{"store": null}"#, #"{"store": ""}"#, #"{"store": 7}"#])
    func `is found out where there is none, and written when the image is shown`(_ metadata: String?) throws {
        let id = try hasImage(labelled: metadata)
        #expect(try glance.download(id).text == "hello")
        #expect(try glance.recordedMetadata(of: id) == [metadata])
        let image = try glance.image(id, as: .alice)
        #expect(image["stores"]?.string == "cheap")
        #expect(image.shownMetadata == [["store": "cheap"]])
        #expect(image["updated_at"]?.string == "2026-01-01T00:00:00Z")
        try expectLabelled(id, #"{"store": "cheap"}"#)
    }

    @Test func `is that of the store, whatever the store was called before; the rest of what is said stays`() throws {
        let id = try hasImage(labelled: #"{"id": "nfs", "store": "renamed", "mountpoint": "/é"}"#)
        #expect(try glance.download(id).text == "hello")
        #expect(try glance.image(id)["stores"]?.string == "cheap")
        try expectLabelled(id, #"{"id": "nfs", "store": "cheap", "mountpoint": "/é"}"#)
    }

    /// The list may be long, and is read often.
    @Test func `is shown in a list, and written by the image alone`() throws {
        let id = try hasImage(labelled: "{}")
        let listed = try glance.send("GET", "/v2/images?id=in:\(id)").json["images"]?.array?.first
        #expect(listed?["stores"]?.string == "cheap")
        #expect(listed?.shownMetadata == [["store": "cheap"]])
        try expectLabelled(id, "{}")
    }

    @Test(arguments: ["web", "fast"]) func `counts for nothing where that store cannot hold the URL`(_ label: String) throws {
        let id = try hasImage(labelled: #"{"store": "\#(label)"}"#)
        #expect(try glance.download(id).text == "hello")
        #expect(try glance.download(id, "?prefer=\(label)").text == "hello")
        #expect(try glance.image(id)["stores"]?.string == "cheap")
        try expectLabelled(id, #"{"store": "cheap"}"#)
    }

    @Test func `stays where the URL leads to no store`() throws {
        for url in ["rbd://a/b/c/snap", "", "swift+config://a/b/c"] {
            let id = try hasImage(labelled: #"{"store": "fast"}"#)
            try glance.execute("UPDATE image_locations SET value = '\(url)' WHERE image_id = '\(id)'")
            let image = try glance.image(id)
            #expect(!image.keys.contains("stores"), "\(url)")
            #expect(image.shownURLs == [url])
            #expect(try glance.download(id).status == 503)
            try expectLabelled(id, #"{"store": "fast"}"#)
            #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 409)
        }
    }

    /// The store's folder has changed since.
    @Test func `counts for a file that lies in no store's folder`() throws {
        let id = try hasImage(labelled: #"{"store": "fast"}"#)
        try glance.execute("UPDATE image_locations SET value = 'file://\(glance.folder)/x' WHERE image_id = '\(id)'")
        #expect(try glance.image(id)["stores"]?.string == "fast")
        for label in ["web", "gone"] {
            try glance.execute(#"UPDATE image_locations SET meta_data = '{"store": "\#(label)"}' WHERE image_id = '\#(id)'"#)
            #expect(try !glance.image(id).keys.contains("stores"))
            try expectLabelled(id, #"{"store": "\#(label)"}"#)
        }
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
    }

    @Test func `is written by whoever looks, and for one location at a time`() throws {
        let id = try glance.hasImage(in: "cheap", visibility: "public")
        try glance.execute("UPDATE image_locations SET meta_data = '{}' WHERE image_id = '\(id)'")
        try glance.place(id, at: "http://127.0.0.1/x", nil)
        try glance.place(id, at: "http://127.0.0.1/x", nil)
        #expect(try glance.image(id, as: .bob)["stores"]?.string == "cheap,web")
        #expect(try glance.recordedMetadata(of: id) == [#"{"store": "cheap"}"#, #"{"store": "web"}"#, #"{"store": "web"}"#])
    }
}
