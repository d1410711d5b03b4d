import TestSupport
import Testing

/// V1 and V2 of the same images.
@Suite(.sharesServices) struct `An image in both versions` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    @Test func `made by V1 is V2's as well`() throws {
        let id = try glance.hasV1Image(
            ["name": "from v1", "min_ram": "5", "min_disk": "6", "protected": "true", "property-os_distro": "debian", "virtual_size": "9"],
            data: "hello")
        let image = try glance.image(id, as: .alice)
        for (field, value) in [
            "name": "from v1", "status": "active", "visibility": "shared", "owner": "acme", "disk_format": "raw",
            "container_format": "bare",
            "checksum": helloMD5, "os_hash_algo": "sha512", "os_distro": "debian",
        ] { #expect(image[field]?.string == value, "\(field)") }
        for (field, value) in ["size": 5, "min_ram": 5, "min_disk": 6, "virtual_size": 9] as [String: Int64] {
            #expect(image[field]?.int == value, "\(field)")
        }
        #expect(image["protected"]?.bool == true)
        #expect(image["os_hash_value"]?.string?.hasPrefix("9b71d224bd62f378") == true)
        #expect(try glance.send("GET", "/v2/images?os_distro=debian&name=from+v1").text.contains(id))
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "hello")
        let change =
            #"[{"op": "replace", "path": "/name", "value": "by v2"}, {"op": "replace", "path": "/os_distro", "value": "arch"}, {"op": "replace", "path": "/protected", "value": false}]"#
        #expect(try glance.patch(id, change).status == 200)
        let head = try glance.head(of: id)
        #expect(head.meta("name") == "by v2" && head.meta("property-os_distro") == "arch" && head.meta("protected") == "False")
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try glance.head(of: id).status == 404)
        #expect(try glance.head(of: id, as: .admin).meta("status") == "deleted")
        #expect(try !glance.storedFiles().contains(id))
    }

    @Test func `made by V2 is V1's as well`() throws {
        let id = try glance.hasImage(
            #"{"name": "from v2", "disk_format": "raw", "container_format": "bare", "min_ram": 5, "Case": "kept", "os_distro": "debian", "tags": ["t"]}"#
        )
        #expect(try glance.head(of: id).meta("status") == "queued")
        #expect(try glance.head(of: id).meta("size") == nil)
        #expect(try glance.upload(Array("hello".utf8), to: id).status == 204)
        let reply = try glance.get(id)
        #expect(reply.text == "hello")
        #expect(reply.meta("name") == "from v2" && reply.meta("checksum") == helloMD5 && reply.meta("min_ram") == "5")
        #expect(reply.meta("property-os_distro") == "debian" && reply.meta("property-case") == "kept")
        #expect(try glance.listed("?name=from+v2").map { $0["id"]?.string } == [id])
        #expect(try glance.update(id, ["name": "by v1"], headers: ["x-glance-registry-purge-props": "false"]).status == 200)
        let image = try glance.image(id, as: .alice)
        #expect(image["name"]?.string == "by v1")
        #expect(image["os_distro"]?.string == "debian" && image["Case"]?.string == "kept")
        #expect(image["tags"]?.array?.compactMap(\.string) == ["t"], "of which V1 knows nothing")
        #expect(image["os_hash_value"]?.string?.hasPrefix("9b71d224bd62f378") == true)
        #expect(try glance.delete(id).status == 200)
        #expect(try glance.send("GET", "/v2/images/\(id)").status == 404)
    }

    @Test func `begun by one is filled by the other`() throws {
        let first = try glance.hasV1Image(formats)
        #expect(try glance.upload(Array("hello".utf8), to: first).status == 204)
        #expect(try glance.get(first).text == "hello")
        let second = try glance.hasImage()
        #expect(try glance.update(second, data: "hello").status == 200)
        #expect(try glance.send("GET", "/v2/images/\(second)/file").text == "hello")
        #expect(try glance.upload(Array("again".utf8), to: second).status == 409)
        #expect(try glance.update(first, data: "again").status == 409)
    }

    @Test func `is one that V1 hid from lists and V2 shows by what it says`() throws {
        let id = try glance.hasImage(#"{"os_hidden": true, "name": "hidden", "visibility": "private"}"#)
        #expect(try glance.head(of: id).meta("name") == "hidden")
        #expect(try glance.update(id, ["name": "still hidden"]).status == 200)
        let image = try glance.image(id)
        #expect(image["os_hidden"]?.bool == true && image["visibility"]?.string == "private")
        #expect(image["name"]?.string == "still hidden")
    }

    @Test func `has the same visibility`() throws {
        for (word, visibility) in [("true", "public"), ("false", "shared")] {
            let id = try glance.hasV1Image(["is_public": word], as: .admin)
            #expect(try glance.image(id)["visibility"]?.string == visibility)
        }
        for (visibility, word) in [("public", "True"), ("private", "False"), ("community", "False"), ("shared", "False")] {
            let id = try glance.hasImage(as: .admin, #"{"visibility": "\#(visibility)"}"#)
            #expect(try glance.head(of: id, as: .admin).meta("is_public") == word)
        }
    }

    @Test func `has the same members`() throws {
        let id = try glance.hasV1Image(["name": "both"], data: "hello")
        #expect(try glance.share(id, with: "bolt").status == 204)
        let members = try glance.send("GET", "/v2/images/\(id)/members").json["members"]?.array ?? []
        #expect(members.map { $0["member_id"]?.string } == ["bolt"])
        #expect(members.first?["status"]?.string == "pending")
        // V2's list contains it only after the member accepted it.
        #expect(try !glance.send("GET", "/v2/images?limit=1000", as: .bob).text.contains(id))
        #expect(try glance.send("GET", "/v2/images/\(id)", as: .bob).status == 200)
        #expect(try glance.send("PUT", "/v2/images/\(id)/members/bolt", as: .bob, json: #"{"status": "accepted"}"#).status == 200)
        #expect(try glance.send("GET", "/v2/images?limit=1000", as: .bob).text.contains(id))
        // When V1 puts it again, its answer stays.
        #expect(try glance.share(id, with: "bolt", canShare: true).status == 204)
        #expect(try glance.send("GET", "/v2/images/\(id)/members/bolt").json["status"]?.string == "accepted")
        #expect(try glance.send("POST", "/v2/images/\(id)/members", json: #"{"member": "zinc"}"#).status == 200)
        #expect(try glance.members(of: id) == ["bolt+", "zinc"])
        #expect(try glance.send("DELETE", "/v2/images/\(id)/members/zinc").status == 204)
        #expect(try glance.members(of: id) == ["bolt+"])
    }

    @Test func `has the same properties, whoever changes them`() throws {
        let id = try glance.hasV1Image(["property-a": "1", "property-empty": ""])
        let image = try glance.image(id)
        #expect(image["a"]?.string == "1" && image["empty"]?.string == "")
        #expect(try glance.patch(id, #"[{"op": "add", "path": "/b", "value": "2"}, {"op": "remove", "path": "/a"}]"#).status == 200)
        #expect(try glance.head(of: id).meta.filter { $0.key.hasPrefix("property-") } == ["property-b": "2"])
        #expect(try glance.update(id, ["property-c": "3"]).status == 200)
        let after = try glance.image(id)
        #expect(!after.has("b") && after["c"]?.string == "3")
    }

    @Test func `deleted meanwhile by the other is gone`() throws {
        let id = try glance.hasV1Image(data: "hello")
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try glance.update(id, ["name": "n"]).status == 404)
        #expect(try glance.delete(id).status == 404)
        #expect(try glance.create(["id": id]).status == 409)
    }
}
