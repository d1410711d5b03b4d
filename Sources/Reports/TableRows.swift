/// Rows as a table of text. On a terminal it fits the width; elsewhere every value is whole.
///
/// The first rows decide how wide the columns are; the rest is written as it comes, so memory does not grow with the report. A later value that is
/// wider is shortened on a terminal, and elsewhere moves the rest of its line.
package struct TableRows: RowWriter {
    private let output: ReportOutput
    private let terminal: Terminal?
    private var columns: [ReportColumn] = []
    /// The first rows, until the widths are decided.
    private var first: [[String]] = []
    private var firstBytes = 0
    private var layout: TableLayout?
    private var count = 0

    /// Rows that decide the widths, and bytes of them at most.
    private static let measured = 200
    private static let measuredBytes = 1 << 20

    /// - Parameter terminal: nil if the output is none.
    package init(to output: ReportOutput, on terminal: Terminal?) { (self.output, self.terminal) = (output, terminal) }

    package mutating func begin(_ columns: [ReportColumn]) throws(OutputError) { self.columns = columns }

    package mutating func row(_ values: [ReportValue]) throws(OutputError) {
        let cells = zip(columns, values).map(cell)
        count += 1
        if let layout { return try output.write(layout.line(cells)) }
        first.append(cells)
        firstBytes += cells.reduce(0) { $0 + $1.utf8.count }
        if first.count >= Self.measured || firstBytes >= Self.measuredBytes { try decide() }
    }

    package mutating func end() throws(OutputError) {
        if layout == nil { try decide() }
        if let terminal, let layout {
            let rows = count == 1 ? "1 row" : "\(grouped(Int64(count))) rows"
            try output.write("\(rows)\n")
            if let note = layout.note { try output.write(wrapped(note, to: terminal.width)) }
        }
        try output.flush()
    }

    /// Decides the widths, and writes the head and the rows that were kept.
    private mutating func decide() throws(OutputError) {
        let layout = TableLayout(columns, first, width: terminal?.width)
        self.layout = layout
        try output.write(layout.head)
        for cells in first { try output.write(layout.line(cells)) }
        first = []
        if terminal != nil { try output.flush() }
    }

    private func cell(_ column: ReportColumn, _ value: ReportValue) -> String {
        guard terminal != nil, let number = value.double else { return printable(value.text ?? "") }
        if column.isBytes { return humanBytes(number) }
        return column.isByteHours ? "\(humanBytes(number))h" : value.text ?? ""
    }
}

/// Breaks a text into lines between its words.
///
/// - Returns: lines that each end with a line break.
package func wrapped(_ text: String, to width: Int) -> String {
    var (lines, line) = ("", "")
    for word in text.split(separator: " ") {
        if !line.isEmpty, displayWidth(line) + 1 + displayWidth(String(word)) > width {
            lines += line + "\n"
            line = ""
        }
        line += line.isEmpty ? word : " \(word)"
    }
    return lines + line + "\n"
}
