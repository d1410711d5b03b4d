import Foundation
import TestSupport
import Testing

@Suite(.sharesServices) struct `Several stores` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, TestGlance.webAndShows, stores: ["fast", "cheap"]) }

    @Test func `are named to whoever makes an image`() throws {
        let reply = try glance.create()
        #expect(reply.status == 201)
        #expect(reply["OpenStack-image-store-ids"] == "fast,cheap,web")
        #expect(reply["OpenStack-image-import-methods"] == "glance-direct,web-download,copy-image")
        #expect(!reply.json.keys.contains("stores"))
    }

    @Test(arguments: [nil, "fast", "cheap"])
    func `take bytes by their name, and the default one when nobody says where`(_ store: String?) throws {
        let id = try glance.hasImage(in: store)
        let (there, elsewhere) = store == "cheap" ? ("cheap", "fast") : ("fast", "cheap")
        #expect(glance.contents(of: id, in: there) == "hello")
        #expect(glance.contents(of: id, in: elsewhere) == nil)
        #expect(try glance.recordedLocations(of: id) == [["file://\(glance.path(of: id, in: there))", #"{"store": "\#(there)"}"#]])
        let image = try glance.image(id)
        #expect(image["stores"]?.string == there)
        #expect(image["status"]?.string == "active" && image["size"]?.int == 5)
    }

    @Test func `take bytes by their name from a client that does not say how many`() throws {
        let id = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        let headers = [
            "Content-Type": "application/octet-stream", "Transfer-Encoding": "chunked", "X-Image-Meta-Store": "cheap",
        ]
        try connection.send(glance.head("PUT", "/v2/images/\(id)/file", .alice, headers))
        try connection.send("5\r\nhello\r\n0\r\n\r\n")
        #expect(try connection.receive().status == 204)
        #expect(glance.contents(of: id, in: "cheap") == "hello")
    }

    /// The worker answers 200 with the path of the whole file; nginx makes a part of it.
    @Test(arguments: ["fast", "cheap"]) func `have their files sent by nginx, and ranges of them`(_ store: String) throws {
        let id = try glance.hasImage(in: store)
        let whole = try glance.download(id)
        #expect(whole.status == 200 && whole.text == "hello")
        #expect(whole["Content-MD5"] == "5d41402abc4b2a76b9719d911017c592")
        let part = try glance.download(id, "", ["Range": "bytes=1-3"])
        #expect(part.status == 206 && part.text == "ell")
        #expect(part["Content-Range"] == "bytes 1-3/5")
        let request = try #require(part["x-openstack-request-id"])
        #expect(
            try eventually {
                try glance.workerLog().split(separator: "\n").contains {
                    $0.contains(request) && $0.contains("/v2/images/{image}/file 200 ")
                }
            })
        #expect(try glance.download(id, "", ["Range": "bytes=5-"]).status == 416)
    }

    @Test(
        arguments: [
            ("nowhere", "nowhere"), ("os_glance_staging_store", "os_glance_staging_store"),
            ("os_glance_tasks_store", "os_glance_tasks_store"),
            ("web", "takes no data"), ("Fast", "Fast"), ("fast,cheap", "fast,cheap"), ("file", "file"), ("../cheap", "../cheap"),
            ("/", "/"), ("fast/", "fast/"), (String(repeating: "a", count: 4000), String(repeating: "a", count: 80)),
        ] as [(String, String)])
    func `are refused by a name that is none of theirs, and nothing is left`(_ name: String, _ said: String) throws {
        let id = try glance.hasImage()
        let reply = try glance.upload(Array("hello".utf8), to: id, ["X-Image-Meta-Store": name])
        #expect(reply.status == 400)
        #expect(reply.says.contains(said) && reply.says.count < 200, "\(reply.says)")
        try glance.expectNothingLeft(of: id, in: ["fast", "cheap"])
        #expect(try glance.upload(Array("hello".utf8), to: id).status == 204)
    }

    @Test func `are refused by no name at all`() throws {
        let id = try glance.hasImage()
        #expect(try glance.upload(Array("hello".utf8), to: id, ["X-Image-Meta-Store": ""]).status == 400)
        try glance.expectNothingLeft(of: id, in: ["fast", "cheap"])
    }

    /// As in Glance, the list of stores is not secret.
    @Test func `are looked for before the image is`() throws {
        #expect(try glance.upload([1], to: newID(), ["X-Image-Meta-Store": "nowhere"]).status == 400)
        #expect(try glance.upload([1], to: newID(), ["X-Image-Meta-Store": "cheap"]).status == 404)
        let id = try glance.hasImage()
        #expect(try glance.upload([1], to: id, as: .bob, ["X-Image-Meta-Store": "cheap"]).status == 404)
        #expect(try glance.upload([1], to: id, as: .reader, ["X-Image-Meta-Store": "cheap"]).status == 403)
        #expect(try glance.send("PUT", "/v2/images/\(id)/file", as: nil, ["X-Image-Meta-Store": "nowhere"], body: [1]).status == 401)
    }

    @Test func `each lose what is deleted`() throws {
        let id = try glance.hasImage(inBoth: ("fasts", "cheap"))
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(glance.contents(of: id, in: "fast") == nil && glance.contents(of: id, in: "cheap") == nil)
        #expect(try glance.count("vitrine_removals", where: "image_id = '\(id)'") == 0)
        #expect(try glance.count("image_locations", where: "image_id = '\(id)' AND (deleted = 0 OR status <> 'deleted')") == 0)
    }

    @Test func `are told to everybody who is known`() throws {
        let stores =
            #"{"stores": [{"id": "fast", "description": "the dear one", "default": "true"}, {"id": "cheap"}, {"id": "web", "read-only": "true"}]}"#
        for person in TestGlance.Person.allCases {
            let reply = try glance.send("GET", "/v2/info/stores", as: person)
            #expect(reply.status == 200)
            #expect(reply.text == stores)
        }
        #expect(try glance.send("GET", "/v2/info/stores", as: nil).status == 401)
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let reply = try glance.send(method, "/v2/info/stores")
            #expect(reply.status == 405)
        }
        #expect(try glance.send("GET", "/v2/info/stores", body: Array("{}".utf8)).status == 400)
        #expect(try glance.send("GET", "/v2/info/stores/nothing", as: .admin).status == 404)
    }

    @Test func `are told in detail to administrators alone`() throws {
        let reply = try glance.send("GET", "/v2/info/stores/detail", as: .admin)
        #expect(reply.status == 200)
        let stores = try #require(reply.json["stores"]?.array)
        #expect(stores.map { $0["id"]?.string } == ["fast", "cheap", "web"])
        #expect(stores.map { $0["type"]?.string } == ["file", "file", "http"])
        #expect(stores.map { $0["weight"]?.int } == [0, 0, 0])
        #expect(stores[0].keys == ["id", "description", "default", "type", "properties", "weight"])
        #expect(stores[2].keys == ["id", "read-only", "type", "properties", "weight"])
        let properties = try #require(stores[1]["properties"])
        #expect(properties.keys == ["data_dir", "chunk_size", "thin_provisioning"])
        #expect(properties["data_dir"]?.string == "\(glance.folder)/cheap")
        #expect(properties["chunk_size"]?.int == 65536 && properties["thin_provisioning"] == .bool(false))
        #expect(stores[2]["properties"]?.keys == [])
        for person in [TestGlance.Person.alice, .bob, .reader] {
            let refused = try glance.send("GET", "/v2/info/stores/detail", as: person)
            #expect(refused.status == 403)
            #expect(!refused.text.contains(glance.folder))
        }
    }

    @Test func `are looked after by the health check, each`() throws {
        let glance = try TestGlance(["healthcheck": "detailed = true"], workers: 1, stores: ["fast", "cheap"])
        // Once it answers, the worker has created its folders.
        #expect(try glance.send("GET", "/v2/images").status == 200)
        try FileManager.default.removeItem(atPath: "\(glance.folder)/cheap")
        let reply = try glance.send("GET", "/healthcheck", as: nil, ["Accept": "application/json"])
        #expect(reply.status == 503)
        let checks = reply.json["checks"]?.array?.map { "\($0["name"]?.string ?? ""): \($0["ok"]?.bool == true)" }
        #expect(checks == ["database: true", "store fast: true", "store cheap: false"])
    }
}

/// Features of `enabled_backends` are absent if it is not set.
@Suite(.sharesServices) struct `A single store` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, ["DEFAULT": "show_multiple_locations = true\nshow_image_direct_url = true"]) }

    @Test(arguments: ["nowhere", "file", "os_glance_staging_store", ""])
    func `does not look at the name of a store`(_ name: String) throws {
        let id = try glance.hasImage()
        #expect(try glance.upload(Array("hello".utf8), to: id, ["X-Image-Meta-Store": name]).status == 204)
        #expect(try glance.recordedMetadata(of: id) == ["{}"])
        #expect(try glance.storedFiles().contains(id))
    }

    @Test func `shows no names of stores`() throws {
        let reply = try glance.create()
        #expect(reply["OpenStack-image-store-ids"] == nil)
        let id = try glance.hasImage(in: nil)
        let image = try glance.image(id, as: .alice)
        #expect(!image.keys.contains("stores"))
        #expect(image.shownURLs == ["file://\(glance.storeFolder)/\(id)"])
        #expect(image.shownMetadata == [[:]])
        #expect(image["direct_url"]?.string == "file://\(glance.storeFolder)/\(id)")
    }

    @Test func `is none to ask about, to choose or to empty, whoever asks`() throws {
        let id = try glance.hasImage(in: nil)
        for person in [TestGlance.Person.alice, .reader, .admin] {
            #expect(try glance.send("GET", "/v2/info/stores", as: person).status == 404)
            #expect(try glance.send("GET", "/v2/info/stores/detail", as: person).status == 404)
            for store in ["file", "fast", "os_glance_staging_store"] {
                #expect(try glance.send("DELETE", "/v2/stores/\(store)/\(id)", as: person).status == 404)
            }
        }
        #expect(try glance.download(id, "?prefer=file").status == 400)
        #expect(try glance.download(id, "?prefer=").text == "hello")
        #expect(try glance.download(id, "?prefer=%20,").text == "hello")
    }

    @Test func `leaves the label that a location bears`() throws {
        let id = try glance.hasImage(in: nil)
        try glance.execute(#"UPDATE image_locations SET meta_data = '{"store": "old"}' WHERE image_id = '\#(id)'"#)
        #expect(try glance.show(id).status == 200)
        #expect(try glance.recordedMetadata(of: id) == [#"{"store": "old"}"#])
        #expect(try glance.download(id).text == "hello")
    }
}
