internal import JSONDocument
internal import Reports
internal import Schema

/// What `report list` prints.
enum ReportList {
    /// The page of all, which is no view.
    static let overview = "overview"
    private static let overviewQuestion =
        "What is there, who uses it, and what needs attention? A page of plots and tables with --format html."

    static func table(to output: ReportOutput) throws(OutputError) {
        var rows = TableRows(to: output, on: Terminal())
        try rows.begin([ReportColumn("name", .text), ReportColumn("question", .text), ReportColumn("filters", .text)])
        try rows.row([.text(overview), .text(overviewQuestion), .text("")])
        for report in Schema.reports { try rows.row([.text(report.shortName), .text(report.question), .text(report.options)]) }
        try rows.end()
    }

    static var markdown: String {
        let rows = Schema.reports.map { "| `\($0.shortName)` | \($0.question.replacing("|", with: "\\|")) | \($0.options) |\n" }
        return "| report | question | filters |\n|---|---|---|\n| `\(overview)` | \(overviewQuestion) |  |\n" + rows.joined()
    }

    static var json: JSON {
        .array(
            [["name": .string(overview), "question": .string(overviewQuestion)]]
                + Schema.reports.map { report in
                    [
                        "name": .string(report.shortName), "view": .string(report.name), "question": .string(report.question),
                        "notes": .array(report.notes.map(JSON.string)),
                        "filters": [
                            "project": report.filters.project.map(JSON.string) ?? .null,
                            "time": report.filters.time.map(JSON.string) ?? .null,
                        ],
                        "columns": .array(report.columns.map { ["name": .string($0.name), "meaning": .string($0.meaning)] }),
                        "example": .string(report.example),
                    ]
                })
    }
}

extension Schema.Report {
    /// The name without `report_`.
    var shortName: String { String(name.dropFirst("report_".count)) }

    /// The meanings of the columns by their names.
    var meanings: [String: String] { Dictionary(columns.map { ($0.name, $0.meaning) }) { first, _ in first } }

    /// The options by which the report is filtered.
    var options: String {
        ((filters.project == nil ? [] : ["--project"]) + (filters.time == nil ? [] : ["--since", "--until"])).joined(separator: " ")
    }
}
