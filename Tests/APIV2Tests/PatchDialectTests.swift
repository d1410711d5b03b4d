import TestSupport
import Testing

@Suite(.sharesServices) struct `The two dialects of changes` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    static let types = "application/openstack-images-v2.0-json-patch, application/openstack-images-v2.1-json-patch"

    @Test(arguments: [
        "application/json", "application/json-patch+json", "text/plain", "application/octet-stream",
        "application/openstack-images-v2.2-json-patch", "application/openstack-images-v2-json-patch",
        "application/openstack-images-v2.1-json-patch-more", "application/openstack-images-v2.1-json", "*/*", "garbage",
    ])
    func `are told by their media type, and others are 415`(_ type: String) throws {
        let id = try glance.hasImage()
        let reply = try glance.send("PATCH", "/v2/images/\(id)", json: #"[{"op": "add", "path": "/name", "value": "x"}]"#, type: type)
        #expect(reply.status == 415)
        #expect(reply["Accept-Patch"] == Self.types)
        #expect(try glance.image(id)["name"] == .null)
    }

    @Test func `are 415 without any media type`() throws {
        let id = try glance.hasImage()
        let reply = try glance.send("PATCH", "/v2/images/\(id)", body: Array("[]".utf8))
        #expect(reply.status == 415)
        #expect(reply["Accept-Patch"] == Self.types)
    }

    @Test(arguments: ["v2.0", "v2.1"])
    func `may have parameters after their media type`(_ dialect: String) throws {
        let id = try glance.hasImage()
        for rest in [";charset=utf-8", "; charset=UTF-8"] {
            let type = "application/openstack-images-\(dialect)-json-patch\(rest)"
            #expect(try glance.send("PATCH", "/v2/images/\(id)", json: "[]", type: type).status == 200)
        }
    }

    /// The same as v2.1's `{"op": verb, "path": path, "value": value}`.
    private func change(_ id: String, _ dialect: String, _ verb: String, _ path: String, _ value: String? = nil) throws -> Reply {
        let value = value.map { #", "value": \#($0)"# } ?? ""
        let change = dialect == "v2.0" ? #"[{"\#(verb)": "\#(path)"\#(value)}]"# : #"[{"op": "\#(verb)", "path": "\#(path)"\#(value)}]"#
        return try glance.patch(id, change, dialect: dialect)
    }

    static let dialects = ["v2.0", "v2.1"]

    @Test(arguments: dialects)
    func `can both replace, add and remove`(_ dialect: String) throws {
        let id = try glance.hasImage(#"{"name": "before", "old": "1", "kept": "2"}"#)
        #expect(try change(id, dialect, "replace", "/name", #""after""#).json["name"]?.string == "after")
        #expect(try change(id, dialect, "replace", "/kept", #""3""#).json["kept"]?.string == "3")
        #expect(try change(id, dialect, "add", "/new", #""4""#).json["new"]?.string == "4")
        #expect(try change(id, dialect, "remove", "/old").json.has("old") == false)
        let image = try glance.image(id)
        #expect(image["name"]?.string == "after")
        #expect(image["kept"]?.string == "3")
        #expect(image["new"]?.string == "4")
        #expect(!image.has("old"))
    }

    @Test func `differ in what add means: v2.1 overwrites`() throws {
        let id = try glance.hasImage(#"{"name": "before", "p": "1", "tags": ["a"], "min_disk": 1}"#)
        #expect(try change(id, "v2.1", "add", "/p", #""2""#).json["p"]?.string == "2")
        #expect(try change(id, "v2.1", "add", "/name", #""after""#).json["name"]?.string == "after")
        #expect(try change(id, "v2.1", "add", "/tags", #"["b"]"#).json["tags"]?.texts == ["b"])
        #expect(try change(id, "v2.1", "add", "/min_disk", "2").json["min_disk"]?.int == 2)
    }

    @Test(arguments: [
        ("p", #""2""#), ("name", #""x""#), ("tags", "[]"), ("visibility", #""private""#), ("owner", #""acme""#), ("protected", "true"),
        ("os_hidden", "true"), ("min_disk", "1"), ("min_ram", "1"), ("disk_format", #""raw""#), ("container_format", #""bare""#),
    ])
    func `differ in what add means: v2.0 is 409 for what is there`(_ field: String, _ value: String) throws {
        let id = try glance.hasImage(#"{"p": "1"}"#)
        let before = try glance.image(id)
        #expect(try change(id, "v2.0", "add", "/\(field)", value).status == 409)
        #expect(try glance.image(id) == before)
    }

    @Test func `know a property that an earlier change of the same list made`() throws {
        let id = try glance.hasImage()
        let twice = #"[{"add": "/p", "value": "1"}, {"add": "/p", "value": "2"}]"#
        #expect(try glance.patch(id, twice, dialect: "v2.0").status == 409)
        #expect(!(try glance.image(id).has("p")))
        let then = #"[{"add": "/p", "value": "1"}, {"replace": "/p", "value": "2"}, {"remove": "/p"}, {"add": "/p", "value": "3"}]"#
        #expect(try glance.patch(id, then, dialect: "v2.0").json["p"]?.string == "3")
    }

    static let malformed: [(String, String, String)] = [
        ("not an array", "v2.1", #"{"op": "add", "path": "/x", "value": "y"}"#), ("not an array", "v2.0", #"{"add": "/x", "value": "y"}"#),
        ("an element that is no object", "v2.1", "[5]"), ("an element that is no object", "v2.0", #"["add"]"#),
        ("an element that is a list", "v2.1", "[[]]"), ("an element that is null", "v2.1", "[null]"), ("an empty element", "v2.1", "[{}]"),
        ("an empty element", "v2.0", "[{}]"), ("no op", "v2.1", #"[{"path": "/x", "value": "y"}]"#),
        ("op null", "v2.1", #"[{"op": null, "path": "/x", "value": "y"}]"#),
        ("op a number", "v2.1", #"[{"op": 5, "path": "/x", "value": "y"}]"#),
        ("op empty", "v2.1", #"[{"op": "", "path": "/x", "value": "y"}]"#),
        ("op in capitals", "v2.1", #"[{"op": "ADD", "path": "/x", "value": "y"}]"#),
        ("op unknown", "v2.1", #"[{"op": "append", "path": "/x", "value": "y"}]"#),
        ("move", "v2.1", #"[{"op": "move", "from": "/name", "path": "/x"}]"#),
        ("copy", "v2.1", #"[{"op": "copy", "from": "/name", "path": "/x"}]"#),
        ("test", "v2.1", #"[{"op": "test", "path": "/name", "value": null}]"#),
        ("the older form", "v2.1", #"[{"add": "/x", "value": "y"}]"#),
        ("the newer form", "v2.0", #"[{"op": "add", "path": "/x", "value": "y"}]"#), ("no verb", "v2.0", #"[{"value": "y"}]"#),
        ("move", "v2.0", #"[{"move": "/x", "value": "y"}]"#), ("two verbs", "v2.0", #"[{"add": "/x", "replace": "/name", "value": "y"}]"#),
        ("three verbs", "v2.0", #"[{"add": "/x", "replace": "/x", "remove": "/x", "value": "y"}]"#),
        ("no path", "v2.1", #"[{"op": "add", "value": "y"}]"#),
        ("path null", "v2.1", #"[{"op": "add", "path": null, "value": "y"}]"#),
        ("path a number", "v2.1", #"[{"op": "add", "path": 5, "value": "y"}]"#),
        ("path a list", "v2.1", #"[{"op": "add", "path": ["x"], "value": "y"}]"#),
        ("path a number", "v2.0", #"[{"add": 5, "value": "y"}]"#),
        ("path null", "v2.0", #"[{"add": null, "value": "y"}]"#), ("no value for add", "v2.1", #"[{"op": "add", "path": "/x"}]"#),
        ("no value for replace", "v2.1", #"[{"op": "replace", "path": "/name"}]"#), ("no value for add", "v2.0", #"[{"add": "/x"}]"#),
        ("no value for replace", "v2.0", #"[{"replace": "/name"}]"#),
    ]

    @Test(arguments: malformed)
    func `are 400 where the list is no list of changes`(_ row: String, _ dialect: String, _ list: String) throws {
        let id = try glance.hasImage(#"{"name": "whole"}"#)
        let before = try glance.image(id)
        #expect(try glance.patch(id, list, dialect: dialect).status == 400, "\(row)")
        // It is refused behind a correct change too, which then has no effect.
        let right = dialect == "v2.0" ? #"{"replace": "/name", "value": "half"}"# : #"{"op": "replace", "path": "/name", "value": "half"}"#
        if list.hasPrefix("[") {
            #expect(try glance.patch(id, "[\(right), \(list.dropFirst())", dialect: dialect).status == 400, "\(row)")
        }
        #expect(try glance.image(id) == before)
    }

    @Test(
        arguments: dialects,
        [
            ("no slash before", "name"), ("empty", ""), ("a slash after", "/name/"), ("slashes alone", "//"),
            ("two slashes in the middle", "/a//b"),
            ("three slashes before", "///name"), ("a blank between slashes", "/a/ /b"), ("~ before a letter", "/a~b"),
            ("~ before 2", "/a~2b"),
            ("~ at the end", "/ab~"), ("two ~", "/a~~0"), ("two deep", "/name/first"), ("two deep in a property", "/p/x"),
            ("a tag by number", "/tags/0"),
            ("the tag behind the last", "/tags/-"), ("three deep", "/a/b/c"),
        ])
    func `are 400 where a pointer is none`(_ dialect: String, _ row: (String, String)) throws {
        let id = try glance.hasImage(#"{"name": "n", "p": "v", "tags": ["t"]}"#)
        let before = try glance.image(id)
        for verb in ["add", "replace", "remove"] {
            #expect(try change(id, dialect, verb, row.1, verb == "remove" ? nil : #""x""#).status == 400, "\(row.0) \(verb)")
        }
        #expect(try glance.image(id) == before)
    }

    @Test(
        arguments: dialects,
        [
            ("/a~1b", "a/b"), ("/a~0b", "a~b"), ("/a~01b", "a~1b"), ("/~1~0", "/~"), ("/ trimmed ", "trimmed"), ("//twice", "twice"),
            ("/x y", "x y"),
            ("/ä€", "ä€"), (#"/quote\"d"#, "quote\"d"), ("/", ""),
        ])
    func `decode pointers alike`(_ dialect: String, _ row: (String, String)) throws {
        let id = try glance.hasImage()
        #expect(try change(id, dialect, "replace", row.0, #""0""#).status == 409)
        #expect(try change(id, dialect, "add", row.0, #""1""#).json[row.1]?.string == "1")
        #expect(try change(id, dialect, "replace", row.0, #""2""#).json[row.1]?.string == "2")
        #expect(try glance.image(id)[row.1]?.string == "2")
        #expect(try change(id, dialect, "remove", row.0).json.has(row.1) == false)
    }

    @Test(arguments: dialects)
    func `find a field behind two slashes, or between blanks`(_ dialect: String) throws {
        let id = try glance.hasImage()
        #expect(try change(id, dialect, "replace", "//name", #""a""#).json["name"]?.string == "a")
        #expect(try change(id, dialect, "replace", "/ name ", #""b""#).json["name"]?.string == "b")
    }

    @Test(arguments: dialects)
    func `do not look at what a change holds besides`(_ dialect: String) throws {
        let id = try glance.hasImage(#"{"p": "v"}"#)
        #expect(try change(id, dialect, "remove", "/p", "5").status == 200)
        #expect(!(try glance.image(id).has("p")))
        let more =
            dialect == "v2.0"
            ? #"[{"replace": "/name", "value": "n", "why": 5}]"# : #"[{"op": "replace", "path": "/name", "value": "n", "from": 5}]"#
        #expect(try glance.patch(id, more, dialect: dialect).json["name"]?.string == "n")
    }
}
