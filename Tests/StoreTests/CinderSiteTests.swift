import Foundation
import TestSupport
import Testing

/// A site whose Glance had images in Cinder's volumes.
@Suite(.serialized, .sharesServices) struct `A site with a store of Cinder's` {
    private static let options = [
        "DEFAULT": "enabled_backends = fast:file,volumes:cinder\nshow_multiple_locations = true",
        "volumes": "cinder_volume_type = lvm\ncinder_store_user_name = glance",
    ]
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, Self.options, stores: ["fast"], runsTasks: true) }

    private static let volume = "5a2c8f30-9d1b-4c6e-8a77-0123456789ab"
    private static let location = "cinder://volumes/\(volume)"

    private func hasImage(at url: String, _ metadata: String = "{}") throws -> String {
        let id = try glance.hasActiveImage("hello")
        try glance.execute("UPDATE image_locations SET value = '\(url)', meta_data = '\(metadata)' WHERE image_id = '\(id)'")
        return id
    }

    private func manage(_ words: String...) throws -> Command { try manage(words) }

    private func manage(_ words: [String]) throws -> Command {
        try Command("\(TestGlance.programs)/glance-manage", ["store"] + words + ["--config-file", glance.configurationFile])
    }

    @Test(arguments: ["cinder://\(volume)", "cinder://renamed/\(volume)"])
    func `shows its images by the store's name, and rewrites old locations`(_ url: String) throws {
        let id = try hasImage(at: url)
        let image = try glance.image(id)
        #expect(image["stores"]?.string == "volumes" && image["locations"]?.array?.first?["url"]?.string == Self.location)
        #expect(try glance.recordedLocations(of: id).map { $0[0] } == [Self.location])
        let reply = try glance.send("GET", "/v2/images/\(id)/file")
        #expect(reply.status == 503 && reply.says.contains("store 'volumes' is of the type 'cinder'"), "\(reply.says)")
        let upload = try glance.upload([1], to: try glance.hasImage(), ["X-Image-Meta-Store": "volumes"])
        #expect(upload.status == 503 && upload.says.contains("'volumes'"), "\(upload.says)")
    }

    @Test func `tells what Glance tells of the store`() throws {
        let detailed = try glance.send("GET", "/v2/info/stores/detail", as: .admin).json["stores"]?.array?.last
        #expect(detailed?["type"] == "cinder" && detailed?["properties"] == ["volume_type": "lvm", "use_multipath": false])
        #expect(try eventually { try glance.workerLog().contains("removing the data of deleted images is left to the operator") })
    }

    @Test func `takes no location of it from a user`() throws {
        let id = try glance.hasImage()
        let post = try glance.send("POST", "/v2/images/\(id)/locations", json: #"{"url": "\#(Self.location)"}"#)
        #expect(post.status == 403)
        let add = #"[{"op": "add", "path": "/locations/-", "value": {"url": "\#(Self.location)", "metadata": {}}}]"#
        for person in [TestGlance.Person.alice, .admin] { #expect(try glance.patch(id, as: person, add).status == 400) }
        #expect(try glance.status(of: id) == "queued")
    }

    @Test func `reads an image from its other store`() throws {
        let id = try glance.hasActiveImage("hello")
        try glance.place(id, at: Self.location, #"{"store": "volumes"}"#)
        #expect(try glance.download(id).text == "hello")
        #expect(try glance.send("DELETE", "/v2/stores/volumes/\(id)", as: .admin).status == 204)
        #expect(try glance.recordedLocations(of: id).count == 1)
        #expect(try glance.count("vitrine_removals", where: "image_id = '\(id)'") == 1)
        #expect(try manage("forget", "--image", id, "--yes").status == 0)
        #expect(try glance.count("vitrine_removals", where: "image_id = '\(id)'") == 0)
    }

    @Test func `deletes an image at once, and tells the operator of the volume until they say that it is gone`() throws {
        let id = try hasImage(at: Self.location, #"{"store": "volumes"}"#)
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try glance.show(id).status == 404)
        for words in [["--store", "volumes"], ["--image", id]] {
            let owed = try manage(["owed"] + words)
            #expect(owed.status == 0 && owed.text.contains(Self.location) && owed.text.contains(id), "\(owed.text)\(owed.errors)")
        }
        #expect(try !manage("owed", "--store", "fast").text.contains(id))
        #expect(try manage("owed", "--format", "json").text.contains(#""location": "\#(Self.location)""#))
        let refused = try manage("forget", "--store", "volumes")
        #expect(refused.status != 0 && refused.errors.contains("--yes"), "\(refused.errors)")
        #expect(try manage("forget").status != 0)
        #expect(try manage("owed", "--store", "nowhere").status != 0)
        let forgotten = try manage("forget", "--store", "volumes", "--yes")
        #expect(forgotten.status == 0 && forgotten.text.contains(Self.location), "\(forgotten.text)\(forgotten.errors)")
        #expect(try glance.count("vitrine_removals", where: "image_id = '\(id)'") == 0)
    }
}
