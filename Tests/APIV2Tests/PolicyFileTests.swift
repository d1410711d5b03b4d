import Foundation
import TestSupport
import Testing

/// `policy.yaml` beside the configuration, as operators have it. Source: spec policy-and-auth §3.
@Suite(.serialized) struct `A policy file` {
    /// A service whose file says something, beside its configuration.
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
        try "\"add_image\": \"role:member and\"\n".write(to: file, atomically: true, encoding: .utf8)
        #expect(
            try eventually {
                _ = try glance.send("GET", "/v2/images")
                return try glance.workerLog().contains("\(file.path()):1:")
            })
        #expect(try glance.workerLog().contains("ERROR glance.policy"))
        #expect(try glance.send("POST", "/v2/images", json: "{}").status == 403)
    }

    static let refused: [(String, String)] = [
        ("\"add_image\": \"role:member and\"\n", ":1:30: "),
        ("\n\"add_image\": rule:nothing\n", ":2: the rule 'add_image': there is no rule 'nothing'"),
        ("a: rule:b\nb: rule:a\n", "asks itself"), ("\"add_image\": [unclosed\n", ":"), ("- add_image\n", "is no map"),
        ("add_image: http://example.org\n", ":1:12: checks of other services"),
    ]

    @Test(arguments: refused) func `that makes no policy keeps the service from starting`(_ text: String, _ said: String) throws {
        let file = "\(TestFolder.root)/policy-\(UInt64.random(in: 0 ... .max))"
        try text.write(toFile: "\(file).yaml", atomically: true, encoding: .utf8)
        try "[oslo_policy]\npolicy_file = \(file).yaml\n".write(toFile: "\(file).conf", atomically: true, encoding: .utf8)
        let command = try Command("\(TestGlance.programs)/glance-manage", ["policy", "list", "--config-file", "\(file).conf"])
        #expect(command.status != 0)
        #expect(command.errors.contains("\(file).yaml") && command.errors.contains(said), "\(command.errors)")
        let api = try Command("\(TestGlance.programs)/glance-api", ["--config-file", "\(file).conf", "--metadata", "\(file).sock"])
        #expect(api.status != 0 && api.errors.contains("\(file).yaml"))
    }

    @Test func `and those of a folder add up, the later name last`() throws {
        let folder = "\(TestFolder.root)/policy-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: "\(folder)/policy.d", withIntermediateDirectories: true)
        for (name, text) in [
            "policy.yaml": "add_image: '!'", "policy.d/1.yaml": "add_image: role:a", "policy.d/2.yaml": "add_image: role:b",
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
        #expect(try check("alice:acme:member", "delete_imagee").status == 64)
    }
}
