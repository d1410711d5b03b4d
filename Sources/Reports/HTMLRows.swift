/// Rows as a table of HTML, within a section of a page.
package struct HTMLRows: RowWriter {
    private let output: ReportOutput
    private let meanings: [String: String]
    private var columns: [ReportColumn] = []
    private var count = 0

    /// - Parameter meanings: by the names of columns; shown where the pointer rests.
    package init(to output: ReportOutput, meanings: [String: String] = [:]) { (self.output, self.meanings) = (output, meanings) }

    package mutating func begin(_ columns: [ReportColumn]) throws(OutputError) {
        self.columns = columns
        var head = "<div class=\"scroll\">\n<table>\n<thead>\n<tr>"
        for column in columns {
            let title = meanings[column.name].map { " title=\"\(escaped($0))\"" } ?? ""
            head += "<th scope=\"col\"\(column.kind == .number ? " class=\"number\"" : "")\(title)>\(escaped(column.name))</th>"
        }
        try output.write(head + "</tr>\n</thead>\n<tbody>\n")
    }

    package mutating func row(_ values: [ReportValue]) throws(OutputError) {
        count += 1
        try output.write("<tr>\(zip(columns, values).map(Self.cell).joined())</tr>\n")
    }

    package mutating func end() throws(OutputError) {
        if count == 0 { try output.write("<tr><td class=\"null\" colspan=\"\(max(columns.count, 1))\">no rows</td></tr>\n") }
        try output.write("</tbody>\n</table>\n</div>\n")
    }

    private static func cell(_ column: ReportColumn, _ value: ReportValue) -> String {
        guard let text = value.text else { return "<td class=\"null\(column.kind == .number ? " number" : "")\">–</td>" }
        if let number = value.double, column.isBytes || column.isByteHours {
            return "<td class=\"number\" title=\"\(escaped(text))\">\(humanBytes(number))\(column.isByteHours ? "h" : "")</td>"
        }
        switch column.kind {
        case .number: return "<td class=\"number\">\(escaped(text))</td>"
        case .time: return "<td class=\"time\">\(escaped(text.replacing("T", with: " ").replacing("Z", with: "")))</td>"
        case .text, .json: return "<td dir=\"auto\">\(escaped(text))</td>"
        }
    }
}
