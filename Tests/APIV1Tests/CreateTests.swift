import Foundation
import TestSupport
import Testing

/// Requests that are accepted.
@Suite(.sharesServices) struct `Creating an image by V1` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    @Test func `needs nothing at all`() throws {
        let reply = try glance.create()
        #expect(reply.status == 201)
        let image = reply.image
        let id = try #require(image["id"]?.string)
        #expect(reply["Location"] == "\(glance.address)/v1/images/\(id)")
        #expect(reply["ETag"] == nil)
        #expect(reply["Content-Type"] == "application/json")
        #expect(
            Set(image.keys) == [
                "container_format", "status", "min_disk", "virtual_size", "disk_format", "checksum", "is_public", "owner", "updated_at",
                "id", "deleted_at", "size", "name", "deleted", "created_at", "protected", "min_ram", "properties",
            ])
        for field in ["name", "disk_format", "container_format", "virtual_size", "checksum", "deleted_at"] {
            #expect(image[field] == .null, "\(field)")
        }
        for field in ["is_public", "deleted", "protected"] { #expect(image[field]?.bool == false, "\(field)") }
        for field in ["min_disk", "min_ram", "size"] { #expect(image[field]?.int == 0, "\(field)") }
        #expect(image["status"]?.string == "queued")
        #expect(image["owner"]?.string == "acme")
        #expect(image["properties"]?.keys == [])
        #expect(
            try glance.rows("SELECT status, visibility, owner, size, deleted FROM images WHERE id = '\(id)'", columns: 5)
                == [["queued", "shared", "acme", "0", "0"]])
    }

    @Test func `keeps the size that is to come`() throws {
        let reply = try glance.create(["size": "5"])
        #expect(reply.image["size"]?.int == 5)
        #expect(reply.image["status"]?.string == "queued")
    }

    @Test func `of no bytes makes it active at once`() throws {
        let reply = try glance.create(["size": "0"])
        #expect(reply.status == 201)
        let id = try #require(reply.image["id"]?.string)
        #expect(reply.image["status"]?.string == "active")
        #expect(try glance.recordedStatus(id) == "active")
        let data = try glance.get(id)
        #expect(data.status == 200)
        #expect(data.body.isEmpty)
        #expect(data["Content-Length"] == "0")
    }

    @Test(arguments: [1, 4096, 524_289, 3_145_729], [true, false])
    func `takes its data along`(_ count: Int, _ isChunked: Bool) throws {
        let data = filled(count) { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 7) }
        let reply =
            isChunked
            ? try glance.sendChunked("POST", "/images", formats, data)
            : try glance.askV1("POST", "/images", formats, body: data)
        #expect(reply.status == 201)
        let id = try #require(reply.image["id"]?.string)
        #expect(reply.image["status"]?.string == "active")
        #expect(reply.image["size"]?.int == Int64(count))
        let file = "\(glance.storeFolder)/\(id)"
        let digest = String(try Command("md5sum", [file]).text.prefix(32))
        #expect(reply.image["checksum"]?.string == digest)
        #expect(reply["ETag"] == digest)
        #expect(FileManager.default.contents(atPath: file).map { Array($0) == data } == true)
        #expect(try glance.get(id).body.isSame(as: data))
        #expect(try glance.value("SELECT value FROM image_locations WHERE image_id = '\(id)' AND deleted = 0") == "file://\(file)")
        #expect(try glance.count("vitrine_uploads", where: "image_id = '\(id)'") == 0)
        #expect(try !glance.incomingFiles().contains { $0.hasPrefix(id) })
    }

    @Test func `checks data by the size and checksum that come with it`() throws {
        let fields = formats.merging(["size": "5", "checksum": helloMD5.uppercased(), "store": "file"]) { $1 }
        let reply = try glance.create(fields, data: "hello")
        #expect(reply.status == 201)
        #expect(reply.image["checksum"]?.string == helloMD5)
    }

    @Test func `takes the type's parameters`() throws {
        let reply = try glance.create(formats, headers: ["Content-Type": "application/octet-stream; charset=binary"], data: "hello")
        #expect(reply.status == 201)
    }

    @Test func `takes a body without bytes for none`() throws {
        let reply = try glance.askV1("POST", "/images", ["name": "empty"], body: [])
        #expect(reply.status == 201)
        #expect(reply.image["status"]?.string == "queued")
        #expect(try glance.storedFiles().contains(reply.image["id"]?.string ?? "") == false)
    }

    @Test func `takes every field that may be written`() throws {
        let id = newID()
        let reply = try glance.create(
            [
                "id": id, "name": "all of it", "disk_format": "qcow2", "container_format": "bare", "size": "7", "virtual_size": "70",
                "min_disk": "3", "min_ram": "512", "is_public": "true", "protected": "true", "checksum": helloMD5, "owner": "bolt",
                "created_at": "2001-02-03T04:05:06", "updated_at": "2002-03-04T05:06:07Z", "deleted": "False", "deleted_at": "",
                "property-hw_disk_bus": "scsi",
            ], as: .admin)
        #expect(reply.status == 201)
        let image = reply.image
        for (field, value) in [
            "id": id, "name": "all of it", "disk_format": "qcow2", "container_format": "bare", "checksum": helloMD5, "owner": "bolt",
            "created_at": "2001-02-03T04:05:06.000000", "updated_at": "2002-03-04T05:06:07.000000", "status": "queued",
        ] { #expect(image[field]?.string == value, "\(field)") }
        for (field, value) in ["size": 7, "virtual_size": 70, "min_disk": 3, "min_ram": 512] as [String: Int64] {
            #expect(image[field]?.int == value, "\(field)")
        }
        #expect(image["is_public"]?.bool == true)
        #expect(image["protected"]?.bool == true)
        #expect(image["properties"]?["hw_disk_bus"]?.string == "scsi")
        let row = try glance.rows("SELECT visibility, owner, created_at, min_ram FROM images WHERE id = '\(id)'", columns: 4)
        #expect(row.first?.map { $0?.prefix(19) } == ["public", "bolt", "2001-02-03 04:05:06", "512"])
    }

    @Test(arguments: ["container_format", "container-format", "CONTAINER_FORMAT", "Container-Format", "cOnTaInEr_FoRmAt"])
    func `knows a field in any case, with either line`(_ name: String) throws {
        #expect(try glance.create([name: "ovf"]).image["container_format"]?.string == "ovf")
        let reply = try glance.askV1("POST", "/images", headers: ["X-IMAGE-META-\(name)": "ovf"])
        #expect(reply.image["container_format"]?.string == "ovf")
    }

    @Test(arguments: [
        ("true", true), ("True", true), ("TRUE", true), ("t", true), ("yes", true), ("Y", true), ("on", true), ("1", true),
        ("false", false), ("False", false), ("no", false), ("off", false), ("0", false), ("2", false), ("maybe", false), ("", false),
    ])
    func `takes the words for yes, and every other for no`(_ word: String, _ value: Bool) throws {
        let reply = try glance.create(["protected": word, "is_public": word], as: .admin)
        #expect(reply.status == 201)
        #expect(reply.image["protected"]?.bool == value)
        #expect(reply.image["is_public"]?.bool == value)
        let id = reply.image["id"]?.string ?? ""
        #expect(try glance.value("SELECT visibility FROM images WHERE id = '\(id)'") == (value ? "public" : "shared"))
    }

    @Test(arguments: ["name", "disk_format", "container_format", "checksum", "owner", "virtual_size"])
    func `takes no value for none`(_ field: String) throws {
        let reply = try glance.create([field: ""], as: .admin)
        #expect(reply.status == 201)
        #expect(reply.image[field] == .null)
        #expect(try glance.rows("SELECT \(field) FROM images WHERE id = '\(reply.image["id"]?.string ?? "")'") == [[nil]])
    }

    @Test func `takes None for a virtual size`() throws {
        #expect(try glance.create(["virtual_size": "None"]).image["virtual_size"] == .null)
    }

    @Test(arguments: ["aki", "ari", "ami"])
    func `takes one of Amazon's formats for both`(_ format: String) throws {
        for fields in [["disk_format": format], ["container_format": format], ["disk_format": format, "container_format": format]] {
            let reply = try glance.create(fields)
            #expect(reply.status == 201)
            #expect(reply.image["disk_format"]?.string == format)
            #expect(reply.image["container_format"]?.string == format)
        }
        let reply = try glance.create(["disk_format": format], data: "hello")
        #expect(reply.image["status"]?.string == "active")
    }

    @Test(arguments: [
        ("Foo_Bar", "foo_bar"), ("foo-bar", "foo_bar"), ("HW-Disk_Bus", "hw_disk_bus"), ("property-x", "property_x"),
        ("owner_specified.openstack.md5", "owner_specified.openstack.md5"), ("a!#$%&'*+^`|~b", "a!#$%&'*+^`|~b"),
    ])
    func `keeps a property in small letters and without hyphens`(_ sent: String, _ kept: String) throws {
        let reply = try glance.create(["property-\(sent)": "Value"])
        #expect(reply.status == 201)
        #expect(reply.image["properties"]?.keys == [kept])
        #expect(reply.image["properties"]?[kept]?.string == "Value")
        let id = reply.image["id"]?.string ?? ""
        #expect(try glance.rows("SELECT name, value FROM image_properties WHERE image_id = '\(id)'", columns: 2) == [[kept, "Value"]])
        #expect(try glance.head(of: id).meta("property-\(kept)") == "Value")
    }

    @Test func `keeps a property without a value, which no header shows`() throws {
        let id = try glance.hasV1Image(["property-empty": ""])
        #expect(try glance.rows("SELECT name, value FROM image_properties WHERE image_id = '\(id)'", columns: 2) == [["empty", nil]])
        #expect(try glance.head(of: id).meta("property-empty") == nil)
        let listed = try #require(try glance.listed("?limit=1000").first { $0["id"]?.string == id })
        #expect(listed["properties"]?["empty"] == .null)
        #expect(listed["properties"]?.keys == ["empty"])
    }

    @Test func `takes 128 properties, and shows each`() throws {
        let fields = Dictionary(uniqueKeysWithValues: (0..<128).map { ("property-key_\($0)", "value \($0)") })
        let id = try glance.hasV1Image(fields)
        let head = try glance.head(of: id)
        for (name, value) in fields { #expect(head.meta(name) == value) }
        #expect(try glance.count("image_properties", where: "image_id = '\(id)' AND deleted = 0") == 128)
    }

    @Test(arguments: [("copy_from", "http://192.0.2.1/x"), ("copy-from", "file:///etc/passwd"), ("uri", "http://192.0.2.1/x")])
    func `takes names without effect`(_ name: String, _ value: String) throws {
        let reply = try glance.create([name: value])
        #expect(reply.status == 201)
        #expect(reply.image["status"]?.string == "queued")
        #expect(reply.image["properties"]?.keys == [])
        let id = reply.image["id"]?.string ?? ""
        #expect(try glance.count("image_locations", where: "image_id = '\(id)'") == 0)
        #expect(try glance.count("vitrine_copies", where: "image_id = '\(id)'") == 0)
    }

    @Test func `does not take a status from anybody, nor an owner from a user`() throws {
        for person in [TestGlance.Person.alice, .admin] {
            for status in ["active", "killed", "saving", "deleted", "nonsense"] {
                #expect(try glance.create(["status": status], as: person).image["status"]?.string == "queued")
            }
        }
        #expect(try glance.create(["owner": "bolt"]).image["owner"]?.string == "acme")
        #expect(try glance.create(["owner": ""]).image["owner"]?.string == "acme")
    }

    @Test(arguments: [("name", 255), ("owner", 255)])
    func `takes texts up to their limit`(_ field: String, _ length: Int) throws {
        let value = text(of: length)
        #expect(try glance.create([field: value], as: .admin).image[field]?.string == value)
    }
}
