internal import Assembly
internal import Domain
internal import Glibc
internal import JSONDocument
internal import OsloConfig
internal import Persistence
internal import Schema

/// Checks whether a configuration and a database are ready for this release. Source: oslo.upgradecheck, `upgradecheck.main`.
struct StatusCommand {
    private enum Result: Int64 {
        case success, warning, failure

        var word: String {
            switch self {
            case .success: "Success"
            case .warning: "Warning"
            case .failure: "Failure"
            }
        }
    }

    private struct Check {
        let name: String
        var result = Result.success
        var details: String?
    }

    private static let usage = "glance-status [--config-file PATH] [--config-dir DIR] upgrade check [--json]"

    static func run(_ name: String, _ words: [String]) throws -> Int32 {
        let words = try OsloWords.words(words, [.flag("--json")], usage: usage)
        if OsloWords.answersByItself(words, usage: usage) { return 0 }
        guard words.others == ["upgrade", "check"] else { throw UsageError("the only command is: upgrade check", usage: usage) }
        let checks = StatusCommand(name: name, words: words).checks()
        words.has("--json") ? printJSON(checks) : printTable(checks)
        return Int32(checks.map(\.result.rawValue).max() ?? 0)
    }

    private let name: String
    private let words: CommandWords

    private func checks() -> [Check] {
        // A check must not create a log file, which might belong to root.
        for name in ["OS_DEFAULT__LOG_FILE", "OS_DEFAULT__LOG_DIR"] { setenv(name, "", 0) }
        let configuration: Configuration
        do {
            configuration = try OsloWords.configuration(words, of: name)
        } catch {
            return [Check(name: "Configuration", result: .failure, details: "\(error)")]
        }
        let root: CompositionRoot
        do {
            root = try CompositionRoot(configuration, program: "glance-status")
        } catch let error as ConfigurationError {
            return [Check(name: "Configuration", result: .failure, details: "\(error)")]
        } catch {
            return [Check(name: "Policy Files", result: .failure, details: "\(error)")]
        }
        return [
            Self.values(root), Self.options(root), Self.owner(configuration), Check(name: "Policy Files"), Self.database(root),
        ]
    }

    private static func values(_ root: CompositionRoot) -> Check {
        do {
            try root.checkValues()
            return Check(name: "Configuration")
        } catch {
            return Check(name: "Configuration", result: .failure, details: "\(error)")
        }
    }

    private static func options(_ root: CompositionRoot) -> Check {
        let (all, unknown) = (root.complaints, root.unknownOptions)
        if !unknown.isEmpty { return Check(name: "Options", result: .warning, details: unknown.joined(separator: "; ")) }
        let news = all.isEmpty ? nil : "\(all.count) options of Glance have no effect here; the log names them."
        return Check(name: "Options", details: news)
    }

    /// Checks `owner_is_tenant`; Glance has a check with the same name.
    private static func owner(_ configuration: Configuration) -> Check {
        let name = "Config option owner_is_tenant removal"
        let isTenant = (try? configuration(Option<Bool>.flag("DEFAULT", "owner_is_tenant", default: true))) ?? true
        guard !isTenant else { return Check(name: name) }
        return Check(
            name: name, result: .failure,
            details: "owner_is_tenant is false; images can only be owned by projects, and there is no migration.")
    }

    private static func database(_ root: CompositionRoot) -> Check {
        let name = "Database"
        do {
            let state = try Migrations(try root.database).state()
            guard !state.isComplete else { return Check(name: name) }
            let noted = state.revisions
            let age: GlanceRevisions.Age
            do throws(Fault) {
                age = try GlanceRevisions.age(of: noted)
            } catch {
                let names = noted.joined(separator: ", ")
                return Check(
                    name: name, result: .failure, details: "The database is at revision \(names), which this release cannot upgrade.")
            }
            let details =
                state.missing.isEmpty && age != .older
                ? "An older Glance may still use the database; run glance-manage db contract once none does."
                : "\(state.missing.count) migrations are missing; run glance-manage db sync."
            return Check(name: name, result: .warning, details: details)
        } catch {
            return Check(name: name, result: .failure, details: "\(error)")
        }
    }

    // MARK: printing

    private static let title = "Upgrade Check Results"

    private static func printJSON(_ checks: [Check]) {
        let list: [JSON] = checks.map { check in
            ["check": .string(check.name), "result": .int(check.result.rawValue), "details": check.details.map { .string($0) } ?? .null]
        }
        write(String(decoding: JSON.object(["name": .string(title), "checks": .array(list)]).text, as: UTF8.self) + "\n")
    }

    private static func printTable(_ checks: [Check]) {
        var table = Table([title], [.left], hasRules: true)
        for check in checks {
            let details = check.details.map { wrapped($0, to: 60).joined(separator: "\n") } ?? "None"
            table.add(["Check: \(check.name)\nResult: \(check.result.word)\nDetails: \(details)"])
        }
        write(table.text)
    }
}
