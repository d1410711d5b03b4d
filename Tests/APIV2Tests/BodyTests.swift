import TestSupport
import Testing

@Suite(.sharesServices) struct `Request bodies` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    static let bodiless: [(String, String)] = [
        ("GET", "/v2/images/{image}"), ("DELETE", "/v2/images/{image}"), ("GET", "/v2/images/{image}/file"),
        ("POST", "/v2/images/{image}/actions/deactivate"), ("POST", "/v2/images/{image}/actions/reactivate"),
        ("PUT", "/v2/images/{image}/tags/blue"), ("DELETE", "/v2/images/{image}/tags/red"), ("GET", "/v2/images/{image}/members"),
        ("GET", "/v2/images/{image}/members/bolt"), ("DELETE", "/v2/images/{image}/members/bolt"), ("GET", "/v2/schemas/image"),
        ("GET", "/v2/schemas/images"), ("GET", "/v2/schemas/member"), ("GET", "/v2/schemas/members"),
    ]

    /// An image with everything that the routes above name.
    private func image() throws -> String {
        let image = try glance.hasActiveImage()
        #expect(try glance.tag(image, "red").status == 204)
        try glance.share(image, with: "bolt")
        return image
    }

    @Test(arguments: bodiless)
    func `are refused where none is wanted, and nothing is done`(_ method: String, _ path: String) throws {
        let image = try image()
        let before = try glance.image(image)
        let path = path.replacing("{image}", with: image)
        for body in ["{}", "x"] {
            #expect(try glance.send(method, path, body: Array(body.utf8)).status == 400)
        }
        #expect(try glance.image(image) == before)
        #expect(try glance.send("GET", "/v2/images/\(image)/members/bolt").status == 200)
    }

    @Test(arguments: bodiless.filter { $0.0 == "POST" || $0.0 == "PUT" })
    func `in chunks are refused as well where none is wanted`(_ method: String, _ path: String) throws {
        let image = try image()
        let before = try glance.image(image)
        let head = glance.head(method, path.replacing("{image}", with: image), .alice, ["Transfer-Encoding": "chunked"])
        #expect(try glance.raw(head + Array("2\r\n{}\r\n0\r\n\r\n".utf8)).status == 400)
        #expect(try glance.image(image) == before)
    }

    @Test(arguments: bodiless)
    func `of no bytes are none`(_ method: String, _ path: String) throws {
        let image = try image()
        let reply = try glance.send(method, path.replacing("{image}", with: image), body: [])
        #expect([200, 204].contains(reply.status) || (reply.status == 403 && path.hasSuffix("reactivate")))
    }

    @Test func `are ignored by the list`() throws {
        let image = try glance.hasImage()
        for body in ["{}", "no JSON"] {
            let reply = try glance.send("GET", "/v2/images?id=\(image)", body: Array(body.utf8))
            #expect(reply.status == 200)
            #expect(reply.json["images"]?.array?.count == 1)
        }
    }

    /// Routes with a JSON body, and what else each of them needs.
    static let wanting: [(String, String, String)] = [
        ("POST", "/v2/images", "application/json"),
        ("PATCH", "/v2/images/{image}", "application/openstack-images-v2.1-json-patch"),
        ("PATCH", "/v2/images/{image}", "application/openstack-images-v2.0-json-patch"),
        ("POST", "/v2/images/{image}/members", "application/json"),
        ("PUT", "/v2/images/{image}/members/bolt", "application/json"),
    ]

    @Test(arguments: wanting)
    func `are missed where JSON is wanted`(_ method: String, _ path: String, _ type: String) throws {
        let path = path.replacing("{image}", with: try image())
        #expect(try glance.send(method, path, as: .admin, ["Content-Type": type]).status == 400)
        #expect(try glance.send(method, path, as: .admin, ["Content-Type": type], body: []).status == 400)
    }

    static let notJSON: [String] = [
        "{", "[", "{]", "\"", "{\"a\"}", "{\"a\":}", "{a: 1}", "{'a': 'b'}", "{\"a\": \"b\",}", "[1,]", "[1 2]", "nul", "True", "01", "1.",
        ".5", "+1", "1e", "0x10", "NaN", "Infinity", "-Infinity", "{} {}", "{}x", "\u{FEFF}{}", "{\"a\": \"line\nend\"}", "\"\\x41\"",
        "\"\\u12\"", "\"\\ud83d\"", "\"\\udc00\"", "// {}", " ", "\0", "{}\0", "name=x&tags=y", "<image/>",
    ]

    @Test(arguments: wanting)
    func `that are no JSON are refused`(_ method: String, _ path: String, _ type: String) throws {
        let image = try image()
        let before = try glance.image(image)
        for text in Self.notJSON {
            let reply = try glance.send(method, path.replacing("{image}", with: image), as: .admin, json: text, type: type)
            #expect(reply.status == 400, "\(text)")
        }
        #expect(try glance.image(image) == before)
    }

    @Test(arguments: wanting)
    func `that are neither object nor list are refused`(_ method: String, _ path: String, _ type: String) throws {
        let image = try image()
        for text in [#""x""#, "5", "-1.5e3", "null", "true", "false"] {
            let reply = try glance.send(method, path.replacing("{image}", with: image), as: .admin, json: text, type: type)
            #expect(reply.status == 400, "\(text)")
        }
    }

    @Test(arguments: wanting)
    func `that are the other one of object and list are refused`(_ method: String, _ path: String, _ type: String) throws {
        let path = path.replacing("{image}", with: try image())
        for text in method == "PATCH" ? ["{}", #"{"op": "add", "path": "/x", "value": "y"}"#] : ["[]", "[{}]", #"[{"member": "bolt"}]"#] {
            #expect(try glance.send(method, path, as: .admin, json: text, type: type).status == 400, "\(text)")
        }
    }

    @Test(arguments: wanting)
    func `that are no UTF-8 are refused`(_ method: String, _ path: String, _ type: String) throws {
        let path = path.replacing("{image}", with: try image())
        let wrong: [[UInt8]] = [[0xFF], [0xC3], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80]]
        for bytes in wrong {
            let object = Array(#"{"name": "a"#.utf8) + bytes + Array(#"b"}"#.utf8)
            let list = Array(#"[{"op": "add", "add": "/x", "path": "/x", "value": "a"#.utf8) + bytes + Array(#"b"}]"#.utf8)
            let reply = try glance.send(method, path, as: .admin, ["Content-Type": type], body: method == "PATCH" ? list : object)
            #expect(reply.status == 400, "\(bytes)")
        }
    }

    /// `CreateRefusalTests`, `PatchRefusalTests` and `TagTests` check images and tags.
    @Test(arguments: ["😀", "bolt😀", #"\ud83d\ude00"#])
    func `with letters of four bytes are refused where a member is named`(_ project: String) throws {
        let image = try glance.hasImage()
        #expect(try glance.send("POST", "/v2/images/\(image)/members", json: #"{"member": "\#(project)"}"#).status == 400)
        #expect(try glance.count("image_members", where: "image_id = '\(image)'") == 0)
    }

    @Test(arguments: ["application/json", "text/plain", "application/octet-stream", "application/x-www-form-urlencoded", "", "garbage"])
    func `may have any type when an image is created`(_ type: String) throws {
        let reply = try glance.send("POST", "/v2/images", json: #"{"name": "typed"}"#, type: type)
        #expect(reply.status == 201)
        #expect(reply.json["name"]?.string == "typed")
    }

    @Test func `may have no type when an image is created`() throws {
        #expect(try glance.send("POST", "/v2/images", body: Array(#"{"name": "typed"}"#.utf8)).json["name"]?.string == "typed")
    }

    @Test func `may come in chunks`() throws {
        let head = glance.head("POST", "/v2/images", .alice, ["Transfer-Encoding": "chunked"])
        let reply = try glance.raw(head + Array("9\r\n{\"name\": \r\n9\r\n\"chunks\"}\r\n0\r\n\r\n".utf8))
        #expect(reply.status == 201)
        #expect(reply.json["name"]?.string == "chunks")
    }

    @Test func `may have blanks around everything`() throws {
        let reply = try glance.create(" \t\r\n{ \"name\" \n:\t\"blank\" , \"tags\" : [ ] }\r\n ")
        #expect(reply.status == 201)
        #expect(reply.json["name"]?.string == "blank")
    }

    @Test func `that name a field twice mean the last`() throws {
        #expect(try glance.create(#"{"name": "first", "name": "last"}"#).json["name"]?.string == "last")
    }

    @Test func `may write their letters as escapes`() throws {
        let reply = try glance.create(#"{"n\u0061me": "\u00e9\u20ac\/\"\\\b\f\n\r\t", "k\u00e9y": "v"}"#)
        #expect(reply.json["name"]?.string == "é€/\"\\\u{8}\u{c}\n\r\t")
        #expect(reply.json["kéy"]?.string == "v")
        #expect(try glance.image(reply.json["id"]?.string ?? "") == reply.json)
    }
}
