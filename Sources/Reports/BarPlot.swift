/// Values by name as SVG: horizontal bars, the greatest first, and what is left as one.
package struct BarPlot {
    private let bars: [(name: String, value: Double, isRest: Bool)]
    private let unit: PlotUnit
    private let label: String

    private let width: Double

    private static let row = 26.0
    private static let (names, values) = (190.0, 84.0)
    /// Columns of a name: 7 of 12 pixels each, about.
    private static let nameWidth = 26

    /// - Parameters:
    ///   - most: bars at most; the sum of all others is one more.
    ///   - isWide: whether it takes the width of a page, not the half.
    ///   - label: what the plot shows, for readers who hear it.
    package init(_ values: [(name: String, value: Double)], _ unit: PlotUnit, most: Int = 10, isWide: Bool = false, label: String) {
        (self.unit, self.label, width) = (unit, label, plotWidth(isWide))
        let sorted = values.sorted { $0.value > $1.value }
        var bars = sorted.prefix(most).map { (name: $0.name, value: $0.value, isRest: false) }
        let rest = sorted.dropFirst(most)
        if !rest.isEmpty { bars.append(("\(rest.count) others", rest.reduce(0) { $0 + $1.value }, true)) }
        self.bars = bars
    }

    package var svg: String {
        let greatest = max(bars.first?.value ?? 0, .leastNonzeroMagnitude)
        let total = max(bars.reduce(0) { $0 + $1.value }, .leastNonzeroMagnitude)
        let room = width - Self.names - Self.values
        var svg = SVG(width: width, height: Self.row * Double(max(bars.count, 1)) + 4, label: label)
        for (index, bar) in bars.enumerated() {
            let y = Self.row * Double(index) + 4
            let name = bar.name.isEmpty ? "(none)" : printable(bar.name)
            let share = "\(fixed(100 * bar.value / total, 1)) %"
            let title = "\(name): \(unit.text(bar.value)), \(share)"
            svg.text(Self.names - 10, y + 14, shortened(name, to: Self.nameWidth), anchor: "end", class: "name", title: title)
            svg.bar(Self.names, y + 2, room, Self.row - 10, radius: 3, "track")
            // What is left may be many times the greatest; its number says so.
            let length = bar.isRest ? 0 : max(room * bar.value / greatest, bar.value > 0 ? 2 : 0)
            svg.bar(Self.names, y + 2, length, Self.row - 10, radius: 3, "bar", title: title)
            svg.text(width - Self.values + 8, y + 14, unit.text(bar.value), anchor: "start", class: "value")
        }
        return svg.end()
    }
}
