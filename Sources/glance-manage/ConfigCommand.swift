internal import ArgumentParser
internal import Domain
internal import JSONDocument
internal import Options

/// `config`: prints the options of the service.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Lists the options.", subcommands: [List.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints every option that has an effect: group, name, values, default, meaning, and whether Glance has it.",
            discussion: "It reads no configuration, so it does not show values in force.")
        @Option(help: "The format of the list.")
        var format = ReferenceFormat.table

        @Argument(help: "Only options whose group or name contains this text.")
        var text: String?

        func validate() throws { try format.validate(text: text) }

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
