import TestSupport
import Testing

/// Requests that are accepted.
@Suite(.sharesServices) struct `Creating an image` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    @Test func `needs nothing but an object`() throws {
        let reply = try glance.create("{}")
        #expect(reply.status == 201)
        let image = reply.json
        #expect(image["id"]?.string?.utf8.count == 36)
        for field in [
            "name", "disk_format", "container_format", "size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value",
        ] { #expect(image[field] == .null, "\(field)") }
        #expect(image["status"]?.string == "queued")
        #expect(image["visibility"]?.string == "shared")
        #expect(image["owner"]?.string == "acme")
        #expect(image["protected"]?.bool == false)
        #expect(image["os_hidden"]?.bool == false)
        #expect(image["min_disk"]?.int == 0)
        #expect(image["min_ram"]?.int == 0)
        #expect(image["tags"]?.array?.isEmpty == true)
    }

    @Test func `takes every field that may be written, and shows it ever after`() throws {
        let id = newID()
        let reply = try glance.create(
            """
            {"id": "\(id)", "name": "all of it", "visibility": "private", "protected": true, "os_hidden": true, "owner": "acme",
             "container_format": "bare", "disk_format": "qcow2", "min_disk": 3, "min_ram": 512, "tags": ["one", "two"],
             "hw_disk_bus": "scsi", "empty": ""}
            """)
        #expect(reply.status == 201)
        let image = reply.json
        #expect(image["id"]?.string == id)
        #expect(image["name"]?.string == "all of it")
        #expect(image["visibility"]?.string == "private")
        #expect(image["protected"]?.bool == true)
        #expect(image["os_hidden"]?.bool == true)
        #expect(image["owner"]?.string == "acme")
        #expect(image["container_format"]?.string == "bare")
        #expect(image["disk_format"]?.string == "qcow2")
        #expect(image["min_disk"]?.int == 3)
        #expect(image["min_ram"]?.int == 512)
        #expect(Set(image["tags"]?.texts ?? []) == ["one", "two"])
        #expect(image["hw_disk_bus"]?.string == "scsi")
        #expect(image["empty"]?.string == "")
        #expect(try glance.show(id).json.members == image.members)
    }

    @Test(arguments: ["ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"])
    func `takes the disk formats of the site`(_ format: String) throws {
        #expect(try glance.create(#"{"disk_format": "\#(format)"}"#).json["disk_format"]?.string == format)
    }

    @Test(arguments: ["ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"])
    func `takes the container formats of the site`(_ format: String) throws {
        #expect(try glance.create(#"{"container_format": "\#(format)"}"#).json["container_format"]?.string == format)
    }

    @Test(arguments: ["name", "owner", "disk_format", "container_format"])
    func `takes null where there may be nothing`(_ field: String) throws {
        let reply = try glance.create(#"{"\#(field)": null}"#, as: .admin)
        #expect(reply.status == 201)
        #expect(reply.json[field] == .null)
    }

    @Test(arguments: [
        ("a name of 255", "name", text(of: 255)), ("a name of 255 letters of three bytes", "name", text(of: 255, "€")),
        ("an owner of 255", "owner", text(of: 255)), ("a value of 64 KiB less one", "property", text(of: 65_535)),
        ("a property's name of 255", text(of: 255), "x"), ("a property's name of 255 letters", text(of: 255, "é"), "x"),
    ])
    func `takes texts up to their limit`(_ row: String, _ field: String, _ value: String) throws {
        let reply = try glance.create(#"{"\#(field)": "\#(value)"}"#, as: .admin)
        #expect(reply.status == 201, "\(row)")
        #expect(reply.json[field]?.string == value)
        #expect(try glance.image(reply.json["id"]?.string ?? "")[field]?.string == value)
    }

    @Test(arguments: ["min_disk", "min_ram"])
    func `takes numbers up to their limit`(_ field: String) throws {
        #expect(try glance.create(#"{"\#(field)": 2147483647}"#).json[field]?.int == 2_147_483_647)
    }

    @Test func `takes a tag of 255 letters`() throws {
        let tag = text(of: 255, "é")
        #expect(try glance.create(#"{"tags": ["\#(tag)"]}"#).json["tags"]?.texts == [tag])
    }

    @Test func `counts a tag once, and its letters' case`() throws {
        let reply = try glance.create(#"{"tags": ["a", "b", "a", "A", "b"]}"#)
        let id = reply.json["id"]?.string ?? ""
        #expect(Set(reply.json["tags"]?.texts ?? []) == ["a", "b", "A"])
        #expect(reply.json["tags"]?.array?.count == 3)
        #expect(try glance.image(id)["tags"]?.array?.count == 3)
        #expect(try glance.count("image_tags", where: "image_id = '\(id)'") == 3)
    }

    @Test(arguments: [
        "image_id", "is_public", "members", "properties", "extra_properties", "member", "delete", "x y", "a/b", "a~b", "ä€", "os_glanc", "",
        "Status", "owner_specified.openstack.md5",
    ])
    func `takes any other key for a custom property`(_ key: String) throws {
        let reply = try glance.create(#"{"\#(key)": "value"}"#)
        #expect(reply.status == 201)
        #expect(reply.json[key]?.string == "value")
        #expect(try glance.image(reply.json["id"]?.string ?? "")[key]?.string == "value")
    }

    @Test func `keeps an id in the client's own case, and finds it in any`() throws {
        let id = newID().uppercased()
        #expect(try glance.create(#"{"id": "\#(id)", "name": "loud", "p": "v", "tags": ["t"]}"#).json["id"]?.string == id)
        for spelling in [id, id.lowercased()] {
            let image = try glance.image(spelling)
            #expect(image["id"]?.string == id)
            #expect(image["self"]?.string == "/v2/images/\(id)")
            #expect(image["p"]?.string == "v")
            #expect(image["tags"]?.texts == ["t"])
        }
    }

    @Test func `does not look at the header that names a store`() throws {
        let reply = try glance.send("POST", "/v2/images", ["X-Image-Meta-Store": "nowhere"], body: Array("{}".utf8))
        #expect(reply.status == 201)
    }

    @Test func `gives community images to members as well`() throws {
        #expect(try glance.create(#"{"visibility": "community"}"#).json["visibility"]?.string == "community")
        #expect(try glance.create(#"{"visibility": "public"}"#, as: .admin).json["visibility"]?.string == "public")
    }

    @Test(arguments: [(#""bolt""#, "bolt"), ("null", nil), (#""""#, nil)])
    func `for any project, or none, is an administrator's`(_ owner: String, _ shown: String?) throws {
        let reply = try glance.create(#"{"owner": \#(owner)}"#, as: .admin)
        #expect(reply.status == 201)
        let id = reply.json["id"]?.string ?? ""
        #expect(try glance.image(id)["owner"]?.string == shown)
        #expect(try glance.rows("SELECT owner FROM images WHERE id = '\(id)'") == [[shown]])
    }

    @Test func `without a project named is for the caller's own`() throws {
        #expect(try glance.create("{}", as: .admin).json["owner"]?.string == "cloud")
        #expect(try glance.create("{}", as: .bob).json["owner"]?.string == "bolt")
    }

    @Test func `writes one row, one a property and one a tag`() throws {
        let id = try glance.hasImage(#"{"name": "rows", "p": "1", "q": "", "tags": ["t"], "min_ram": 7}"#)
        let row = try glance.rows(
            "SELECT name, status, visibility, owner, min_ram, protected, deleted, deleted_at, size FROM images WHERE id = '\(id)'",
            columns: 9)
        #expect(row == [["rows", "queued", "shared", "acme", "7", "0", "0", nil, nil]])
        let properties = try glance.rows(
            "SELECT name, value, deleted, deleted_at FROM image_properties WHERE image_id = '\(id)' ORDER BY name", columns: 4)
        #expect(properties == [["p", "1", "0", nil], ["q", "", "0", nil]])
        #expect(try glance.rows("SELECT value, deleted FROM image_tags WHERE image_id = '\(id)'", columns: 2) == [["t", "0"]])
        #expect(try glance.count("image_locations", where: "image_id = '\(id)'") == 0)
    }
}
