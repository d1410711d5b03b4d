import TestSupport
import Testing

/// Changes without data.
@Suite(.sharesServices) struct `Changing an image by V1` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    private let purge = "x-glance-registry-purge-props"

    @Test func `changes what is sent, and nothing else`() throws {
        let id = try glance.hasV1Image(
            ["name": "old", "min_ram": "5", "property-p": "v", "created_at": "2001-02-03T04:05:06"], data: "hello")
        let before = try glance.head(of: id).meta
        let reply = try glance.update(id, ["name": "new", "min-disk": "7"], headers: [purge: "false"])
        #expect(reply.status == 200)
        #expect(reply["ETag"] == helloMD5)
        #expect(reply["Content-Type"] == "application/json")
        #expect(reply.image["name"]?.string == "new")
        #expect(reply.image["min_disk"]?.int == 7)
        var after = try glance.head(of: id).meta
        #expect(after["name"] == "new" && after["min_disk"] == "7")
        for field in ["name", "min_disk", "updated_at"] { after[field] = before[field] }
        #expect(after == before)
        #expect(try glance.get(id).text == "hello")
    }

    @Test func `takes every field that may be written`() throws {
        let id = try glance.hasV1Image()
        let fields = [
            "name": "n", "disk_format": "qcow2", "container_format": "ovf", "size": "9", "virtual_size": "90", "min_disk": "1",
            "min_ram": "2", "protected": "True", "checksum": helloMD5,
        ]
        #expect(try glance.update(id, fields).status == 200)
        let head = try glance.head(of: id)
        for (field, value) in fields { #expect(head.meta(field) == value, "\(field)") }
        #expect(try glance.update(id, ["protected": "no"]).status == 200)
        #expect(try glance.head(of: id).meta("protected") == "False")
    }

    @Test(arguments: ["name", "virtual_size"])
    func `takes no value for none`(_ field: String) throws {
        let id = try glance.hasV1Image(["name": "n", "virtual_size": "5"])
        #expect(try glance.update(id, [field: ""]).image[field] == .null)
        #expect(try glance.head(of: id).meta(field) == nil)
        #expect(try glance.rows("SELECT \(field) FROM images WHERE id = '\(id)'") == [[nil]])
    }

    /// A deletion or an import sends the caller's token to the node that `os_glance_stage_host` names, so clients must not set it.
    @Test(arguments: ["os_glance_stage_host", "os-glance-hash-op-host", "os_glance_anything"])
    func `does not set what services tell each other`(_ name: String) throws {
        let refused = newID()
        let reply = try glance.create(["id": refused, "property-\(name)": "http://127.0.0.1:1"])
        #expect(reply.status == 403 && reply.says.contains("reserved"), "\(reply.text)")
        try glance.expectNoTrace(of: refused)
        let id = try glance.hasV1Image()
        #expect(try glance.update(id, ["property-\(name)": "http://127.0.0.1:1"], as: .admin).status == 403)
        #expect(try glance.count("image_properties", where: "image_id = '\(id)'") == 0)
    }

    @Test func `leaves what services tell each other where it purges`() throws {
        let id = try glance.hasV1Image(["property-a": "1"])
        try glance.execute(
            """
            INSERT INTO image_properties (image_id, name, value, created_at, deleted)
            VALUES ('\(id)', 'os_glance_failed_import', 'cheap', UTC_TIMESTAMP(), 0)
            """)
        #expect(try glance.update(id, ["name": "n", "property-os_glance_failed_import": "cheap"]).status == 200)
        #expect(try glance.update(id, ["name": "m"]).status == 200)
        let rows = try glance.rows("SELECT name FROM image_properties WHERE image_id = '\(id)' AND deleted = 0")
        #expect(rows == [["os_glance_failed_import"]])
    }

    @Test(arguments: [nil, "true", "True", "1", "yes"])
    func `drops the properties that are not sent`(_ word: String?) throws {
        let id = try glance.hasV1Image(["property-a": "1", "property-b": "2", "property-c": "3"])
        let headers = word.map { [purge: $0] } ?? [:]
        let reply = try glance.update(id, ["property-b": "changed", "property-d": "4"], headers: headers)
        #expect(reply.status == 200)
        #expect(Set(reply.image["properties"]?.keys ?? []) == ["b", "d"])
        let head = try glance.head(of: id)
        #expect(head.meta.filter { $0.key.hasPrefix("property-") } == ["property-b": "changed", "property-d": "4"])
        #expect(try glance.count("image_properties", where: "image_id = '\(id)' AND deleted = 0") == 2)
        #expect(try glance.update(id, ["name": "n"], headers: headers).image["properties"]?.keys == [])
    }

    @Test(arguments: ["false", "False", "0", "no", "nonsense"])
    func `keeps the properties that are not sent, where it is told to`(_ word: String) throws {
        let id = try glance.hasV1Image(["property-a": "1", "property-b": "2"])
        let reply = try glance.update(id, ["property-b": "changed", "property-C-c": "3"], headers: [purge: word])
        #expect(reply.status == 200)
        #expect(
            try glance.head(of: id).meta.filter { $0.key.hasPrefix("property-") }
                == ["property-a": "1", "property-b": "changed", "property-c_c": "3"])
    }

    @Test func `brings back a property that was dropped`() throws {
        let id = try glance.hasV1Image(["property-a": "1"])
        #expect(try glance.update(id).image["properties"]?.keys == [])
        #expect(try glance.update(id, ["property-a": "2"]).image["properties"]?["a"]?.string == "2")
        #expect(try glance.head(of: id).meta("property-a") == "2")
    }

    @Test(arguments: [
        ("private", "false", "private"), ("community", "false", "community"), ("shared", "false", "shared"), ("public", "false", "shared"),
    ])
    func `leaves the visibility, but for public and back`(_ before: String, _ word: String, _ after: String) throws {
        let id = try glance.hasV1Image(["name": "n"])
        try glance.execute("UPDATE images SET visibility = '\(before)' WHERE id = '\(id)'")
        #expect(try glance.update(id, ["name": "m"]).status == 200)
        #expect(try glance.value("SELECT visibility FROM images WHERE id = '\(id)'") == before)
        #expect(try glance.update(id, ["is_public": word]).image["is_public"]?.bool == false)
        #expect(try glance.value("SELECT visibility FROM images WHERE id = '\(id)'") == after)
        #expect(try glance.update(id, ["is_public": "true"], as: .admin).image["is_public"]?.bool == true)
        #expect(try glance.value("SELECT visibility FROM images WHERE id = '\(id)'") == "public")
    }

    @Test func `to be public is an administrator's`() throws {
        let id = try glance.hasV1Image()
        #expect(try glance.update(id, ["is_public": "True", "name": "n"]).status == 403)
        #expect(try glance.rows("SELECT visibility, name FROM images WHERE id = '\(id)'", columns: 2) == [["shared", nil]])
    }

    @Test func `does not give it to another project, unless an administrator does`() throws {
        let id = try glance.hasV1Image()
        #expect(try glance.update(id, ["owner": "bolt"]).status == 200)
        #expect(try glance.head(of: id).meta("owner") == "acme")
        #expect(try glance.update(id, ["owner": ""]).status == 200)
        #expect(try glance.head(of: id).meta("owner") == "acme")
        #expect(try glance.update(id, ["owner": "bolt"], as: .admin).image["owner"]?.string == "bolt")
        #expect(try glance.head(of: id).status == 404)
        #expect(try glance.update(id, ["owner": ""], as: .admin).image["owner"] == .null)
    }

    @Test func `cannot change its status or id`() throws {
        let id = try glance.hasV1Image(data: "hello")
        #expect(try glance.send("POST", "/v2/images/\(id)/actions/deactivate").status == 204)
        for person in [TestGlance.Person.alice, .admin] {
            for status in ["active", "queued", "killed", "deleted", "nonsense"] {
                #expect(try glance.update(id, ["status": status, "name": "n"], as: person).status == 403, "\(status)")
            }
            #expect(try glance.update(id, ["id": newID(), "name": "n"], as: person).status == 403)
            #expect(try glance.update(id, ["id": id, "status": "deactivated"], as: person).status == 200, "as they are")
        }
        #expect(try glance.recordedStatus(id) == "deactivated")
        #expect(try glance.head(of: id).meta("name") == nil)
        #expect(try glance.get(id).status == 403)
    }

    static let found: [[String: String]] = [
        ["size": "6"], ["size": "999"], ["size": "0"], ["checksum": text(of: 32, "0")], ["checksum": ""], ["size": "5", "checksum": ""],
        ["size": "6", "name": "n"], ["virtual_size": "5000"], ["disk_format": "qcow2"], ["container_format": "ovf"], ["disk_format": ""],
        ["disk_format": "ami"],
    ]

    /// What the inspection and the digests found stays, whatever a client claims.
    @Test(arguments: ["active", "deactivated"])
    func `never changes what the service found out of the data`(_ status: String) throws {
        let id = try glance.hasV1Image(data: "hello")
        if status == "deactivated" { #expect(try glance.send("POST", "/v2/images/\(id)/actions/deactivate").status == 204) }
        let columns = "CAST(size AS CHAR), checksum, CAST(virtual_size AS CHAR), disk_format, container_format, name"
        let before = try glance.rows("SELECT \(columns) FROM images WHERE id = '\(id)'", columns: 6)
        for fields in Self.found {
            for person in [TestGlance.Person.alice, .admin] {
                #expect(try glance.update(id, fields, as: person).status == 403, "\(fields)")
            }
        }
        #expect(try glance.rows("SELECT \(columns) FROM images WHERE id = '\(id)'", columns: 6) == before)
        let same = ["size": "5", "checksum": helloMD5, "disk_format": "raw", "container_format": "bare", "name": "same"]
        #expect(try glance.update(id, same).status == 200, "as they are")
        #expect(try glance.update(id, same, as: .admin).status == 200, "as they are")
        if status == "active" { #expect(try glance.get(id).text == "hello") }
    }

    @Test func `never changes it while the data come, or are staged`() throws {
        for status in ["saving", "uploading", "importing"] {
            let id = try glance.shelve(
                "n",
                [
                    "status": "'\(status)'", "size": "5", "checksum": "'\(helloMD5)'", "disk_format": "'raw'", "container_format": "'bare'",
                ])
            for fields in Self.found {
                #expect(try glance.update(id, fields, as: .admin).status == 403, "\(status) \(fields)")
            }
            #expect(try glance.update(id, ["size": "5", "disk_format": "raw", "name": "same"], as: .admin).status == 200)
            #expect(try glance.rows("SELECT CAST(size AS CHAR), disk_format FROM images WHERE id = '\(id)'", columns: 2) == [["5", "raw"]])
        }
    }

    @Test(arguments: ["deleted", "deleted_at", "created_at", "updated_at"])
    func `does not take what the service alone knows`(_ field: String) throws {
        let id = try glance.hasV1Image()
        let created = try glance.head(of: id).meta("created_at")
        let value = field == "deleted" ? "True" : "2001-02-03T04:05:06"
        let reply = try glance.update(id, [field: value])
        #expect([200, 403].contains(reply.status))
        let head = try glance.head(of: id)
        #expect(head.status == 200)
        #expect(head.meta("deleted") == "False" && head.meta("deleted_at") == nil)
        #expect(head.meta("created_at") == created)
        #expect(try glance.count("images", where: "id = '\(id)' AND deleted = 0 AND deleted_at IS NULL") == 1)
    }

    @Test(arguments: CreateFields.bad)
    func `is refused for a field's value, and nothing is changed`(_ field: String, _ value: String) throws {
        let id = try glance.hasV1Image(["name": "n", "property-p": "v"])
        let reply = try glance.update(id, [field: value, "property-q": "v"])
        #expect(reply.status == 400)
        #expect(reply.says.contains(field), "\(reply.says)")
        let head = try glance.head(of: id)
        #expect(head.meta("name") == "n" && head.meta("property-p") == "v" && head.meta("property-q") == nil)
    }

    @Test func `is refused past the quota of properties`() throws {
        let id = try glance.hasV1Image(Dictionary(uniqueKeysWithValues: (0..<128).map { ("property-k\($0)", "v") }))
        #expect(try glance.update(id, ["property-more": "v"], headers: [purge: "false"]).status == 413)
        #expect(try glance.count("image_properties", where: "image_id = '\(id)' AND deleted = 0") == 128)
        #expect(try glance.update(id, ["property-more": "v"]).status == 200)
    }

    @Test func `is the owner's and administrators'`() throws {
        let id = try glance.hasV1Image(["name": "n"])
        #expect(try glance.update(id, ["name": "x"], as: .bob).status == 404, "not seen")
        #expect(try glance.update(id, ["name": "x"], as: .reader).status == 403)
        for visibility in ["public", "community"] {
            try glance.execute("UPDATE images SET visibility = '\(visibility)' WHERE id = '\(id)'")
            #expect(try glance.update(id, ["name": "x"], as: .bob).status == 403, "\(visibility)")
        }
        #expect(try glance.head(of: id).meta("name") == "n")
        #expect(try glance.update(id, ["name": "a"], as: .anna).status == 200)
        #expect(try glance.update(id, ["name": "b"], as: .admin).status == 200)
        #expect(try glance.head(of: id).meta("owner") == "acme")
    }

    @Test func `of members is nobody's but the owner's`() throws {
        let id = try glance.hasV1Image(["name": "n"])
        #expect(try glance.share(id, with: "bolt", canShare: true).status == 204)
        #expect(try glance.update(id, ["name": "x"], as: .bob).status == 403)
        #expect(try glance.head(of: id).meta("name") == "n")
    }

    @Test func `that is deleted is 403 for administrators and 404 for others`() throws {
        let id = try glance.hasV1Image(["name": "n"])
        #expect(try glance.delete(id).status == 200)
        #expect(try glance.update(id, ["name": "x"], as: .admin).status == 403)
        #expect(try glance.update(id, ["name": "x"]).status == 404)
        #expect(try glance.update(newID(), ["name": "x"], as: .admin).status == 404)
        #expect(try glance.value("SELECT name FROM images WHERE id = '\(id)'") == "n")
    }

    @Test func `loses no change of others at the same time`() throws {
        let id = try glance.hasV1Image()
        let connections = try (0..<8).map { number in
            let connection = try HTTPConnection(port: glance.port)
            let headers = ["x-image-meta-property-k\(number)": "v", purge: "false"]
            try connection.send(glance.head("PUT", "/v1/images/\(id)", .alice, headers))
            return connection
        }
        for connection in connections { #expect(try connection.receive().status == 200) }
        #expect(try glance.head(of: id).meta.filter { $0.key.hasPrefix("property-") }.count == 8)
    }
}

enum CreateFields {
    /// Values that a field never accepts, for any image.
    static let bad: [(String, String)] = [
        ("name", text(of: 256)), ("disk_format", "floppy"), ("container_format", "box"), ("checksum", text(of: 33)), ("size", "-1"),
        ("size", "abc"), ("min_disk", "-1"), ("min_disk", "2147483648"), ("min_ram", "x"), ("virtual_size", "many"),
        ("created_at", "yesterday"), ("updated_at", "1899-12-31T23:59:59"), ("deleted_at", "never"), ("store", "nowhere"), ("foo", "v"),
        ("id", "no uuid"),
    ]
}
