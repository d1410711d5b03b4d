internal import ArgumentParser
internal import Assembly
internal import Domain
internal import Foundation
internal import JSONDocument
internal import Text

/// `store quarantine`: the files that repairs have moved away.
struct StoreQuarantine: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine", abstract: "Shows, restores and removes the files that repairs have moved away.",
        discussion: """
            `store verify --repair` removes no file of a store: it moves it to .quarantine/DAY in the same folder, where manifest.jsonl says \
            what each file was.
            """,
        subcommands: [List.self, Restore.self, Empty.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the files in quarantine, the oldest day of each folder first.")
        @OptionGroup var arguments: ConfigurationArguments
        @Option(help: "table, or json: one object a line.")
        var format = Format.table

        enum Format: String, ExpressibleByArgument, CaseIterable {
            case table, json
        }

        func run() throws {
            let quarantine = try CompositionRoot(arguments.configuration(), program: "glance-manage").makeQuarantine()
            var (count, bytes) = (0, Int64(0))
            try quarantine.list { file throws(Fault) in
                (count, bytes) = (count + 1, bytes + file.bytes)
                switch format {
                case .json: print(String(decoding: JSON.object(file.fields).text, as: UTF8.self))
                case .table:
                    if count == 1 { print("\(Self.line("ID", "TAKEN", "KIND", "BYTES"))FROM") }
                    print(Self.line(file.id, file.takenAt.description, file.reason.kind.rawValue, "\(file.bytes)") + file.origin.shown)
                }
            }
            if format == .table { print("\(count) files, \(bytes) bytes") }
        }

        private static func line(_ id: String, _ at: String, _ kind: String, _ bytes: String) -> String {
            [(id, 14), (at, 22), (kind, 19), (bytes, 14)].map {
                $0.0.padding(toLength: max($0.1, $0.0.count + 1), withPad: " ", startingAt: 0)
            }
            .joined()
        }
    }

    struct Restore: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Moves a file back to where it came from.")
        @OptionGroup var arguments: ConfigurationArguments
        @Argument(help: "The file's id, as `store quarantine list` shows it.")
        var id: String

        func run() throws {
            let quarantine = try CompositionRoot(arguments.configuration(), program: "glance-manage").makeQuarantine()
            do throws(Fault) {
                print("\(try quarantine.restore(id).origin.shown) is restored.")
            } catch {
                throw CommandFailed(error)
            }
        }
    }

    struct Empty: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Removes files from quarantine for good.", discussion: "It asks on a terminal; elsewhere it needs --yes.")
        @OptionGroup var arguments: ConfigurationArguments
        @Option(help: "The time that a file must have been there, such as 30d; 0 for every file.")
        var olderThan: String
        @Flag(help: "Do not ask.")
        var yes = false

        func run() throws {
            guard let age = seconds(ofDuration: olderThan) else {
                throw ValidationError("--older-than: '\(olderThan)' is no length of time; write for example 30d, 12h or 0")
            }
            let quarantine = try CompositionRoot(arguments.configuration(), program: "glance-manage").makeQuarantine()
            guard try Consent.ask("Remove the files that are in quarantine for \(olderThan) or longer?", isGiven: yes) else { return }
            var (count, bytes) = (0, Int64(0))
            do throws(Fault) {
                try quarantine.empty(olderThan: age) { file in
                    (count, bytes) = (count + 1, bytes + file.bytes)
                    print("removed \(file.id), which was \(file.origin.shown)")
                }
            } catch {
                print("\(count) files, \(bytes) bytes removed.")
                throw CommandFailed(error)
            }
            print("\(count) files, \(bytes) bytes removed.")
        }
    }
}

extension QuarantinedFile {
    /// For `--format json`.
    fileprivate var fields: JSONObject {
        [
            "id": .string(id), "path": .string(path), "from": .string(origin), "kind": .string(reason.kind.rawValue),
            "store": .string(reason.store), "image": reason.image.map { .string($0.text) } ?? .null, "size": .int(bytes),
            "why": .string(reason.detail), "at": .string(takenAt.description), "run": .int(reason.run),
        ]
    }
}
