import Foundation
import JSONDocument
import TestSupport
import Testing

/// Notifications about metadata definitions. Source: Glance, `notifier.py`.
@Suite(.serialized, .sharesServices) struct `A change of metadata definitions that is told` {
    let listening: Listening
    var glance: TestGlance { listening.glance }
    /// A namespace that no other test uses.
    let name = "ns\(UInt64.random(in: 0 ... .max))"
    init() throws { listening = try Self.shared.get() }

    private static let shared = Shared { try quiet() }

    private static func quiet(_ drivers: [String] = ["log"], _ options: [String: String] = [:]) throws -> Listening {
        try Listening(drivers, options, runsTasks: false, runsRegistry: false)
    }

    /// The events of the namespace and its content, in order.
    private func events() throws -> [Listening.Waiting] { try listening.waiting("payload LIKE '%\(name)%'") }

    private func ask(
        _ method: String, _ path: String = "", _ json: String? = nil, of glance: TestGlance? = nil, as person: TestGlance.Person = .admin
    ) throws -> Reply {
        let (glance, path) = (glance ?? self.glance, "/v2/metadefs/namespaces/\(name)\(path)")
        return try json.map { try glance.send(method, path, as: person, json: $0) } ?? glance.send(method, path, as: person)
    }

    private func make(_ more: String = "", in glance: TestGlance? = nil) throws {
        let json = #"{"namespace": "\#(name)", "visibility": "public", "owner": "acme"\#(more)}"#
        try #require(try (glance ?? self.glance).send("POST", "/v2/metadefs/namespaces", as: .admin, json: json).status == 201)
    }

    /// A payload without its times, which are checked to be times.
    private func payload(_ told: Listening.Waiting?, _ times: [String] = ["created_at", "updated_at"]) throws -> JSONObject {
        var payload = try #require(told?.payload.object)
        for time in times {
            let text = try #require(payload[time]?.string, "\(time)")
            #expect(try Regex(#"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"#).firstMatch(in: text) != nil)
            payload[time] = nil
        }
        return payload
    }

    @Test func `is a namespace's coming, renaming and going`() throws {
        try make(#", "display_name": "Shown", "description": "d""#)
        let json = #"{"namespace": "\#(name)x", "visibility": "private", "owner": "bolt", "protected": false}"#
        #expect(try ask("PUT", "", json).status == 200)
        #expect(try glance.send("DELETE", "/v2/metadefs/namespaces/\(name)x", as: .admin).status == 204)
        let told = try events()
        #expect(told.map(\.event) == ["metadef_namespace.create", "metadef_namespace.update", "metadef_namespace.delete"])
        #expect(told.map(\.priority) == ["INFO", "INFO", "INFO"])
        #expect(Set(told.compactMap(\.request)).count == 3)
        let (old, new) = (JSONValue.string(name), JSONValue.string(name + "x"))
        let created: JSONObject = [
            "namespace": old, "namespace_old": old, "display_name": "Shown", "protected": false, "visibility": "public", "owner": "acme",
            "description": "d", "deleted": false, "deleted_at": .null,
        ]
        var updated: JSONObject = [
            "namespace": new, "namespace_old": old, "display_name": .null, "protected": false, "visibility": "private", "owner": "bolt",
            "description": .null, "deleted": false, "deleted_at": .null,
        ]
        #expect(try payload(told.first) == created)
        #expect(try payload(told.dropFirst().first) == updated)
        updated["namespace_old"] = new
        updated["deleted"] = true
        updated["deleted_at"] = nil
        #expect(try payload(told.last, ["created_at", "updated_at", "deleted_at"]) == updated)
    }

    @Test func `is an object's coming, renaming and going`() throws {
        try make()
        let properties = #"{"n": {"title": "N", "type": "integer", "minimum": 0, "maximum": 9, "enum": ["a"], "pattern": ""}}"#
        #expect(try ask("POST", "/objects", #"{"name": "CPU", "description": "c", "properties": \#(properties)}"#).status == 201)
        // The old name is sent as it was stored, not as the request spells it.
        #expect(try ask("PUT", "/objects/cpu", #"{"name": "GPU", "required": ["n"], "properties": \#(properties)}"#).status == 200)
        #expect(try ask("DELETE", "/objects/GPU").status == 204)
        let told = try events().dropFirst()
        #expect(told.map(\.event) == ["metadef_object.create", "metadef_object.update", "metadef_object.delete"])
        #expect(told.map(\.priority) == ["INFO", "INFO", "INFO"])
        let property: JSONValue = [
            "name": "n", "type": "integer", "title": "N", "description": .null, "default": .null, "minimum": .null, "maximum": 9,
            "enum": ["a"], "pattern": .null, "minLength": .null, "maxLength": .null, "confidential": .null, "items": .null,
            "uniqueItems": .null, "minItems": .null, "maxItems": .null, "additionalItems": .null,
        ]
        let created: JSONObject = [
            "namespace": .string(name), "name": "CPU", "name_old": "CPU", "properties": [property], "required": .null, "description": "c",
            "deleted": false, "deleted_at": .null,
        ]
        var updated: JSONObject = [
            "namespace": .string(name), "name": "GPU", "name_old": "CPU", "properties": [property], "required": ["n"],
            "description": .null, "deleted": false, "deleted_at": .null,
        ]
        #expect(try payload(told.first) == created)
        #expect(try payload(told.dropFirst().first) == updated)
        updated["name_old"] = "GPU"
        updated["deleted"] = true
        updated["deleted_at"] = nil
        #expect(try payload(told.last, ["created_at", "updated_at", "deleted_at"]) == updated)
    }

    @Test func `is a property's coming, renaming and going`() throws {
        try make()
        let schema = #""title": "Size", "type": "integer", "minimum": 0, "readonly": true"#
        #expect(try ask("POST", "/properties", #"{"name": "size", \#(schema)}"#).status == 201)
        #expect(try ask("PUT", "/properties/SIZE", #"{"name": "width", \#(schema)}"#).status == 200)
        #expect(try ask("DELETE", "/properties/width").status == 204)
        let told = try events().dropFirst()
        #expect(told.map(\.event) == ["metadef_property.create", "metadef_property.update", "metadef_property.delete"])
        #expect(told.map(\.priority) == ["INFO", "INFO", "INFO"])
        var expected: JSONObject = [
            "namespace": .string(name), "name": "size", "name_old": "size", "type": "integer", "title": "Size", "description": .null,
            "default": .null, "minimum": 0, "maximum": .null, "enum": .null, "pattern": .null, "minLength": .null, "maxLength": .null,
            "confidential": .null, "items": .null, "uniqueItems": .null, "minItems": .null, "maxItems": .null, "additionalItems": .null,
            "deleted": false, "deleted_at": .null,
        ]
        #expect(try payload(told.first, []) == expected)
        expected["name"] = "width"
        #expect(try payload(told.dropFirst().first, []) == expected)
        expected["name_old"] = "width"
        expected["deleted"] = true
        expected["deleted_at"] = nil
        #expect(try payload(told.last, ["deleted_at"]) == expected)
    }

    @Test func `is a tag's coming, renaming and going`() throws {
        try make()
        #expect(try ask("POST", "/tags/one").status == 201)
        #expect(try ask("PUT", "/tags/ONE", #"{"name": "two"}"#).status == 200)
        #expect(try ask("DELETE", "/tags/two").status == 204)
        let told = try events().dropFirst()
        #expect(told.map(\.event) == ["metadef_tag.create", "metadef_tag.update", "metadef_tag.delete"])
        #expect(told.map(\.priority) == ["INFO", "INFO", "INFO"])
        var expected: JSONObject = [
            "namespace": .string(name), "name": "one", "name_old": "one", "deleted": false, "deleted_at": .null,
        ]
        #expect(try payload(told.first) == expected)
        expected["name"] = "two"
        #expect(try payload(told.dropFirst().first) == expected)
        expected["name_old"] = "two"
        expected["deleted"] = true
        expected["deleted_at"] = nil
        #expect(try payload(told.last, ["created_at", "updated_at", "deleted_at"]) == expected)
    }

    @Test func `is a resource type's coming and going`() throws {
        try make()
        #expect(try ask("POST", "/resource_types", #"{"name": "T::\#(name)", "prefix": "p:", "properties_target": "image"}"#).status == 201)
        #expect(try ask("DELETE", "/resource_types/T::\(name)").status == 204)
        let told = try events().dropFirst()
        #expect(told.map(\.event) == ["metadef_resource_type.create", "metadef_resource_type.delete"])
        #expect(told.map(\.priority) == ["INFO", "INFO"])
        var expected: JSONObject = [
            "namespace": .string(name), "name": .string("T::\(name)"), "name_old": .string("T::\(name)"), "prefix": "p:",
            "properties_target": "image", "deleted": false, "deleted_at": .null,
        ]
        #expect(try payload(told.first) == expected)
        expected["deleted"] = true
        expected["deleted_at"] = nil
        #expect(try payload(told.last, ["created_at", "updated_at", "deleted_at"]) == expected)
    }

    private static let contents = #"""
        , "resource_type_associations": [{"name": "Tests::Flavor"}], "properties": {"size": {"title": "Size", "type": "integer"}},
        "objects": [{"name": "CPU"}, {"name": "RAM"}], "tags": [{"name": "one"}]
        """#

    @Test func `is all that a namespace came with, after it, and only the namespace when it goes`() throws {
        try make(Self.contents)
        #expect(try ask("DELETE").status == 204)
        let told = try events()
        #expect(
            told.map(\.event) == [
                "metadef_namespace.create", "metadef_resource_type.create", "metadef_property.create", "metadef_object.create",
                "metadef_object.create", "metadef_tag.create", "metadef_namespace.delete",
            ])
        #expect(told.map { $0.payload["name"]?.string } == [nil, "Tests::Flavor", "size", "CPU", "RAM", "one", nil])
        #expect(Set(told.dropLast().map(\.request)).count == 1)
    }

    @Test(arguments: ["objects", "properties", "tags"])
    func `is the namespace when all of a kind go, those that it has or none`(_ kind: String) throws {
        try make(Self.contents)
        let before = try events().count
        #expect(try ask("DELETE", "/\(kind)").status == 204)
        #expect(try ask("DELETE", "/\(kind)").status == 204)
        let told = try events().dropFirst(before)
        #expect(told.map(\.event) == ["metadef_namespace.delete_\(kind)", "metadef_namespace.delete_\(kind)"])
        #expect(told.map(\.priority) == ["INFO", "INFO"])
        let expected: JSONObject = [
            "namespace": .string(name), "namespace_old": .string(name), "display_name": .null, "protected": false, "visibility": "public",
            "owner": "acme", "description": .null, "deleted": false, "deleted_at": .null,
        ]
        #expect(try payload(told.first) == expected)
    }

    @Test func `is each tag of a list that comes, and none that goes for it`() throws {
        try make(#", "tags": [{"name": "old"}]"#)
        let before = try events().count
        #expect(try ask("POST", "/tags", #"{"tags": [{"name": "a"}, {"name": "b"}]}"#).status == 201)
        let told = try events().dropFirst(before)
        #expect(told.map(\.event) == ["metadef_tag.create", "metadef_tag.create"])
        #expect(told.map { $0.payload["name"]?.string } == ["a", "b"])
    }

    @Test func `is nothing when it was refused`() throws {
        try make(Self.contents)
        let all = try listening.waiting().count
        let again = #"{"namespace": "\#(name)", "objects": [{"name": "X"}]}"#
        #expect(try glance.send("POST", "/v2/metadefs/namespaces", as: .admin, json: again).status == 409)
        // The first of two is created, and rolled back with the second.
        let twice = #"{"namespace": "\#(name)y", "tags": [{"name": "one"}, {"name": "ONE"}]}"#
        #expect(try glance.send("POST", "/v2/metadefs/namespaces", as: .admin, json: twice).status == 409)
        #expect(try ask("POST", "/tags", #"{"tags": [{"name": "new"}, {"name": "NEW"}]}"#).status == 409)
        #expect(try ask("POST", "/objects", #"{"name": "CPU"}"#).status == 409)
        #expect(try ask("PUT", "/objects/CPU", #"{"name": "RAM"}"#).status == 409)
        #expect(try ask("PUT", "/objects/none", #"{"name": "other"}"#).status == 404)
        #expect(try ask("POST", "/properties", #"{"name": "size", "title": "S", "type": "integer"}"#).status == 409)
        #expect(try ask("POST", "/resource_types", #"{"name": "Tests::Flavor"}"#).status == 409)
        for path in ["/objects/none", "/properties/none", "/tags/none", "/resource_types/None"] {
            #expect(try ask("DELETE", path).status == 404)
        }
        for path in ["", "/objects", "/objects/CPU", "/properties", "/properties/size", "/tags", "/tags/one"] {
            #expect(try ask("DELETE", path, as: .alice).status == 403)
        }
        #expect(try listening.waiting().count == all)
        let guarded = #"{"namespace": "\#(name)", "visibility": "public", "owner": "acme", "protected": true}"#
        #expect(try ask("PUT", "", guarded).status == 200)
        for path in ["", "/objects", "/objects/CPU", "/properties", "/properties/size", "/tags", "/tags/one"] {
            #expect(try ask("DELETE", path).status == 403)
        }
        #expect(try listening.waiting().count == all + 1)
    }

    @Test func `is told once of many deletions at once`() async throws {
        try make(Self.contents)
        let before = try events().count
        let (glance, path) = (self.glance, "/v2/metadefs/namespaces/\(name)")
        let items = try await atOnce(8) { _ in try glance.send("DELETE", "\(path)/objects/CPU", as: .admin).status }
        #expect(items.sorted() == [204] + Array(repeating: 404, count: 7))
        let namespaces = try await atOnce(8) { _ in try glance.send("DELETE", path, as: .admin).status }
        #expect(namespaces.sorted() == [204] + Array(repeating: 404, count: 7))
        #expect(try events().dropFirst(before).map(\.event) == ["metadef_object.delete", "metadef_namespace.delete"])
    }

    @Test func `follows from the one before, however many rename at once`() async throws {
        try make()
        let (glance, name) = (self.glance, name)
        let statuses = try await atOnce(8) { number in
            let json = #"{"namespace": "\#(name)-\#(number)", "visibility": "public", "owner": "acme"}"#
            return try glance.send("PUT", "/v2/metadefs/namespaces/\(name)", as: .admin, json: json).status
        }
        let told = try events()
        #expect(told.count == 1 + statuses.count { $0 == 200 })
        #expect(told.dropFirst().map { $0.payload["namespace_old"] } == told.dropLast().map { $0.payload["namespace"] })
        #expect(
            told.last?.payload["namespace"]?.string
                == (try glance.rows("SELECT namespace FROM metadef_namespaces WHERE namespace LIKE '\(name)%'").first?.first))
    }

    @Test func `is nothing where nobody listens, and happens all the same`() throws {
        let quiet = try Self.quiet([])
        try make(Self.contents, in: quiet.glance)
        #expect(try ask("PUT", "/objects/CPU", #"{"name": "GPU"}"#, of: quiet.glance).status == 200)
        #expect(try ask("DELETE", "/tags/one", of: quiet.glance).status == 204)
        #expect(try ask("DELETE", "/tags/one", of: quiet.glance).status == 404)
        #expect(try ask("DELETE", "/properties", of: quiet.glance).status == 204)
        #expect(try ask("DELETE", of: quiet.glance).status == 204)
        #expect(try quiet.waiting().isEmpty)
    }

    @Test(arguments: [
        ("metadef_namespace", ["resource_type.create", "property.create", "object.create", "object.create", "tag.create", "tag.delete"]),
        (
            "metadef_object,metadef_tag.delete",
            ["namespace.create", "resource_type.create", "property.create", "tag.create", "namespace.delete"]
        ),
        (
            "metadef_tag,metadef_property,metadef_resource_type,metadef_namespace.delete",
            ["namespace.create", "object.create", "object.create"]
        ),
        (
            "metadef,image",
            [
                "namespace.create", "resource_type.create", "property.create", "object.create", "object.create", "tag.create", "tag.delete",
                "namespace.delete",
            ]
        ),
    ])
    func `is not told where its name or its group is disabled`(_ disabled: String, _ expected: [String]) throws {
        let listening = try Self.quiet(["log"], ["DEFAULT": "disabled_notifications = \(disabled)"])
        try make(Self.contents, in: listening.glance)
        #expect(try ask("DELETE", "/tags/one", of: listening.glance).status == 204)
        #expect(try ask("DELETE", of: listening.glance).status == 204)
        #expect(try listening.waiting().map(\.event) == expected.map { "metadef_\($0)" })
    }

    @Test func `is none that a file brings`() throws {
        let all = try listening.waiting().count
        let file = "\(TestFolder.root)/\(name).json"
        try #"{"namespace": "\#(name)", "visibility": "public"\#(Self.contents)}"#.write(toFile: file, atomically: true, encoding: .utf8)
        let options = ["--config-file", glance.configurationFile, "--path", file]
        try Command("\(TestGlance.programs)/glance-manage", ["db", "load_metadefs"] + options).succeeded()
        #expect(try ask("GET").status == 200)
        #expect(try listening.waiting().count == all)
    }
}
