import TestSupport
import Testing

@Suite(.sharesServices) struct `Objects and properties of a namespace` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    @Test func `an object is made, shown, changed, renamed and deleted`() throws {
        let path = "namespaces/\(try glance.hasNamespace())/objects"
        let made = try glance.metadef(
            "POST", path,
            json:
                #"{"name": "Limits", "description": "d", "required": ["b", "a"], "properties": {"b": {"title": "B", "type": "array", "items": {"type": "string", "enum": ["x"]}}}}"#
        )
        #expect(made.status == 201)
        #expect(made["Location"] == nil)
        #expect(made.json.keys == ["name", "required", "description", "properties", "created_at", "updated_at", "self", "schema"])
        #expect(made.json["properties"]?["b"] == ["type": "array", "title": "B", "items": ["type": "string", "enum": ["x"]]])
        #expect(try glance.shown("\(path)/Limits") == made.json)
        #expect(try glance.shown("\(path)/LIMITS")["name"]?.string == "Limits")
        #expect(try glance.metadef("POST", path, json: #"{"name": "limits"}"#).status == 409)

        let changed = try glance.metadef("PUT", "\(path)/Limits", json: #"{"name": "Bounds"}"#)
        #expect(changed.status == 200)
        #expect(changed.json["self"]?.string?.hasSuffix("/objects/Bounds") == true)
        #expect(try glance.metadef("GET", "\(path)/Limits").status == 404)
        let shown = try glance.shown("\(path)/Bounds")
        #expect(shown["required"] == [])
        #expect(shown["properties"] == [:])
        #expect(shown["description"] == nil)

        #expect(try glance.metadef("POST", path, json: #"{"name": "Other"}"#).status == 201)
        #expect(try glance.metadef("PUT", "\(path)/Bounds", json: #"{"name": "OTHER"}"#).status == 409)
        #expect(try glance.metadef("PUT", "\(path)/None", json: #"{"name": "New"}"#).status == 404)
        #expect(try glance.metadef("DELETE", "\(path)/Bounds").status == 204)
        #expect(try glance.metadef("DELETE", "\(path)/Bounds").status == 404)
        #expect(try glance.metadef("DELETE", path).status == 204)
        #expect(try glance.shown(path)["objects"] == [])
    }

    @Test func `objects are listed by name, or by what is asked for, in pieces`() throws {
        let path = "namespaces/\(try glance.hasNamespace())/objects"
        for name in ["c", "a", "B"] { #expect(try glance.metadef("POST", path, json: #"{"name": "\#(name)"}"#).status == 201) }
        #expect(try glance.shown(path)["schema"]?.string == "v2/schemas/metadefs/objects")
        #expect(try glance.names(of: "objects", at: path) == ["a", "B", "c"])
        #expect(try glance.names(of: "objects", at: "\(path)?sort_key=id&sort_dir=asc") == ["c", "a", "B"])
        #expect(try glance.names(of: "objects", at: "\(path)?sort_key=name") == ["c", "B", "a"])
        #expect(try glance.names(of: "objects", at: "\(path)?limit=2") == ["a", "B"])
        #expect(try glance.names(of: "objects", at: "\(path)?limit=2&marker=B") == ["c"])
        #expect(try glance.metadef("GET", "\(path)?marker=d").status == 404)
        for query in ["limit=0", "limit=x", "sort_dir=up", "sort_key=unknown"] {
            #expect(try glance.metadef("GET", "\(path)?\(query)").status == 400, "\(query)")
        }
    }

    static let refusedObjects: [(String, Int)] = [
        ("{}", 400), (#"{"name": ""}"#, 400), (#"{"name": "\#(text(of: 81))"}"#, 400), (#"{"name": "😀"}"#, 400),
        (#"{"name": "r", "x": 1}"#, 400),
        (#"{"name": "r", "self": "x"}"#, 403), (#"{"name": "r", "updated_at": "x"}"#, 403),
        (#"{"name": "r", "required": ["a", "a"]}"#, 400),
        (#"{"name": "r", "required": ["a,b"]}"#, 400), (#"{"name": "r", "required": [""]}"#, 400),
        (#"{"name": "r", "properties": {"p": {"title": "t"}}}"#, 400),
        (#"{"name": "r", "properties": {"p": {"type": "string", "title": "😀"}}}"#, 400),
        (#"{"name": "r", "properties": {"p": {"type": "string", "title": "t", "x": 1}}}"#, 400),
        (#"{"name": "r", "description": "\#(text(of: 65_536))"}"#, 400),
        (#"{"name": "r", "properties": {"p": {"type": "string", "title": "\#(text(of: 65_500))"}}}"#, 400), ("[]", 400), ("", 400),
    ]

    @Test(arguments: refusedObjects) func `an object is refused that makes no sense`(_ json: String, _ status: Int) throws {
        let path = "namespaces/\(try glance.hasNamespace(everything))/objects"
        let before = try glance.shown(path)
        #expect(try glance.metadef("POST", path, json: json).status == status)
        #expect(try glance.metadef("PUT", "\(path)/Limits", json: json).status == status)
        #expect(try glance.shown(path) == before)
    }

    @Test func `a property is made, shown, changed, renamed and deleted`() throws {
        let path = "namespaces/\(try glance.hasNamespace())/properties"
        let whole = """
            {"additionalItems": false, "maxItems": 2, "minItems": 1, "uniqueItems": true, "items": {"type": "string", "enum": ["é"]}, \
            "maxLength": 9, "minLength": 0, "pattern": "^a", "enum": ["a", "b"], "maximum": 1.5, "minimum": -1, "readonly": true, \
            "default": true, "operators": ["<or>"], "description": "d", "title": "T", "type": "array", "name": "p"}
            """
        let made = try glance.metadef("POST", path, json: whole)
        #expect(made.status == 201)
        #expect(
            made.json.keys == [
                "name", "type", "title", "description", "operators", "default", "readonly", "minimum", "maximum", "enum", "pattern",
                "minLength", "maxLength", "items", "uniqueItems", "minItems", "maxItems", "additionalItems",
            ])
        #expect(made.json["default"]?.string == "True")
        #expect(made.json["maximum"] == .double(1.5))
        #expect(try glance.shown("\(path)/p") == made.json)
        #expect(try glance.shown(path)["properties"]?["p"] == made.json)
        #expect(try glance.metadef("POST", path, json: #"{"name": "P", "type": "string", "title": "t"}"#).status == 409)

        #expect(try glance.metadef("PUT", "\(path)/p", json: #"{"name": "q", "type": "string", "title": "t"}"#).status == 200)
        #expect(try glance.shown(path) == ["properties": ["q": ["name": "q", "type": "string", "title": "t"]]])
        #expect(try glance.metadef("POST", path, json: #"{"name": "r", "type": "string", "title": "t"}"#).status == 201)
        #expect(try glance.metadef("PUT", "\(path)/q", json: #"{"name": "r", "type": "string", "title": "t"}"#).status == 409)
        #expect(try glance.metadef("PUT", "\(path)/none", json: #"{"name": "s", "type": "string", "title": "t"}"#).status == 404)
        #expect(try glance.metadef("DELETE", "\(path)/q").status == 204)
        #expect(try glance.metadef("DELETE", "\(path)/q").status == 404)
        #expect(try glance.metadef("DELETE", path).status == 204)
        #expect(try glance.shown(path) == ["properties": [:]])
    }

    /// As in a real Glance 33, lists show the name if the property's definition contains it.
    @Test func `a property shows its name in lists where it was made with one`() throws {
        let name = try glance.hasNamespace(
            """
            "resource_type_associations": [{"name": "Tests::Flavor", "prefix": "t:"}],
            "properties": {"of_map": {"type": "string", "title": "t"}, "named": {"name": "other", "type": "string", "title": "t"}},
            "objects": [{"name": "o", "properties": {"x": {"name": "y", "type": "string", "title": "t"}, "z": {"type": "string", "title": "t"}}}]
            """)
        let path = "namespaces/\(name)"
        #expect(
            try glance.metadef("POST", "\(path)/properties", json: #"{"title": "t", "type": "string", "name": "single"}"#).status == 201)
        let plain: JSONValue = ["type": "string", "title": "t"]
        func named(_ name: String) -> JSONValue { ["name": .string(name), "type": "string", "title": "t"] }
        let expected: [String: JSONValue] = ["of_map": plain, "named": named("other"), "single": named("single")]
        for person in [TestGlance.Person.admin, .bob] {
            let listed = try glance.shown("\(path)/properties", as: person)["properties"]
            let shown = try glance.shown(path, as: person)
            for (name, definition) in expected {
                #expect(listed?[name] == definition && shown["properties"]?[name] == definition, "\(name)")
                #expect(try glance.shown("\(path)/properties/\(name)", as: person) == named(name))
                #expect(try glance.shown("\(path)?resource_type=Tests::Flavor", as: person)["properties"]?["t:\(name)"] == definition)
            }
            #expect(shown["objects"]?.array?[0]["properties"] == ["x": named("y"), "z": plain])
        }
        #expect(
            try glance.metadef("PUT", "\(path)/properties/of_map", json: #"{"title": "t", "type": "string", "name": "new"}"#).status == 200)
        #expect(try glance.shown("\(path)/properties")["properties"]?["new"] == named("new"))
        let kept = try glance.rows("SELECT json_schema FROM metadef_properties WHERE name = 'new' OR name = 'single' ORDER BY name")
        #expect(kept.suffix(2).allSatisfy { $0[0]?.hasPrefix(#"{"name": "#) == true })
        let wrong = #"{"namespace": "wrong", "properties": {"p": {"name": 5, "type": "string", "title": "t"}}}"#
        #expect(try glance.metadef("POST", "namespaces", json: wrong).status == 400)
    }

    @Test func `a property is found by the name that it has on resources of a type`() throws {
        let path = "namespaces/\(try glance.hasNamespace(everything))/properties"
        #expect(try glance.shown("\(path)/t:size?resource_type=Tests::Flavor")["name"]?.string == "size")
        for name in [
            "size?resource_type=Tests::Flavor", "t:none?resource_type=Tests::Flavor", "size?resource_type=Tests::Image",
            "size?resource_type=Tests::None",
        ] {
            #expect(try glance.metadef("GET", "\(path)/\(name)").status == 404, "\(name)")
        }
        #expect(try glance.shown("\(path)/size?unknown=x")["name"]?.string == "size")
    }

    static let refusedProperties: [(String, Int)] = [
        (#""name": "", "type": "string", "title": "t""#, 400), (#""type": "string", "title": "t""#, 400),
        (#""name": "r", "title": "t""#, 400),
        (#""name": "r", "type": "string""#, 400), (#""name": "r", "type": "float", "title": "t""#, 400),
        (#""name": "r", "type": null, "title": "t""#, 400),
        (#""name": "\#(text(of: 81))", "type": "string", "title": "t""#, 400), (#""name": "r", "type": "string", "title": "😀""#, 400),
        (#""name": "r", "type": "string", "title": "t", "created_at": "x""#, 403),
        (#""name": "r", "type": "string", "title": "t", "x": 1"#, 400),
        (#""name": "r", "type": "string", "title": "t", "required": ["a"]"#, 400),
        (#""name": "r", "type": "string", "title": "t", "enum": [1]"#, 400),
        (#""name": "r", "type": "string", "title": "t", "items": {}"#, 400),
        (#""name": "r", "type": "string", "title": "t", "items": {"type": "string", "x": 1}"#, 400),
        (#""name": "r", "type": "string", "title": "t", "items": {"type": "string", "enum": [1]}"#, 400),
        (#""name": "r", "type": "string", "title": "t", "maxLength": -1"#, 400),
        (#""name": "r", "type": "string", "title": "t", "minItems": -1"#, 400),
        (#""name": "r", "type": "string", "title": "\#(text(of: 65_536))""#, 400),
    ]

    @Test(arguments: refusedProperties) func `a property is refused that makes no sense`(_ fields: String, _ status: Int) throws {
        let path = "namespaces/\(try glance.hasNamespace(everything))/properties"
        let before = try glance.shown(path)
        #expect(try glance.metadef("POST", path, json: "{\(fields)}").status == status)
        #expect(try glance.metadef("PUT", "\(path)/size", json: "{\(fields)}").status == status)
        #expect(try glance.shown(path) == before)
    }

    @Test func `what Glance wrote is read`() throws {
        let name = try glance.hasNamespace(
            #""objects": [{"name": "written"}], "properties": {"written": {"type": "string", "title": "t"}}"#)
        try glance.execute("UPDATE metadef_objects SET json_schema = 'null', required = '', updated_at = NULL WHERE name = 'written'")
        try glance.execute(
            #"UPDATE metadef_properties SET json_schema = '{"title": "T", "default": 5, "name": "written", "confidential": true, "own": 1}' WHERE name = 'written'"#
        )
        try glance.execute(
            "UPDATE metadef_namespaces SET visibility = NULL, protected = NULL, updated_at = NULL WHERE namespace = '\(name)'")
        let shown = try glance.shown("namespaces/\(name)")
        #expect(shown["visibility"]?.string == "private")
        #expect(shown["protected"]?.bool == false)
        #expect(shown["updated_at"] == nil)
        #expect(shown["properties"] == ["written": ["name": "written", "title": "T", "default": "5", "confidential": true]])
        #expect(shown["objects"]?.array?.first?["properties"] == [:])
        #expect(shown["objects"]?.array?.first?["updated_at"] == nil)
        try glance.execute("UPDATE metadef_properties SET json_schema = '{' WHERE name = 'written'")
        #expect(try glance.metadef("GET", "namespaces/\(name)/properties").status == 500)
    }
}
