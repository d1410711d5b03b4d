import TestSupport
import Testing

/// Size, checksum, hash and status come only from the bytes that were written.
@Suite(.sharesServices) struct `What the service says of data` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    static let measures = ["size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value", "status", "created_at", "updated_at"]

    @Test func `is measured, also of no bytes at all`() throws {
        let empty = try glance.image(try glance.hasActiveImage(""))
        #expect(empty["size"]?.int == 0)
        #expect(empty["checksum"]?.string == "d41d8cd98f00b204e9800998ecf8427e")
        #expect(empty["os_hash_value"]?.string?.hasPrefix("cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce") == true)
        #expect(empty["status"]?.string == "active")
    }

    /// Glance stores `os_hash_value` at creation as a property that nobody sees.
    @Test(arguments: ["os_hash_algo", "os_hash_value", "checksum"])
    func `is not taken from who makes an image`(_ field: String) throws {
        let id = newID()
        #expect(try glance.create(#"{"id": "\#(id)", "\#(field)": "\#(Hello.md5)"}"#).status == 403)
        #expect(try glance.count("images", where: "id = '\(id)'") == 0)
        #expect(try glance.count("image_properties", where: "name = '\(field)'") == 0)
    }

    @Test(arguments: measures, ["v2.0", "v2.1"])
    func `is not taken from who changes one`(_ field: String, _ dialect: String) throws {
        for id in [try glance.hasImage(), try glance.hasActiveImage("hello")] {
            let before = try glance.image(id)
            for person in [TestGlance.Person.alice, .admin] {
                for (verb, value) in [("add", "5"), ("replace", "\"\(Hello.md5)\""), ("replace", "null"), ("remove", "0")] {
                    let list =
                        dialect == "v2.0"
                        ? #"[{"\#(verb)": "/\#(field)", "value": \#(value)}]"#
                        : #"[{"op": "\#(verb)", "path": "/\#(field)", "value": \#(value)}]"#
                    #expect(try glance.patch(id, as: person, list, dialect: dialect).status == 403)
                }
            }
            #expect(try glance.image(id) == before)
        }
    }

    @Test func `is not taken from the headers of an upload`() throws {
        let id = try glance.hasImage()
        let headers = [
            "X-Image-Meta-Checksum": "00000000000000000000000000000000", "X-Image-Meta-Size": "99", "X-Image-Meta-Status": "queued",
            "Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA==", "X-Image-Meta-Os_hash_value": "0", "ETag": "\"0\"",
        ]
        #expect(try glance.upload(Array("hello".utf8), to: id, headers).status == 204)
        let image = try glance.image(id)
        #expect(image["size"]?.int == 5)
        #expect(image["checksum"]?.string == Hello.md5)
        #expect(image["os_hash_value"]?.string == Hello.sha512)
        #expect(image["status"]?.string == "active")
    }

    @Test func `outlives every change of the record`() throws {
        let id = try glance.hasActiveImage("hello")
        let before = try glance.image(id)
        let changes =
            #"[{"op": "replace", "path": "/name", "value": "n"}, {"op": "add", "path": "/p", "value": "v"}, {"op": "add", "path": "/min_ram", "value": 5}]"#
        #expect(try glance.patch(id, changes).status == 200)
        #expect(try glance.tag(id, "blue").status == 204)
        #expect(try glance.deactivate(id).status == 204)
        #expect(try glance.reactivate(id).status == 204)
        let after = try glance.image(id)
        for field in ["size", "checksum", "os_hash_algo", "os_hash_value", "created_at", "status"] {
            #expect(after[field] == before[field], "\(field)")
        }
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "hello")
    }

    /// Once there are data, they cannot be replaced.
    @Test func `stays true: data are given once`() throws {
        let id = try glance.hasActiveImage("hello")
        for person in [TestGlance.Person.alice, .admin] {
            #expect(try glance.upload(Array("other".utf8), to: id, as: person).status == 409)
            #expect(try glance.create(#"{"id": "\#(id)", "status": "queued"}"#, as: person).status == 403)
        }
        #expect(try glance.image(id)["checksum"]?.string == Hello.md5)
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "hello")
    }
}
