import Foundation
import TestSupport
import Testing

/// A `policy.yaml` beside the configuration.
@Suite(.serialized) struct `A policy file` {
    /// A service with a policy file beside its configuration.
    private func glance(_ policy: String, _ options: [String: String] = [:]) throws -> (TestGlance, URL) {
        let file = URL(filePath: "\(TestFolder.root)/policy-\(UInt64.random(in: 0 ... .max)).yaml")
        try policy.write(to: file, atomically: true, encoding: .utf8)
        let options = options.merging(["oslo_policy": "policy_file = \(file.path())"]) { "\($0)\n\($1)" }
        return (try TestGlance(options, workers: 1), file)
    }

    @Test func `decides in place of the code, and is read again when it changes`() throws {
        let (glance, file) = try glance(#""add_image": "role:builder""#)
        #expect(try glance.send("POST", "/v2/images", json: "{}").status == 403)
        try #""publicize_image": "role:member""#.write(to: file, atomically: true, encoding: .utf8)
        #expect(try eventually { try glance.send("POST", "/v2/images", json: #"{"visibility": "public"}"#).status == 201 })
    }

    @Test func `that is spoilt leaves the rules as they were, and says so`() throws {
        let (glance, file) = try glance(#""add_image": "!""#)
        // Once it answers, it has read the file.
        #expect(try glance.send("POST", "/v2/images", json: "{}").status == 403)
        try "\"add_image\": [unclosed\n".write(to: file, atomically: true, encoding: .utf8)
        func waitForError(_ text: String) throws -> Bool {
            try eventually {
                _ = try glance.send("GET", "/v2/images")
                return try glance.workerLog().split(separator: "\n").contains { $0.contains("ERROR glance.policy") && $0.contains(text) }
            }
        }
        #expect(try waitForError("\(file.path()):2:"))
        #expect(try glance.send("POST", "/v2/images", json: "{}").status == 403)
        try FileManager.default.removeItem(at: file)
        #expect(try waitForError("\(file.path()): cannot be read"))
        #expect(try glance.send("POST", "/v2/images", json: "{}").status == 403)
    }

    /// Runs `glance-manage policy list`, and the API until it reports why it does not start.
    private func list(_ text: String?, options: String = "") throws -> (list: Command, file: String, configuration: String) {
        let file = "\(TestFolder.root)/policy-\(UInt64.random(in: 0 ... .max))"
        try text?.write(toFile: "\(file).yaml", atomically: true, encoding: .utf8)
        try "[oslo_policy]\npolicy_file = \(file).yaml\n\(options)\n".write(toFile: "\(file).conf", atomically: true, encoding: .utf8)
        let list = try Command("\(TestGlance.programs)/glance-manage", ["policy", "list", "--config-file", "\(file).conf"])
        return (list, "\(file).yaml", "\(file).conf")
    }

    static let refused: [(String, String)] = [
        ("\"add_image\": [unclosed\n", ":"), ("- add_image\n", "is no map"), ("add_image: @\n", ":1:"), ("? [a]\n: b\n", "is no text"),
    ]

    @Test(arguments: refused) func `that is no file of rules keeps the service from starting`(_ text: String, _ said: String) throws {
        let (command, file, configuration) = try list(text)
        #expect(command.status != 0)
        #expect(command.errors.contains(file) && command.errors.contains(said), "\(command.errors)")
        let api = try Command("\(TestGlance.programs)/glance-api", ["--config-file", configuration, "--metadata", "\(file).sock"])
        #expect(api.status != 0 && api.errors.contains(file))
    }

    /// As in oslo.policy, a rule that cannot be parsed denies everything, and an unknown rule is answered by the rule `default`.
    static let marked: [(String, String)] = [
        ("\"add_image\": \"role:member and\"", "role:member and\"  # FILE:1; not understood at character 16, so it lets nobody by that: "),
        ("\n\"add_image\": junk", "junk\"  # FILE:2; not understood at character 1"),
        (
            "add_image: rule:nothing",
            "rule:nothing\"  # FILE:1; it asks the rule 'nothing', which there is not, in whose place 'default' answers"
        ),
        ("add_image: rule:b\nb: rule:add_image", "rule:b\"  # FILE:1; it asks itself, so it lets nobody"),
        ("add_image: http://example.org/%(id)s", "http://example.org/%(id)s\"  # FILE:1; a server is asked"),
        ("add_image: role:a\n'add_image': role:b", "role:b\"  # FILE:2"),
        ("{\"add_image\": [[\"role:a\", \"@\"], [\"role:b\"]]}", "role:a and @ or role:b\"  # FILE:1"),
        ("add_image: [[]]", "!\"  # FILE:1"), ("add_image: []", "@\"  # FILE:1"), ("add_image: {a: b}", "…\"  # FILE:1; not understood"),
    ]

    @Test(arguments: marked) func `may hold rules that are not what they were meant to be`(_ text: String, _ said: String) throws {
        let (command, file, _) = try list(text)
        let line = command.text.split(separator: "\n").first { $0.hasPrefix("\"add_image\"") }
        #expect(command.status == 0)
        #expect(line?.hasPrefix("\"add_image\": \"\(said.replacing("FILE", with: file))") == true, "\(line ?? ""), \(command.errors)")
    }

    @Test func `that is not there leaves the rules of the code`() throws {
        let (command, file, _) = try list(nil)
        #expect(command.status == 0 && !command.text.contains("  # "))
        #expect(command.errors.contains("policy_file: \(file) is not there; the rules of the code are in force"), "\(command.errors)")
        try "{}".write(toFile: file.replacing(".yaml", with: ".json"), atomically: true, encoding: .utf8)
        let manage = "\(TestGlance.programs)/glance-manage"
        let again = try Command(manage, ["policy", "list", "--config-file", file.replacing(".yaml", with: ".conf")])
        #expect(again.errors.contains("\(file.replacing(".yaml", with: ".json")) is not read"))
    }

    @Test func `names the rule that answers for those that there are not`() throws {
        let (command, _, _) = try list("add_image: rule:nothing\nclosed: '!'", options: "policy_default_rule = closed")
        #expect(command.text.contains("in whose place 'closed' answers"))
    }

    @Test func `tells which folder of rules cannot be read`() throws {
        let folder = "\(TestFolder.root)/policies-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: "\(folder)/first", withIntermediateDirectories: true)
        // A symbolic link to itself: root cannot read it either.
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/second", withDestinationPath: "\(folder)/second")
        let (command, _, _) = try list("{}", options: "policy_dirs = \(folder)/first\npolicy_dirs = \(folder)/second")
        #expect(command.status != 0 && command.errors.contains("\(folder)/second"), "\(command.errors)")
    }

    @Test func `and those of a folder add up, the later name last`() throws {
        let folder = "\(TestFolder.root)/policy-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: "\(folder)/policy.d/4", withIntermediateDirectories: true)
        for (name, text) in [
            "policy.yaml": "add_image: '!'", "policy.d/1.yaml": "add_image: role:a", "policy.d/2.yaml": "add_image: role:b",
            "policy.d/.3.yaml": "add_image: role:c", "policy.d/4/5.yaml": "add_image: role:d",
        ] {
            try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        }
        try "".write(toFile: "\(folder)/glance-api.conf", atomically: true, encoding: .utf8)
        let arguments = ["--config-file", "\(folder)/glance-api.conf"]
        let list = try Command("\(TestGlance.programs)/glance-manage", ["policy", "list"] + arguments)
        let line = String(decoding: list.output, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("\"add_image\"") }
        #expect(line == "\"add_image\": \"role:b\"  # \(folder)/policy.d/2.yaml:1")

        func check(_ user: String, _ rule: String, _ target: String...) throws -> Command {
            let targets = target.flatMap { ["--target", $0] }
            return try Command(
                "\(TestGlance.programs)/glance-manage", ["policy", "check", "--user", user, "--rule", rule] + targets + arguments)
        }
        #expect(try check("alice:acme:b", "add_image").status == 0)
        #expect(try check("alice:acme:a", "add_image").status == 1)
        #expect(try check("alice:acme:member", "delete_image", "owner=acme").status == 0)
        let refused = try check("alice:acme:member", "delete_image", "owner=bolt")
        #expect(refused.status == 1)
        #expect(String(decoding: refused.output, as: UTF8.self).contains("no   project_id:%(project_id)s"))
        #expect(try check("alice:acme:member", "delete_imagee").status == 2)
    }
}
