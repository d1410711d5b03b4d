/// A table of texts in a frame. Source: PrettyTable's default style, which Glance's programs use.
struct Table {
    enum Alignment { case left, center, right }

    private let header: [String]
    private let alignments: [Alignment]
    private let hasRules: Bool
    /// The lines of each cell.
    private var rows: [[[Substring]]] = []

    /// - Parameter hasRules: whether rows are separated by lines.
    init(_ header: [String], _ alignments: [Alignment], hasRules: Bool = false) {
        (self.header, self.alignments, self.hasRules) = (header, alignments, hasRules)
    }

    mutating func add(_ cells: [String]) { rows.append(cells.map { $0.split(separator: "\n", omittingEmptySubsequences: false) }) }

    var text: String {
        let all = [header.map { [$0[...]] }] + rows
        let widths = header.indices.map { column in all.flatMap { $0[column] }.map(\.count).max() ?? 0 }
        let rule = "+" + widths.map { String(repeating: "-", count: $0 + 2) + "+" }.joined()
        var lines = [rule]
        for (number, row) in all.enumerated() {
            for line in 0..<(row.map(\.count).max() ?? 0) {
                let cells = row.indices.map { column in
                    aligned(line < row[column].count ? row[column][line] : "", widths[column], alignments[column])
                }
                lines.append("|" + cells.map { " \($0) |" }.joined())
            }
            if number == 0 || hasRules || number == all.count - 1 { lines.append(rule) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Pads a text. For centred text, the odd blank goes to the side that PrettyTable chooses.
    private func aligned(_ text: Substring, _ width: Int, _ alignment: Alignment) -> String {
        let excess = width - text.count
        let before =
            switch alignment {
            case .left: 0
            case .right: excess
            case .center: excess / 2 + (text.count % 2 == 0 ? excess % 2 : 0)
            }
        return String(repeating: " ", count: before) + text + String(repeating: " ", count: excess - before)
    }
}
