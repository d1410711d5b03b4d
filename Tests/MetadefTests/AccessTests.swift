import Foundation
import TestSupport
import Testing

@Suite(.sharesServices) struct `Who may do what to metadata definitions` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    static let readings = [
        "", "/objects", "/objects/Limits", "/properties", "/properties/size", "/properties/t:size?resource_type=Tests::Flavor", "/tags",
        "/tags/one",
        "/resource_types",
    ]

    static let writings: [(String, String, String?)] = [
        ("PUT", "", #"{"namespace": "taken"}"#), ("DELETE", "", nil), ("POST", "/objects", #"{"name": "new"}"#),
        ("PUT", "/objects/Limits", #"{"name": "new"}"#), ("DELETE", "/objects/Limits", nil), ("DELETE", "/objects", nil),
        ("POST", "/properties", #"{"name": "new", "type": "string", "title": "t"}"#),
        ("PUT", "/properties/size", #"{"name": "new", "type": "string", "title": "t"}"#), ("DELETE", "/properties/size", nil),
        ("DELETE", "/properties", nil), ("POST", "/tags/new", nil), ("POST", "/tags", #"{"tags": [{"name": "new"}]}"#),
        ("PUT", "/tags/one", #"{"name": "new"}"#), ("DELETE", "/tags/one", nil), ("DELETE", "/tags", nil),
        ("POST", "/resource_types", #"{"name": "Tests::New"}"#), ("DELETE", "/resource_types/Tests::Image", nil),
    ]

    @Test(arguments: TestGlance.Person.allCases, [("public", "acme"), ("private", "acme"), ("private", "bolt")])
    func `is sight or nothing, and all to administrators`(_ person: TestGlance.Person, _ kind: (visibility: String, owner: String)) throws {
        let name = try glance.hasNamespace(everything, visibility: kind.visibility, owner: kind.owner)
        let before = try glance.shown("namespaces/\(name)")
        let sees = person == .admin || kind.visibility == "public" || person.project == kind.owner
        for path in Self.readings {
            #expect(try glance.metadef("GET", "namespaces/\(name)\(path)", as: person).status == (sees ? 200 : 404), "\(path)")
        }
        #expect(try glance.metadef("GET", "namespaces/\(name)/objects/None", as: person).status == 404)
        #expect(try glance.names(of: "namespaces", at: "namespaces?limit=1000", as: person).contains(name) == sees)
        guard person != .admin else { return }
        for (method, path, json) in Self.writings {
            let reply =
                try json.map { try glance.metadef(method, "namespaces/\(name)\(path)", as: person, json: $0) }
                ?? glance.metadef(method, "namespaces/\(name)\(path)", as: person)
            #expect(reply.status == (sees ? 403 : 404), "\(method) \(path)")
        }
        #expect(try glance.metadef("POST", "namespaces", as: person, json: #"{"namespace": "mine"}"#).status == 403)
        #expect(try glance.shown("namespaces/\(name)") == before)
        #expect(try glance.metadef("GET", "resource_types", as: person).status == 200)
    }

    @Test func `is nothing without a token`() throws {
        let name = try glance.hasNamespace()
        #expect(try glance.metadef("GET", "namespaces", as: nil).status == 401)
        #expect(try glance.metadef("GET", "namespaces/\(name)", as: nil).status == 401)
        #expect(try glance.metadef("DELETE", "namespaces/\(name)", as: nil).status == 401)
    }

    private func glance(_ policy: String, _ options: String = "") throws -> TestGlance {
        let file = "\(TestFolder.root)/policy-\(UInt64.random(in: 0 ... .max)).yaml"
        try policy.write(toFile: file, atomically: true, encoding: .utf8)
        return try TestGlance(["oslo_policy": "policy_file = \(file)\n\(options)"], workers: 1)
    }

    @Test func `is what a policy file says`() throws {
        let glance = try glance(
            """
            metadef_admin: role:admin or project_id:bolt
            get_metadef_objects: role:admin
            modify_metadef_tag: "!"
            add_metadef_object: role:admin
            """)
        let name = try glance.hasNamespace(everything)
        #expect(try glance.metadef("GET", "namespaces/\(name)/objects", as: .alice).status == 403)
        // Each part of the answer must be allowed.
        #expect(try glance.metadef("GET", "namespaces/\(name)", as: .alice).status == 403)
        #expect(try glance.metadef("GET", "namespaces/\(name)/tags", as: .alice).status == 200)
        #expect(try glance.metadef("PUT", "namespaces/\(name)/tags/one", json: #"{"name": "new"}"#).status == 403)
        #expect(try glance.metadef("POST", "namespaces", as: .bob, json: #"{"namespace": "bolts", "tags": [{"name": "t"}]}"#).status == 201)
        #expect(try glance.metadef("POST", "namespaces", as: .bob, json: #"{"namespace": "b", "objects": [{"name": "o"}]}"#).status == 403)
        #expect(try glance.metadef("GET", "namespaces/b").status == 404)
    }

    @Test func `hides namespaces that the caller may not read`() throws {
        let glance = try glance("get_metadef_namespace: role:admin")
        let name = try glance.hasNamespace()
        #expect(try glance.names(of: "namespaces", at: "namespaces", as: .alice) == [])
        #expect(try glance.metadef("GET", "namespaces/\(name)", as: .alice).status == 404)
        #expect(try glance.metadef("DELETE", "namespaces/\(name)", as: .alice).status == 404)
        #expect(try glance.metadef("GET", "namespaces/\(name)/tags", as: .alice).status == 200)
    }

    @Test func `asks metadef_default where the old rules are wanted`() throws {
        let open = try glance("{}", "enforce_new_defaults = false")
        let name = try open.hasNamespace()
        #expect(try open.metadef("GET", "namespaces/\(name)", as: .bob).status == 200)
        #expect(try open.metadef("DELETE", "namespaces/\(name)", as: .bob).status == 403)
        let secret = try open.hasNamespace(visibility: "private")
        #expect(try open.metadef("GET", "namespaces/\(secret)", as: .bob).status == 404)
    }
}

/// A policy of an old site: Glance once checked the owner in addition to the rules.
@Suite struct `A namespace whose rules are all open` {
    private func open(_ more: String = "") throws -> TestGlance {
        let file = "\(TestFolder.root)/policy-\(UInt64.random(in: 0 ... .max)).yaml"
        let kinds = ["namespace", "object", "property", "tag"]
        var rules = kinds.flatMap { ["add_metadef_\($0)", "modify_metadef_\($0)", "delete_metadef_\($0)"] }
        rules += ["remove_metadef_property", "add_metadef_tags", "delete_metadef_tags"]
        rules += ["add_metadef_resource_type_association", "remove_metadef_resource_type_association"]
        try (rules.map { "\"\($0)\": \"\"\n" }.joined() + more).write(toFile: file, atomically: true, encoding: .utf8)
        return try TestGlance(["oslo_policy": "policy_file = \(file)"], workers: 1)
    }

    private let writings = `Who may do what to metadata definitions`.writings

    private func write(
        _ glance: TestGlance, _ name: String, _ method: String, _ path: String, _ json: String?, as person: TestGlance.Person
    ) throws
        -> Int
    {
        try json.map { try glance.metadef(method, "namespaces/\(name)\(path)", as: person, json: $0) }?.status
            ?? glance.metadef(method, "namespaces/\(name)\(path)", as: person).status
    }

    @Test func `is changed by its project and administrators alone`() throws {
        let glance = try open()
        let name = try glance.hasNamespace(everything)
        let before = try glance.shown("namespaces/\(name)")
        for (method, path, json) in writings {
            #expect(try write(glance, name, method, path, json, as: .bob) == 403, "\(method) \(path)")
        }
        #expect(try glance.shown("namespaces/\(name)") == before)
        for person in [TestGlance.Person.alice, .admin] {
            for (method, path, json) in writings {
                let own = try glance.hasNamespace(everything)
                let json = json?.replacing(#"{"namespace": "taken"}"#, with: #"{"namespace": "\#(own)", "owner": "acme"}"#)
                #expect(200..<300 ~= (try write(glance, own, method, path, json, as: person)), "\(method) \(path)")
            }
        }
        // They cannot be created for other projects or given to them, either.
        #expect(try glance.metadef("POST", "namespaces", as: .bob, json: #"{"namespace": "x", "owner": "acme"}"#).status == 403)
        #expect(try glance.metadef("POST", "namespaces", as: .bob, json: #"{"namespace": "x"}"#).status == 201)
        #expect(try glance.metadef("PUT", "namespaces/x", as: .bob, json: #"{"namespace": "x", "owner": "acme"}"#).status == 403)
    }

    @Test func `is changed by callers that metadef_admin allows`() throws {
        let glance = try open("metadef_admin: \"project_id:bolt\"\n")
        let name = try glance.hasNamespace(everything)
        #expect(try write(glance, name, "DELETE", "/tags/one", nil, as: .bob) == 204)
    }
}
