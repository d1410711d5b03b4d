import Foundation
import TestSupport
import Testing

@Suite(.sharesServices) struct `Property protections` {
    let glance: TestGlance
    init() throws { glance = try Self.glance() }

    /// Alice and Bob are members; the administrator is one by implication.
    private static let rules = """
        # Of two that are found in a name the first counts.
        [^x_secret_.*]
        create = admin,member
        read = admin
        update = admin
        delete = admin
        [^x_drop_]
        create = MEMBER
        read = admin
        update = member
        delete = member
        [^x_fixed]
        create = member
        read = @
        update = !
        delete =
        [^x_admins_own]
        create = admin
        read = member, reader
        update = admin
        delete = admin
        [^x_nobodys]
        create = !
        read = !
        update = !
        delete = !
        [(?i)free|open\\d$]
        create: @
        read: @
        update: @
        delete: @
        """

    private static func glance() throws -> TestGlance {
        let file = "\(TestFolder.root)/protections-v2.conf"
        try rules.write(toFile: file, atomically: true, encoding: .utf8)
        return try .of(Self.self, ["DEFAULT": "property_protection_file = \(file)\nimage_property_quota = 20"])
    }

    private func values(_ id: String) throws -> [String: String] {
        var values: [String: String] = [:]
        for row in try glance.rows("SELECT name, value FROM image_properties WHERE image_id = '\(id)' AND deleted = 0", columns: 2) {
            values[row[0] ?? ""] = row[1]
        }
        return values
    }

    private func op(_ verb: String, _ name: String, _ value: String? = nil) -> String {
        #"[{"op": "\#(verb)", "path": "/\#(name)"\#(value.map { #", "value": "\#($0)""# } ?? "")}]"#
    }

    @Test(arguments: ["x_secret_a", "x_fixed", "x_free", "FREE", "open7"])
    func `let whoever may create a property`(_ name: String) throws {
        #expect(try glance.create(#"{"\#(name)": "v"}"#).status == 201)
        let id = try glance.hasImage()
        #expect(try glance.patch(id, op("add", name, "v")).status == 200)
        #expect(try values(id) == [name: "v"])
    }

    @Test(arguments: ["x_admins_own", "x_nobodys", "unheard_of", "opened"])
    func `keep others from it, and nothing is made`(_ name: String) throws {
        let id = newID()
        let reply = try glance.create(#"{"id": "\#(id)", "x_free": "1", "\#(name)": "v"}"#)
        #expect(reply.status == 403 && reply.says.contains("'\(name)'"))
        #expect(try glance.count("images", where: "id = '\(id)'") == 0)
        let other = try glance.hasImage()
        #expect(try glance.patch(other, op("add", name, "v")).status == 403)
        #expect(try glance.patch(other, #"[{"add": "/\#(name)", "value": "v"}]"#, dialect: "v2.0").status == 403)
        #expect(try values(other) == [:])
    }

    @Test func `bind administrators too`() throws {
        for name in ["x_nobodys", "unheard_of"] { #expect(try glance.create(#"{"\#(name)": "v"}"#, as: .admin).status == 403) }
        #expect(try glance.create(#"{"x_admins_own": "v"}"#, as: .admin).status == 201)
    }

    @Test func `hide what may not be read, wherever it would be shown`() throws {
        let created = try glance.create(#"{"name": "hiding", "x_secret_a": "1", "x_free": "2"}"#)
        let id = try #require(created.json["id"]?.string)
        let patched = try glance.patch(id, #"[{"op": "replace", "path": "/name", "value": "still hiding"}]"#)
        let listed = try glance.send("GET", "/v2/images?name=still%20hiding").json["images"]?.array?.first
        for shown in [created.json, patched.json, try glance.show(id).json, try glance.patch(id, "[]").json, listed ?? .null] {
            #expect(shown.has("x_free") && !shown.has("x_secret_a"))
        }
        #expect(try glance.image(id)["x_secret_a"]?.string == "1")
        #expect(try glance.send("GET", "/v2/images?name=still%20hiding", as: .admin).text.contains("x_secret_a"))
    }

    @Test(arguments: ["x_secret_b", "X_SECRET_B", "x_s%C3%A9cret_b", "x_secret_b%20"])
    func `tell nothing by a filter either`(_ name: String) throws {
        let id = try glance.hasImage(#"{"name": "filtered", "x_secret_b": "hidden value"}"#)
        for query in ["?\(name)=hidden%20value", "?name=filtered&\(name)=hidden%20value&limit=1"] {
            let reply = try glance.send("GET", "/v2/images\(query)")
            #expect(reply.status == 200 && reply.json["images"]?.array == [] && reply.json["next"] == nil, "\(reply.text)")
        }
        #expect(try glance.send("GET", "/v2/images?x_secret_b=hidden%20value", as: .admin).text.contains(id))
    }

    @Test func `leave filters by what may be read`() throws {
        let id = try glance.hasImage(#"{"x_free": "a rare value"}"#)
        let found = try glance.send("GET", "/v2/images?x_free=a%20rare%20value").json["images"]?.array
        #expect(found?.map { $0["id"]?.string } == [id])
    }

    @Test func `make a property that may not be read look like none to whoever changes or removes it`() throws {
        let id = try glance.hasImage(#"{"x_secret_a": "1"}"#)
        for verb in ["replace", "remove"] {
            for name in ["x_secret_a", "x_secret_none"] {
                let reply = try glance.patch(id, op(verb, name, verb == "replace" ? "2" : nil))
                #expect(reply.status == 409 && reply.says.contains("Property \(name) does not exist."))
            }
        }
        #expect(try values(id) == ["x_secret_a": "1"])
    }

    /// Creating it is allowed, changing it is not.
    @Test func `do not let it be changed by creating it again`() throws {
        let id = try glance.hasImage(#"{"x_secret_a": "1"}"#)
        #expect(try glance.patch(id, op("add", "x_secret_a", "2")).status == 403)
        #expect(try glance.patch(id, #"[{"add": "/x_secret_a", "value": "2"}]"#, dialect: "v2.0").status == 403)
        #expect(try values(id) == ["x_secret_a": "1"])
    }

    @Test(arguments: ["v2.1", "v2.0"]) func `let a caller create and change properties that they cannot read`(_ dialect: String) throws {
        let id = try glance.hasImage(#"{"x_drop_a": "1"}"#)
        let change = dialect == "v2.1" ? op("add", "x_drop_a", "2") : #"[{"add": "/x_drop_a", "value": "2"}]"#
        #expect(try glance.patch(id, change, dialect: dialect).status == 200)
        #expect(try values(id) == ["x_drop_a": "2"])
    }

    @Test(arguments: ["x_fixed", "x_admins_own"])
    func `refuse to change or remove what may be read alone`(_ name: String) throws {
        let id = try glance.hasImage(as: .admin, #"{"owner": "acme", "x_admins_own": "1"}"#)
        #expect(try glance.patch(id, op("add", "x_fixed", "1")).status == 200)
        for change in [op("add", name, "2"), op("replace", name, "2"), op("replace", name, "1"), op("remove", name)] {
            let reply = try glance.patch(id, change)
            #expect(reply.status == 403 && reply.says.contains("'\(name)'"))
        }
        // All or nothing.
        #expect(try glance.patch(id, #"[{"op": "add", "path": "/x_free", "value": "1"}, \#(op("remove", name).dropFirst())"#).status == 403)
        #expect(try values(id) == ["x_fixed": "1", "x_admins_own": "1"])
    }

    @Test func `do not concern fields, tags, and what has no name of a property`() throws {
        let id = try glance.hasImage()
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/name", "value": "n"}]"#).status == 200)
        #expect(try glance.patch(id, #"[{"op": "add", "path": "/tags", "value": ["t"]}]"#).status == 200)
        #expect(try glance.patch(id, op("remove", "name")).says.contains("may not be removed"))
        #expect(try glance.patch(id, #"[{"add": "/name", "value": "m"}]"#, dialect: "v2.0").status == 409)
    }

    @Test func `count hidden properties against the quota`() throws {
        let hidden = (1...19).map { #""x_secret_\#($0)": "v""# }.joined(separator: ", ")
        let id = try glance.hasImage("{\(hidden)}")
        #expect(try glance.patch(id, op("add", "x_free", "1")).status == 200)
        #expect(try glance.patch(id, op("add", "y_free", "1")).status == 413)
    }

    @Test func `leave alone what is the service's own`() throws {
        let id = try glance.hasImage()
        try glance.execute(
            "INSERT INTO image_properties (image_id, name, value, created_at, deleted) VALUES ('\(id)', 'os_glance_x', 'v', UTC_TIMESTAMP(), 0)"
        )
        #expect(try glance.show(id).json["os_glance_x"]?.string == "v")
        #expect(try glance.patch(id, op("add", "my_os_glance_x", "v")).status == 403)
    }
}

@Suite struct `A file of property protections` {
    private func file(_ text: String) throws -> String {
        let file = "\(TestFolder.root)/protections-\(UInt64.random(in: 0 ... .max)).conf"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }

    private func start(_ options: String) throws -> Command {
        let file = "\(TestFolder.root)/protections-\(UInt64.random(in: 0 ... .max))"
        let connection = try SharedMariaDB.running().url(of: "nothing_is_asked_of_it")
        try "[DEFAULT]\n\(options)\n[database]\nconnection = \(connection)\n[glance_store]\nfilesystem_store_datadir = \(file).store\n"
            .write(toFile: "\(file).conf", atomically: true, encoding: .utf8)
        return try Command("\(TestGlance.programs)/glance-api", ["--config-file", "\(file).conf", "--metadata", "\(file).sock"])
    }

    private static let open = "create = @\nread = @\nupdate = @\ndelete = @\n"

    static let refused: [(String, String)] = [
        ("[fine]\n\(open)\n[a(]\n\(open)", ":7: [a(] is no regular expression that is understood: expected ')'"),
        ("[(?<=a)b]\n\(open)", ":1: [(?<=a)b] is no regular expression that is understood: lookbehind"),
        ("[a]\ncreate = @\nread = @\nupdate = @\n", ":1: [a] does not say who may delete"),
        ("[a]\n[b]\n\(open)", ":1: [a] does not say who may create"),
        ("[a]\ncreate = @\nread = member, @, !\nupdate = @\ndelete = @\n", ":3: [a] read: '@' and '!' exclude each other"),
        ("[a]\n\(open)\n[b]\n\(open)\n[a]\n\(open)", ":13: [a] stands in the file twice"),
        ("[a]\n\(open)read = !\n", ":6: [a] has 'read' twice"), ("create = @\n", ":1: 'create' stands before the first [group]"),
        ("[a]\nnonsense\n", ":2: neither a [group] nor name = value"),
    ]

    @Test(arguments: refused) func `that makes no sense keeps the service from starting`(_ text: String, _ said: String) throws {
        let file = try file(text)
        let command = try start("property_protection_file = \(file)")
        #expect(command.status != 0 && command.errors.contains(file + said), "\(command.status) \(command.errors)")
    }

    @Test func `that is not there keeps the service from starting`() throws {
        let command = try start("property_protection_file = /nowhere/protections.conf")
        #expect(command.status != 0 && command.errors.contains("/nowhere/protections.conf: cannot be read"), "\(command.errors)")
    }

    @Test(arguments: [
        ("create = one, two\nread = @\nupdate = @\ndelete = @\n", ":2: [a] create: names several policies"),
        ("create = unheard_of\nread = @\nupdate = @\ndelete = @\n", ":2: [a] create: there is no policy 'unheard_of'"),
    ])
    func `with policies that there are not keeps the service from starting`(_ text: String, _ said: String) throws {
        let file = try file("[a]\n\(text)")
        let command = try start("property_protection_file = \(file)\nproperty_protection_rule_format = policies")
        #expect(command.status != 0 && command.errors.contains(file + said), "\(command.errors)")
    }

    @Test func `may name rules of the policy`() throws {
        let policy = "\(TestFolder.root)/protecting-\(UInt64.random(in: 0 ... .max)).yaml"
        try "\"builders\": \"user_id:alice or role:admin\"\n".write(toFile: policy, atomically: true, encoding: .utf8)
        let file = try file("[^x_]\ncreate = builders\nread = builders\nupdate = @\ndelete = !\n")
        let glance = try TestGlance(
            [
                "DEFAULT": "property_protection_file = \(file)\nproperty_protection_rule_format = policies",
                "oslo_policy": "policy_file = \(policy)",
            ], workers: 1)
        #expect(try glance.create(#"{"x_a": "1"}"#, as: .anna).status == 403)
        let id = try glance.hasImage(#"{"x_a": "1"}"#)
        #expect(try glance.show(id, as: .anna).json["x_a"] == nil)
        #expect(try glance.image(id)["x_a"]?.string == "1")
        #expect(try glance.patch(id, #"[{"op": "remove", "path": "/x_a"}]"#).status == 403)
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/x_a", "value": "2"}]"#).status == 200)
    }

    @Test func `is looked for beside the configuration`() throws {
        let glance = try TestGlance(workers: 1)
        try "[a\\b]\n\(Self.open)".write(toFile: "\(glance.folder)/beside.conf", atomically: true, encoding: .utf8)
        try "[DEFAULT]\nproperty_protection_file = beside.conf\n".write(
            toFile: "\(glance.folder)/other.conf", atomically: true, encoding: .utf8)
        let command = try Command(
            "\(TestGlance.programs)/glance-api",
            ["--config-file", glance.configurationFile, "--config-file", "\(glance.folder)/other.conf", "--metadata", "/nowhere/x.sock"])
        #expect(command.status != 0 && !command.errors.contains("cannot be read"), "\(command.errors)")
    }
}
