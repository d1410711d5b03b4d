internal import JSONDocument
internal import ServiceMetrics
internal import SharedMetrics

/// The reference of all metrics, as tables and as JSON.
enum MetricsPage {
    private struct Section {
        let title: String
        let families: [MetricFamily]
    }

    private static let sections = [
        Section(title: "Requests, uploads and downloads", families: ServiceMetrics.http.families),
        Section(title: "Imports", families: ServiceMetrics.imports.families),
        Section(title: "Queues of the installation", families: ServiceMetrics.backlog.families),
        Section(title: "Upkeep", families: ServiceMetrics.upkeep.families),
        Section(title: "Database", families: ServiceMetrics.database.families),
        Section(title: "Stores and image cache", families: ServiceMetrics.stores.families),
        Section(title: "Keystone, registry and other parts", families: ServiceMetrics.neighbours.families),
        Section(title: "Notifications and nginx's log", families: ServiceMetrics.notifications.families),
        Section(title: "Log and faults", families: ServiceMetrics.log.families),
        Section(title: "Verification", families: ServiceMetrics.verification.families),
        Section(title: "Processes", families: ProcessMetrics.families),
        Section(title: "Names of OpenStack's exporter", families: ServiceMetrics.openStack.families),
    ]

    static let families = sections.flatMap(\.families)

    static func type(of family: MetricFamily) -> String {
        switch family.kind {
        case .counter: "counter"
        case .level, .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    static func json(_ family: MetricFamily) -> JSON {
        let labels = family.labels.map { label -> JSON in
            ["name": .string(label.name), "values": label.values.map { .array($0.map { .string($0) }) } ?? .null]
        }
        return [
            "name": .string(family.name), "type": .string(type(of: family)), "meaning": .string(family.help),
            "unit": family.unit.map { .string($0) } ?? .null, "labels": .array(labels),
        ]
    }

    /// A table for each section. The page that has them, `docs/metrics.md`, is written by hand up to them.
    static var markdown: String {
        sections.map { section in
            """
            ### \(section.title)

            | metric | type | labels | meaning |
            |---|---|---|---|
            \(section.families.map(row).joined(separator: "\n"))
            """
        }.joined(separator: "\n\n") + "\n"
    }

    private static func row(_ family: MetricFamily) -> String {
        let labels = family.labels.map { label in
            guard let values = label.values else { return "`\(label.name)`" }
            return "`\(label.name)` (\(values.joined(separator: ", ")))"
        }
        return "| `\(family.name)` | \(type(of: family)) | \(labels.joined(separator: "; ")) | \(escaped(family.help)) |"
    }

    private static func escaped(_ text: String) -> String { text.replacing("|", with: "\\|") }
}
