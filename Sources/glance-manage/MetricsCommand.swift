internal import ArgumentParser
internal import JSONDocument
internal import ServiceMetrics

/// The metrics of the service.
struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Prints every metric: name, type, labels, and what it tells.",
        discussion: "It reads no configuration and no numbers: GET /metrics of glance-tasks has those.")

    @Option(help: "How it is printed.")
    var format = ReferenceFormat.table

    @Argument(help: "Only metrics whose name contains this text.")
    var text: String?

    func validate() throws { try format.validate(text: text) }

    func run() {
        let found = MetricsPage.families.filter { family in text.map(family.name.contains) ?? true }
        switch format {
        case .markdown: print(MetricsPage.markdown, terminator: "")
        case .json: print(String(decoding: JSON.array(found.map(MetricsPage.json)).text, as: UTF8.self))
        case .table:
            for family in found {
                let labels = family.labels.isEmpty ? "" : "{\(family.labels.map(\.name).joined(separator: ","))}"
                print("\(family.name)\(labels)")
                print("    \(MetricsPage.type(of: family)): \(family.help)")
            }
        }
    }
}
