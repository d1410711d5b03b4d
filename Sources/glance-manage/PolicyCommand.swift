internal import ArgumentParser
internal import Assembly
internal import Domain
internal import Options

/// `policy`: prints and evaluates policy rules.
struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Shows the policy rules, and evaluates them for a caller.",
        subcommands: [List.self, Check.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints every rule in force, with the file and line of those that come from a file.",
            discussion: "Remarks follow rules that may be wrong: checks that are not understood, rules that do not exist, remote checks.")
        @OptionGroup var arguments: ConfigurationArguments

        func run() throws {
            for rule in try arguments.policy().listing {
                let words = [rule.origin].compactMap(\.self) + rule.notes
                print("\"\(rule.name)\": \"\(rule.check)\"" + (words.isEmpty ? "" : "  # " + words.joined(separator: "; ")))
            }
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tells whether a rule allows a caller to act, and why.", discussion: "Exits with 0 if it does, with 1 if it does not."
        )
        @OptionGroup var arguments: ConfigurationArguments

        @Option(help: "The caller as user:project:roles, such as alice:acme:member,reader.")
        var user: String

        @Option(help: "The rule, such as delete_image.")
        var rule: String

        @Option(help: "An attribute of the target, such as owner=acme or visibility=public; may be given many times.")
        var target: [String] = []

        func run() throws {
            let policy = try arguments.policy()
            guard let rule = PolicyRule(rawValue: rule) else {
                throw ValidationError("There is no rule '\(rule)'; `policy list` prints all rules.")
            }
            let caller = try caller(policy)
            var attributes = ["project_id": caller.project, "owner": caller.project].compactMapValues(\.self)
            for pair in target {
                let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                guard sides.count == 2 else { throw ValidationError("'\(pair)' is not of the form name=value.") }
                attributes[sides[0]] = sides[1]
                // An image's project is its owner.
                if sides[0] == "owner" { attributes["project_id"] = sides[1] }
            }
            let object = AttributeTarget(attributes)
            for line in policy.explanation(of: rule.rawValue, caller, on: object) { print(line) }
            guard policy.allows(rule, caller, on: object) else { throw ExitCode(1) }
        }

        private func caller(_ policy: Policy) throws -> Caller {
            let parts = user.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3 else { throw ValidationError("--user must be user:project:role,role; each part may be empty.") }
            let roles = Set(parts[2].split(separator: ",").map { $0.lowercased() })
            func some(_ text: String) -> String? { text.isEmpty ? nil : text }
            return Caller(user: some(parts[0]), project: some(parts[1]), roles: roles, isAdmin: policy.makesAdmin(roles: roles))
        }
    }
}

extension ConfigurationArguments {
    fileprivate func policy() throws -> Policy {
        let configuration = try ProgramConfiguration.read(files: configFile, directories: configDir)
        return try CompositionRoot(configuration, program: "glance-manage").policies.current
    }
}
