import Foundation
import TestSupport
import Testing

/// `md-*` of python-glanceclient 4.x, `image metadef` of python-openstackclient.
@Suite(.sharesServices) struct `Clients of metadata definitions` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    private func glance(as person: TestGlance.Person = .admin, _ words: String..., input: [UInt8]? = nil) throws -> Command {
        try Clients.run("glance", ["--os-auth-token", person.rawValue, "--os-image-url", glance.address] + words, input: input)
    }

    @Test func `make a namespace, change it and delete it`() throws {
        let name = "Client::Life"
        let made = try glance("md-namespace-create", "--visibility", "public", "--display-name", "Life", name).record
        #expect(made["namespace"] == name)
        #expect(made["display_name"] == "Life")

        try glance(
            "md-object-create", "--name", "Limits", "--schema",
            #"{"required": ["shares"], "properties": {"shares": {"type": "integer", "title": "Shares"}}}"#, name
        ).succeeded()
        #expect(try glance("md-object-property-show", name, "Limits", "shares").record["title"] == "Shares")
        let object = try glance("md-object-update", "--name", "Bounds", "--schema", #"{"description": "d"}"#, name, "Limits").record
        #expect(object["name"] == "Bounds")
        #expect(object["properties"] == #"["shares"]"#)
        #expect(try glance("md-object-list", name).table == [["name", "description"], ["Bounds", "d"]])

        let schema = #"{"minimum": 1, "default": 2}"#
        let property = try glance("md-property-create", "--name", "size", "--title", "Size", "--type", "integer", "--schema", schema, name)
            .record
        #expect(property["minimum"] == "1")
        try glance("md-property-update", "--name", "extent", "--title", "Extent", "--schema", #"{"type": "integer"}"#, name, "size")
            .succeeded()
        #expect(try glance("md-property-list", name).table.last == ["extent", "Extent", "integer"])
        #expect(try glance("md-property-show", name, "extent").record["default"] == "2")

        try glance("md-tag-create", "--name", "one", name).succeeded()
        try glance("md-tag-update", "--name", "first", name, "one").succeeded()
        #expect(try glance("md-tag-show", name, "first").record["name"] == "first")

        try glance("md-resource-type-associate", "--name", "Client::Flavor", "--prefix", "f:", name).succeeded()
        #expect(try glance("md-namespace-resource-type-list", name).table.last?.contains("Client::Flavor") == true)
        #expect(try glance("md-resource-type-list").table.joined().contains("Client::Flavor"))
        let shown = try glance("md-namespace-show", "--resource-type", "Client::Flavor", name).record
        #expect(shown["properties"] == #"["f:extent"]"#)
        #expect(shown["objects"] == #"["Bounds"]"#)
        #expect(shown["tags"] == #"["first"]"#)

        // It sends back everything that it was shown.
        #expect(try glance("md-namespace-update", "--protected", "True", "--visibility", "public", name).record["protected"] == "True")
        let refused = try glance("md-namespace-delete", name)
        #expect(refused.errors.contains("403") && refused.errors.contains("protected"), "\(refused.errors)")
        try glance("md-namespace-update", "--protected", "False", "--visibility", "public", name).succeeded()

        try glance("md-tag-create-multiple", "--names", "a,b", "--delim", ",", name).succeeded()
        #expect(try glance("md-tag-list", name).table == [["name"], ["b"], ["a"]])
        try glance("md-tag-delete", name, "a").succeeded()
        try glance("md-object-delete", name, "Bounds").succeeded()
        try glance("md-property-delete", name, "extent").succeeded()
        try glance("md-resource-type-deassociate", name, "Client::Flavor").succeeded()
        for kind in ["tags", "objects", "properties"] { try glance("md-namespace-\(kind)-delete", name).succeeded() }
        try glance("md-namespace-delete", name).succeeded()
        #expect(try glance("md-namespace-show", name).errors.contains("404"))
    }

    @Test func `import a namespace from a file, and list namespaces page by page`() throws {
        let text = #"""
            {"namespace": "Client::Import", "visibility": "public", "properties": {"p": {"type": "string", "title": "P", "enum": ["a", "b"]}},
             "objects": [{"name": "o", "properties": {"q": {"type": "boolean", "title": "Q"}}}], "tags": [{"name": "t"}],
             "resource_type_associations": [{"name": "Client::Image", "prefix": "i_"}]}
            """#
        let made = try glance("md-namespace-import", input: Array(text.utf8)).record
        #expect(made["namespace"] == "Client::Import")
        #expect(try glance(as: .bob, "md-property-show", "Client::Import", "p").record["enum"] == #"["a", "b"]"#)
        for number in 0..<5 { try glance("md-namespace-create", "--visibility", "public", "Client::Page\(number)").succeeded() }
        let listed = try glance(as: .reader, "md-namespace-list", "--page-size", "2").table.joined()
        #expect((0..<5).allSatisfy { listed.contains("Client::Page\($0)") })
        #expect(try glance("md-namespace-list", "--resource-types", "Client::Image").table.dropFirst().map { $0[0] } == ["Client::Import"])
    }

    @Test func `are told that others only look`() throws {
        try glance("md-namespace-create", "--visibility", "public", "Client::Closed").succeeded()
        for person in [TestGlance.Person.alice, .reader] {
            #expect(try glance(as: person, "md-namespace-show", "Client::Closed").status == 0)
            let refused = try glance(as: person, "md-tag-create", "--name", "t", "Client::Closed")
            #expect(refused.status != 0 && refused.errors.contains("403"))
        }
    }

    @Test func `openstack makes and shows them too`() throws {
        let glance = try TestGlance(identity: "none", workers: 1)
        func metadef(_ words: String...) throws -> Command {
            try Clients.run("openstack", ["image", "metadef"] + words, ["OS_AUTH_TYPE": "none", "OS_ENDPOINT": glance.address])
        }
        let name = "Client::SDK"
        try metadef("namespace", "create", "--public", "--display-name", "SDK", name).succeeded()
        try metadef("object", "create", "--namespace", name, "object").succeeded()
        try metadef("property", "create", "--name", "size", "--title", "Size", "--type", "integer", "--schema", #"{"minimum": 1}"#, name)
            .succeeded()
        try metadef("resource", "type", "association", "create", name, "Client::Server").succeeded()
        #expect(try metadef("namespace", "show", "-f", "json", name).json["visibility"]?.string == "public")
        #expect(try metadef("namespace", "list", "-f", "json").json.array?.map { $0["namespace"]?.string } == [name])
        #expect(try metadef("object", "list", "-f", "json", name).json.array?.map { $0["name"]?.string } == ["object"])
        #expect(try metadef("property", "list", "-f", "json", name).json.array?.map { $0["name"]?.string } == ["size"])
        #expect(try metadef("property", "show", "-f", "json", name, "size").json["minimum"]?.int == 1)
        try metadef("namespace", "set", "--protected", "--display-name", "New", name).succeeded()
        #expect(try metadef("namespace", "delete", name).status != 0)
        try metadef("namespace", "set", "--unprotected", name).succeeded()
        try metadef("object", "delete", name, "object").succeeded()
        try metadef("namespace", "delete", name).succeeded()
        #expect(try glance.rows("SELECT namespace FROM metadef_namespaces").isEmpty)
    }
}
