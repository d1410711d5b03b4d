import TestSupport
import Testing

@Suite(.sharesServices) struct `Tags and resource types of a namespace` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    @Test func `a tag is made, shown, renamed and deleted`() throws {
        let path = "namespaces/\(try glance.hasNamespace())/tags"
        let made = try glance.metadef("POST", "\(path)/one%20word")
        #expect(made.status == 201)
        #expect(made.json.keys == ["name", "created_at", "updated_at"])
        #expect(try glance.shown("\(path)/one%20word") == made.json)
        #expect(try glance.metadef("POST", "\(path)/ONE%20word").status == 409)
        #expect(try glance.metadef("POST", "\(path)/two").status == 201)
        #expect(try glance.metadef("PUT", "\(path)/two", json: #"{"name": "one word"}"#).status == 409)
        #expect(try glance.metadef("PUT", "\(path)/two", json: #"{"name": "three"}"#).json["name"]?.string == "three")
        #expect(try glance.metadef("PUT", "\(path)/two", json: #"{"name": "four"}"#).status == 404)
        #expect(try glance.names(of: "tags", at: path) == ["three", "one word"])
        #expect(try glance.metadef("DELETE", "\(path)/three").status == 204)
        #expect(try glance.metadef("DELETE", "\(path)/three").status == 404)
        #expect(try glance.metadef("DELETE", path).status == 204)
        #expect(try glance.shown(path) == ["tags": []])
    }

    @Test func `several tags take the place of all, or are added`() throws {
        let path = "namespaces/\(try glance.hasNamespace(everything))/tags"
        let made = try glance.metadef("POST", path, json: #"{"tags": [{"name": "a"}, {"name": "b"}]}"#)
        #expect(made.status == 201)
        #expect(made.json == ["tags": [["name": "a"], ["name": "b"]]])
        #expect(try glance.names(of: "tags", at: path) == ["b", "a"])
        #expect(try glance.metadef("POST", path, json: #"{"tags": [{"name": "c"}]}"#, ["X-Openstack-Append": "True"]).status == 201)
        #expect(try glance.names(of: "tags", at: path) == ["c", "b", "a"])
        // A list without tags, or with a tag twice, changes nothing.
        #expect(try glance.metadef("POST", path, json: #"{"tags": []}"#).status == 201)
        #expect(try glance.metadef("POST", path, json: #"{"tags": [{"name": "d"}, {"name": "D"}]}"#).status == 409)
        #expect(
            try glance.metadef("POST", path, json: #"{"tags": [{"name": "d"}, {"name": "A"}]}"#, ["X-Openstack-Append": "yes"]).status
                == 409)
        #expect(try glance.names(of: "tags", at: path) == ["c", "b", "a"])
        #expect(try glance.metadef("POST", path, json: #"{"tags": [{"name": "d"}]}"#, ["X-Openstack-Append": "false"]).status == 201)
        #expect(try glance.names(of: "tags", at: path) == ["d"])
    }

    @Test func `tags are listed newest first, in pieces`() throws {
        let path = "namespaces/\(try glance.hasNamespace(#""tags": [{"name": "b"}, {"name": "c"}, {"name": "a"}]"#))/tags"
        #expect(try glance.names(of: "tags", at: path) == ["a", "c", "b"])
        #expect(try glance.names(of: "tags", at: "\(path)?limit=2") == ["a", "c"])
        #expect(try glance.names(of: "tags", at: "\(path)?limit=2&marker=c") == ["b"])
        #expect(try glance.names(of: "tags", at: "\(path)?limit=0") == [])
        #expect(try glance.names(of: "tags", at: "\(path)?sort_key=name&sort_dir=asc&marker=a") == ["b", "c"])
        #expect(try glance.metadef("GET", "\(path)?marker=d").status == 404)
        for query in ["limit=-1", "limit=x", "sort_dir=up", "sort_key=unknown"] {
            #expect(try glance.metadef("GET", "\(path)?\(query)").status == 400, "\(query)")
        }
    }

    @Test(arguments: [
        ("{}", 400), (#"{"tags": {}}"#, 400), (#"{"tags": ["a"]}"#, 400), (#"{"tags": [{}]}"#, 400), (#"{"tags": [{"name": ""}]}"#, 400),
        (#"{"tags": [{"name": "r", "x": 1}]}"#, 400), (#"{"tags": [{"name": "r"}], "x": 1}"#, 400), (#"{"tags": [{"name": "😀"}]}"#, 400),
        (#"{"tags": [{"name": "\#(text(of: 81))"}]}"#, 400), ("[]", 400), ("", 400),
    ]) func `several tags are refused that make no sense`(_ json: String, _ status: Int) throws {
        let path = "namespaces/\(try glance.hasNamespace(everything))/tags"
        #expect(try glance.metadef("POST", path, json: json).status == status)
        #expect(try glance.names(of: "tags", at: path) == ["two", "one"])
    }

    @Test func `a tag is refused that makes no sense`() throws {
        let path = "namespaces/\(try glance.hasNamespace(everything))/tags"
        #expect(try glance.metadef("POST", "\(path)/\(text(of: 81))").status == 400)
        #expect(try glance.metadef("POST", "\(path)/%F0%9F%98%80").status == 400)
        #expect(try glance.metadef("POST", "\(path)/new", json: "{}").status == 400)
        for (json, status) in [
            ("{}", 400), (#"{"name": ""}"#, 400), (#"{"name": "r", "x": 1}"#, 400), (#"{"name": "r", "created_at": "x"}"#, 403),
        ] {
            #expect(try glance.metadef("PUT", "\(path)/one", json: json).status == status, "\(json)")
        }
        #expect(try glance.names(of: "tags", at: path) == ["two", "one"])
    }

    @Test func `a resource type is associated, listed and dissociated, and stays`() throws {
        let path = "namespaces/\(try glance.hasNamespace())/resource_types"
        let made = try glance.metadef("POST", path, json: #"{"name": "Tests::Stack", "prefix": "s_", "properties_target": "stack"}"#)
        #expect(made.status == 201)
        #expect(made.json.keys == ["name", "prefix", "properties_target", "created_at", "updated_at"])
        #expect(try glance.metadef("POST", path, json: #"{"name": "Tests::Volume"}"#).json.keys == ["name", "created_at", "updated_at"])
        #expect(try glance.shown(path)["resource_type_associations"]?.array?.first == made.json)
        #expect(try glance.names(of: "resource_type_associations", at: path) == ["Tests::Stack", "Tests::Volume"])
        #expect(try glance.metadef("POST", path, json: #"{"name": "tests::stack"}"#).status == 409)
        #expect(try glance.metadef("DELETE", "\(path)/Tests::Stack").status == 204)
        #expect(try glance.metadef("DELETE", "\(path)/Tests::Stack").status == 404)
        let types = try glance.shown("resource_types")["resource_types"]?.array ?? []
        #expect(types.count { $0["name"]?.string == "Tests::Stack" } == 1)
        #expect(types.first?.keys == ["name", "created_at", "updated_at"])

        for (json, status) in [
            ("{}", 400), (#"{"name": ""}"#, 400), (#"{"name": "r", "x": 1}"#, 400), (#"{"name": "r", "created_at": "x"}"#, 403),
            (#"{"name": "😀"}"#, 400),
            (#"{"name": "r", "prefix": "\#(text(of: 81))"}"#, 400), (#"{"name": "\#(text(of: 81))"}"#, 400),
        ] {
            #expect(try glance.metadef("POST", path, json: json).status == status, "\(json)")
        }
        #expect(try glance.names(of: "resource_type_associations", at: path) == ["Tests::Volume"])
    }

    @Test func `of the same made at once there is one`() async throws {
        let name = try glance.hasNamespace()
        let glance = glance
        for (path, body) in [
            ("tags/same", nil), ("objects", #"{"name": "same"}"#), ("properties", #"{"name": "same", "type": "string", "title": "t"}"#),
            ("resource_types", #"{"name": "Tests::Race"}"#),
        ] as [(String, String?)] {
            let statuses = try await atOnce(6) { _ in
                let path = "namespaces/\(name)/\(path)"
                return try body.map { try glance.metadef("POST", path, json: $0).status } ?? glance.metadef("POST", path).status
            }
            #expect(statuses.sorted() == [201, 409, 409, 409, 409, 409], "\(path)")
        }
        let statuses = try await atOnce(6) { _ in
            try glance.metadef("POST", "namespaces", json: #"{"namespace": "raced", \#(everything)}"#).status
        }
        #expect(statuses.sorted() == [201, 409, 409, 409, 409, 409])
        #expect(try glance.names(of: "tags", at: "namespaces/raced/tags") == ["two", "one"])
    }

    @Test func `what is added while its namespace goes is gone with it, or too late`() async throws {
        let glance = glance
        for _ in 0..<5 {
            let name = try glance.hasNamespace()
            let statuses = try await atOnce(6) { number in
                number == 3
                    ? try glance.metadef("DELETE", "namespaces/\(name)").status
                    : try glance.metadef("POST", "namespaces/\(name)/tags/t\(number)").status
            }
            #expect(statuses[3] == 204)
            #expect(statuses.allSatisfy { [201, 204, 404].contains($0) }, "\(statuses)")
            #expect(
                try glance.rows("SELECT 1 FROM metadef_tags WHERE namespace_id NOT IN (SELECT id FROM metadef_namespaces)").isEmpty)
        }
    }
}
