extension Schema {
    /// The views and their columns in Markdown, from the headers of their files.
    package static var reportsReference: String {
        let list = reports.map { "| [`\($0.name)`](#\($0.name)) | \(cell($0.question)) |\n" }.joined()
        return "## Views\n\n| view | question |\n|---|---|\n\(list)" + reports.map(section).joined()
    }

    private static func section(_ report: Report) -> String {
        let paragraphs = ([report.question] + report.notes).map { "\n\(escaped($0))\n" }.joined()
        let columns = report.columns.map { "| `\($0.name)` | \(cell($0.meaning)) |\n" }.joined()
        let answer = report.answer.map { "\($0)\n" }.joined()
        return """

            ### \(report.name)
            \(paragraphs)
            | column | |
            |---|---|
            \(columns)
            ```sql
            \(report.example)
            ```

            ```text
            \(answer)```

            """
    }

    private static func cell(_ text: String) -> String { escaped(text).replacing("|", with: "\\|") }

    /// A text whose asterisks, underscores and angle brackets stay what they are outside of code.
    private static func escaped(_ text: String) -> String {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated().map { number, part in
            number.isMultiple(of: 2)
                ? part.map { "*_<>".contains($0) ? "\\\($0)" : String($0) }.joined() : String(part)
        }.joined(separator: "`")
    }
}
