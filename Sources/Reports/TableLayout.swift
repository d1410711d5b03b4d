/// The widths of a table's columns.
struct TableLayout {
    private let columns: [ReportColumn]
    private let widths: [Int]
    /// Whether values that are wider than their column are shortened.
    private let isFitted: Bool
    /// Columns that do not fit the terminal at all.
    private let left: [String]

    private static let gap = "  "
    /// A text column is not made narrower than this.
    private static let least = 8

    /// - Parameters:
    ///   - rows: the first rows, which decide.
    ///   - width: that of the terminal; nil if nothing is to be shortened.
    init(_ all: [ReportColumn], _ rows: [[String]], width: Int?) {
        var values = all.map { _ in 0 }
        for row in rows { for (index, cell) in row.enumerated() { values[index] = max(values[index], displayWidth(cell)) } }
        let natural = zip(all, values).map { max(displayWidth($0.name), $1) }
        guard let width else {
            (columns, widths, isFitted, left) = (all, natural, false, [])
            return
        }
        var shown = all.count
        var fitted = natural
        // The most columns of which each still has a width that can be read.
        while true {
            fitted = Self.fit(Array(natural[..<shown]), all, values, into: width - Self.gap.count * (shown - 1))
            if fitted.reduce(0, +) + Self.gap.count * (shown - 1) <= width || shown <= 1 { break }
            shown -= 1
        }
        if shown == 1 { fitted[0] = min(fitted[0], max(width, 1)) }
        (columns, widths, isFitted, left) = (Array(all[..<shown]), fitted, true, all[shown...].map(\.name))
    }

    /// Takes width from the widest texts until all fit, and then from names that are wider than the values below them. Numbers and times stay
    /// whole.
    private static func fit(_ natural: [Int], _ columns: [ReportColumn], _ values: [Int], into room: Int) -> [Int] {
        var widths = natural
        var excess = widths.reduce(0, +) - room
        while excess > 0 {
            let texts = widths.indices.filter { columns[$0].canBeShort && widths[$0] > least }
            let names = widths.indices.filter { !columns[$0].canBeShort && widths[$0] > max(values[$0], least) }
            guard let widest = (texts.isEmpty ? names : texts).max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    /// A sentence about columns that are not shown; nil if all are.
    var note: String? {
        guard !left.isEmpty else { return nil }
        let are = left.count == 1 ? "1 column is" : "\(left.count) columns are"
        return
            "\(are) not shown for lack of width (\(left.joined(separator: ", "))); --columns chooses, and a pipe or --format json has all."
    }

    /// The names of the columns, and a rule below them.
    var head: String {
        line(columns.map(\.name)) + widths.map { String(repeating: "-", count: $0) }.joined(separator: Self.gap) + "\n"
    }

    /// A row; cells beyond the shown columns are left out.
    func line(_ cells: [String]) -> String {
        var line = ""
        for (index, width) in widths.enumerated() {
            let cell = isFitted ? shortened(cells[index], to: width) : cells[index]
            let padding = String(repeating: " ", count: max(0, width - displayWidth(cell)))
            if index > 0 { line += Self.gap }
            if columns[index].kind == .number {
                line += padding + cell
            } else {
                line += cell + padding
            }
        }
        while line.utf8.last == 0x20 { line.removeLast() }
        return line + "\n"
    }
}

extension ReportColumn {
    fileprivate var canBeShort: Bool { kind == .text || kind == .json }
}
