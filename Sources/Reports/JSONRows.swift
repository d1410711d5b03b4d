internal import JSONDocument

/// Rows as a JSON array of objects, one a line.
///
/// Numbers are JSON numbers with all digits of the database, times are texts by ISO 8601 in UTC, and a column that is JSON is nested as it is. The
/// array is closed by `end` alone, so a reader notices when the report broke off.
package struct JSONRows: RowWriter {
    private let output: ReportOutput
    private var columns: [ReportColumn] = []
    private var hasRows = false

    package init(to output: ReportOutput) { self.output = output }

    package mutating func begin(_ columns: [ReportColumn]) throws(OutputError) {
        self.columns = columns
        try output.write("[")
    }

    package mutating func row(_ values: [ReportValue]) throws(OutputError) {
        var writer = JSONWriter(reserving: 512)
        writer.object { writer in
            for (column, value) in zip(columns, values) {
                writer.key(column.name)
                switch value {
                case .null: writer.null()
                case .number(let text): writer.number(text)
                case .time(let text), .text(let text): writer.string(text)
                case .json(let text):
                    if let json = try? JSON(parsing: Array(text.utf8)) { writer.value(json) } else { writer.string(text) }
                }
            }
        }
        try output.write(hasRows ? ",\n" : "\n")
        try output.write(writer.bytes)
        hasRows = true
    }

    package func end() throws(OutputError) {
        try output.write("\n]\n")
        try output.flush()
    }
}
