import TestSupport
import Testing

@Suite(.sharesServices) struct `A namespace of metadata definitions` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    @Test func `is made with all that is in it, and shown whole`() throws {
        let name = try glance.hasNamespace(everything)
        let shown = try glance.shown("namespaces/\(name)")
        #expect(
            shown.keys == [
                "namespace", "display_name", "description", "visibility", "protected", "owner", "created_at", "updated_at",
                "resource_type_associations", "properties", "objects", "tags", "self", "schema",
            ])
        #expect(shown["resource_type_associations"]?.array?.map { $0["prefix"]?.string } == ["t:", nil])
        #expect(shown["resource_type_associations"]?.array?.first?["properties_target"]?.string == "image")
        #expect(shown["properties"]?["size"] == ["type": "integer", "title": "Size", "default": "3", "minimum": 1])
        #expect(shown["objects"]?.array?.first?["required"]?.texts == ["shares"])
        #expect(shown["objects"]?.array?.first?["properties"] == ["shares": ["type": "integer", "title": "Shares"]])
        #expect(shown["objects"]?.array?.first?["self"]?.string == "/v2/metadefs/namespaces/\(name)/objects/Limits")
        #expect(shown["tags"] == [["name": "two"], ["name": "one"]])
        #expect(shown["self"]?.string == "/v2/metadefs/namespaces/\(name)")
        #expect(shown["schema"]?.string == "/v2/schemas/metadefs/namespace")
    }

    @Test func `is private, not protected and its maker's unless said otherwise`() throws {
        let reply = try glance.metadef("POST", "namespaces", json: #"{"namespace": "bare"}"#)
        #expect(reply.status == 201)
        #expect(reply["Location"] == "\(glance.address)/v2/metadefs/namespaces/bare")
        #expect(reply.json.keys == ["namespace", "visibility", "protected", "owner", "created_at", "updated_at", "self", "schema"])
        #expect(reply.json["visibility"]?.string == "private")
        #expect(reply.json["protected"]?.bool == false)
        #expect(reply.json["owner"]?.string == "cloud")
    }

    @Test func `gives the names that its properties have on resources of a type`() throws {
        let name = try glance.hasNamespace(everything)
        let shown = try glance.shown("namespaces/\(name)?resource_type=Tests::Flavor")
        #expect(Set(shown["properties"]?.keys ?? []) == ["t:size", "t:kind"])
        #expect(shown["objects"]?.array?.first?["required"]?.texts == ["t:shares"])
        #expect(shown["objects"]?.array?.first?["properties"]?.keys == ["t:shares"])
        for type in ["Tests::Image", "Tests::Unknown", ""] {
            let shown = try glance.shown("namespaces/\(name)?resource_type=\(type)")
            #expect(Set(shown["properties"]?.keys ?? []) == ["size", "kind"], "\(type)")
        }
    }

    @Test func `is found whatever the case of its name, and there is only one of it`() throws {
        let name = try glance.hasNamespace()
        #expect(try glance.shown("namespaces/\(name.uppercased())")["namespace"]?.string == name)
        let again = try glance.metadef("POST", "namespaces", json: #"{"namespace": "\#(name.uppercased())"}"#)
        #expect(again.status == 409)
    }

    @Test func `becomes what a change says, and what that leaves out is as on a new one`() throws {
        let name = try glance.hasNamespace(everything)
        let reply = try glance.metadef("PUT", "namespaces/\(name)", json: #"{"namespace": "\#(name)2", "display_name": "Other"}"#)
        #expect(reply.status == 200)
        #expect(
            reply.json.keys == [
                "namespace", "display_name", "visibility", "protected", "owner", "created_at", "updated_at", "self", "schema",
            ])
        #expect(reply.json["visibility"]?.string == "private")
        #expect(reply.json["owner"]?.string == "cloud")
        #expect(try glance.metadef("GET", "namespaces/\(name)").status == 404)
        #expect(try glance.shown("namespaces/\(name)2")["objects"]?.array?.count == 1)

        let other = try glance.hasNamespace()
        #expect(try glance.metadef("PUT", "namespaces/\(name)2", json: #"{"namespace": "\#(other)"}"#).status == 409)
        #expect(try glance.metadef("PUT", "namespaces/\(name)", json: #"{"namespace": "\#(other)"}"#).status == 404)
    }

    @Test func `takes back what it showed, with what is in it, as clients send it`() throws {
        let name = try glance.hasNamespace(everything)
        let before = try glance.shown("namespaces/\(name)")
        var sent = before.object ?? [:]
        for field in ["self", "schema", "created_at", "updated_at"] { sent[field] = nil }
        #expect(
            try glance.metadef("PUT", "namespaces/\(name)", json: String(decoding: JSONValue.object(sent).text, as: UTF8.self)).status
                == 200)
        #expect(try glance.shown("namespaces/\(name)/objects/Limits") == before["objects"]?.array?.first)
    }

    @Test func `goes with all that is in it, and resource types stay`() throws {
        let glance = try TestGlance()
        let name = try glance.hasNamespace(everything)
        #expect(try glance.metadefRows() == ["1", "1", "2", "2", "2", "2"])
        #expect(try glance.metadef("DELETE", "namespaces/\(name)").status == 204)
        #expect(try glance.metadefRows() == ["0", "0", "0", "0", "2", "0"])
        #expect(try glance.names(of: "resource_types", at: "resource_types") == ["Tests::Flavor", "Tests::Image"])
        #expect(try glance.metadef("DELETE", "namespaces/\(name)").status == 404)
    }

    @Test func `that is protected keeps all that it has, and can be added to`() throws {
        let name = try glance.hasNamespace(#""protected": true, \#(everything)"#)
        let before = try glance.shown("namespaces/\(name)")
        for path in [
            "", "/objects", "/properties", "/tags", "/objects/Limits", "/properties/size", "/tags/one", "/resource_types/Tests::Image",
        ] {
            #expect(try glance.metadef("DELETE", "namespaces/\(name)\(path)").status == 403, "\(path)")
        }
        #expect(try glance.metadef("DELETE", "namespaces/\(name)/objects/None").status == 404)
        #expect(try glance.shown("namespaces/\(name)") == before)
        #expect(try glance.metadef("POST", "namespaces/\(name)/tags/three").status == 201)
    }

    @Test func `leaves nothing behind when something in it cannot be`() throws {
        let glance = try TestGlance()
        for contents in [
            #""objects": [{"name": "a"}, {"name": "A"}]"#, #""tags": [{"name": "a"}, {"name": "a"}]"#,
            #""resource_type_associations": [{"name": "Kept::Type"}, {"name": "kept::type"}]"#,
        ] {
            let reply = try glance.metadef("POST", "namespaces", json: #"{"namespace": "undone", \#(contents)}"#)
            #expect(reply.status == 409, "\(contents)")
            #expect(try glance.metadefRows() == ["0", "0", "0", "0", "0", "0"], "\(contents)")
        }
    }

    static let refused: [(String, Int)] = [
        ("{}", 400), (#"{"namespace": ""}"#, 400), (#"{"namespace": 1}"#, 400), (#"{"namespace": "a/b"}"#, 400),
        (#"{"namespace": "\#(text(of: 81))"}"#, 400), (#"{"namespace": "\u0000"}"#, 400), (#"{"namespace": "😀"}"#, 400),
        (#"{"namespace": "r", "display_name": "\#(text(of: 81))"}"#, 400),
        (#"{"namespace": "r", "description": "\#(text(of: 501))"}"#, 400),
        (#"{"namespace": "r", "owner": "\#(text(of: 256))"}"#, 400), (#"{"namespace": "r", "owner": "😀"}"#, 400),
        (#"{"namespace": "r", "visibility": "shared"}"#, 400), (#"{"namespace": "r", "protected": null}"#, 400),
        (#"{"namespace": "r", "unknown": 1}"#, 400), (#"{"namespace": "r", "self": "x"}"#, 403),
        (#"{"namespace": "r", "schema": "x"}"#, 403),
        (#"{"namespace": "r", "created_at": "x"}"#, 403), (#"{"namespace": "r", "updated_at": "x"}"#, 403),
        (#"{"namespace": "r", "tags": [{}]}"#, 400), (#"{"namespace": "r", "tags": [{"name": "\#(text(of: 81))"}]}"#, 400),
        (#"{"namespace": "r", "tags": ["a"]}"#, 400), (#"{"namespace": "r", "objects": [{}]}"#, 400),
        (#"{"namespace": "r", "objects": [{"name": "a", "x": 1}]}"#, 400), (#"{"namespace": "r", "objects": {"name": "a"}}"#, 400),
        (#"{"namespace": "r", "resource_type_associations": [{}]}"#, 400),
        (#"{"namespace": "r", "resource_type_associations": [{"name": "a", "x": 1}]}"#, 400),
        (#"{"namespace": "r", "resource_type_associations": [{"name": "a", "prefix": "\#(text(of: 81))"}]}"#, 400),
        (#"{"namespace": "r", "properties": {"p": {"type": "string"}}}"#, 400),
        (#"{"namespace": "r", "properties": {"p": {"type": "string", "title": "t", "required": ["a"]}}}"#, 400),
        (#"{"namespace": "r", "properties": {"p": {"type": "string", "title": "t", "x": 1}}}"#, 400),
        (#"{"namespace": "r", "properties": {"\#(text(of: 81))": {"type": "string", "title": "t"}}}"#, 400),
        (#"{"namespace": "r", "properties": {"": {"type": "string", "title": "t"}}}"#, 400), ("[]", 400), (#""r""#, 400), ("{", 400),
        ("", 400),
    ]

    @Test(arguments: refused) func `is refused that makes no sense`(_ json: String, _ status: Int) throws {
        #expect(try glance.metadef("POST", "namespaces", json: json).status == status)
        #expect(try glance.metadef("GET", "namespaces/r").status == 404)
        let name = try glance.hasNamespace()
        let before = try glance.shown("namespaces/\(name)")
        #expect(try glance.metadef("PUT", "namespaces/\(name)", json: json).status == status)
        #expect(try glance.shown("namespaces/\(name)") == before)
    }

    @Test func `holds so many of a kind, and not more`() throws {
        func tags(_ count: Int) -> String { (0..<count).map { #"{"name": "t\#($0)"}"# }.joined(separator: ", ") }
        let name = "full"
        #expect(try glance.metadef("POST", "namespaces", json: #"{"namespace": "full", "tags": [\#(tags(1001))]}"#).status == 413)
        #expect(try glance.metadef("GET", "namespaces/full").status == 404)
        #expect(try glance.metadef("POST", "namespaces", json: #"{"namespace": "full", "tags": [\#(tags(1000))]}"#).status == 201)
        #expect(try glance.metadef("POST", "namespaces/\(name)/tags/more").status == 413)
        #expect(try glance.names(of: "tags", at: "namespaces/\(name)/tags").count == 1000)
    }

    @Test func `is 404 under a name that none can have`() throws {
        for name in ["unknown", text(of: 81), "%F0%9F%98%80", "a%2Fb"] {
            for path in ["", "/objects", "/properties", "/tags", "/resource_types", "/objects/o", "/tags/t"] {
                #expect(try glance.metadef("GET", "namespaces/\(name)\(path)").status == 404, "\(name)\(path)")
            }
            #expect(try glance.metadef("DELETE", "namespaces/\(name)").status == 404)
            #expect(try glance.metadef("POST", "namespaces/\(name)/tags/t").status == 404)
        }
    }
}
