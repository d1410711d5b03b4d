internal import ArgumentParser
internal import JSONDocument
internal import Options

/// `config`: prints the options of the service.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Tells which options there are.", subcommands: [List.self])

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, markdown, json }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints every option that has an effect: group, name, values, default, meaning, and whether Glance has it.",
            discussion: "It reads no configuration: what is in force in one is not told.")
        @Option(help: "How it is printed.")
        var format = Format.table

        @Argument(help: "Only options whose group or name contains this text.")
        var text: String?

        func validate() throws {
            if format == .markdown, text != nil { throw ValidationError("The page is whole: --format markdown takes no text to look for.") }
        }

        func run() {
            let found = OptionReference.all.filter { option in text.map { "[\(option.group)] \(option.name)".contains($0) } ?? true }
            switch format {
            case .markdown: print(OptionReference.markdown, terminator: "")
            case .json: print(String(decoding: JSON.array(found.map(\.json)).text, as: UTF8.self))
            case .table:
                for option in found {
                    let value = option.fallback.map { " = \($0)" } ?? ""
                    print(
                        "[\(option.group)] \(option.name)\(value)\n    \(option.meaning) (\(option.kind); in Glance: \(option.origin.rawValue))"
                    )
                }
            }
        }
    }
}
