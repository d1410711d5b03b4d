/// Values by day as SVG: a line for what there is, columns for what happens.
package struct TimePlot {
    package enum Style: Sendable { case line, columns }

    private let points: [(day: Int, value: Double)]
    private let style: Style
    private let unit: PlotUnit
    private let label: String
    /// Days that one point stands for.
    package let daysPerPoint: Int
    /// Days over which a column stretches.
    private let columnDays: Int
    private let width: Double

    /// Points of a plot; more are drawn as fewer, each for several days.
    private static let most = 400
    private static let height = 240.0
    private static let (left, right, top, bottom) = (66.0, 14.0, 14.0, 28.0)

    /// - Parameters:
    ///   - points: days since 1970 with values, in any order; a day that is missing has 0 in columns, and the value before in a line.
    ///   - columnDays: days over which a column stretches, 28 for a month.
    ///   - isWide: whether it takes the width of a page, not the half; letters are of one size in both.
    ///   - label: what the plot shows, for readers who hear it.
    package init(
        _ points: [(day: Int, value: Double)], _ style: Style, _ unit: PlotUnit, columnDays: Int = 1, isWide: Bool = false, label: String
    ) {
        (self.style, self.unit, self.label, width) = (style, unit, label, plotWidth(isWide))
        let sorted = points.sorted { $0.day < $1.day }
        let days = (sorted.last?.day ?? 0) - (sorted.first?.day ?? 0) + 1
        daysPerPoint = max(1, (days / columnDays + Self.most - 1) / Self.most)
        self.columnDays = max(columnDays, daysPerPoint)
        var drawn: [(day: Int, value: Double)] = []
        for point in sorted {
            let day = sorted[0].day + (point.day - sorted[0].day) / daysPerPoint * daysPerPoint
            guard let previous = drawn.last, previous.day == day else {
                drawn.append((day, point.value))
                continue
            }
            drawn[drawn.count - 1].value = style == .columns ? previous.value + point.value : point.value
        }
        self.points = drawn
    }

    package var isEmpty: Bool { points.isEmpty }

    package var svg: String {
        guard let first = points.first, let last = points.last else { return "" }
        let values = PlotScale(upTo: points.map(\.value).max() ?? 0, unit)
        let days = DayScale(first.day, last.day + (style == .columns ? columnDays : 0))
        let span = Double(max(days.last - days.first, 1))
        let (wide, high) = (width - Self.left - Self.right, Self.height - Self.top - Self.bottom)
        func x(_ day: Int) -> Double { Self.left + wide * Double(day - days.first) / span }
        func y(_ value: Double) -> Double { Self.top + high * (1 - min(max(value, 0), values.top) / values.top) }

        var svg = SVG(width: width, height: Self.height, label: label)
        for tick in values.ticks {
            svg.line(Self.left, y(tick), width - Self.right, y(tick), tick == 0 ? "base" : "rule")
            svg.text(Self.left - 8, y(tick) + 4, unit.tick(tick), anchor: "end")
        }
        for tick in days.ticks {
            svg.text(x(tick.day), Self.height - 8, tick.label, anchor: x(tick.day) > width - 50 ? "end" : "middle")
        }
        switch style {
        case .columns:
            let slot = wide * Double(columnDays) / span
            for point in points where point.value > 0 {
                let top = y(point.value)
                svg.bar(
                    x(point.day) + slot * 0.1, top, max(slot * 0.8, 1), max(y(0) - top, 0.5), radius: min(2, slot / 4), "bar",
                    title: title(point))
            }
        case .line:
            let path = points.enumerated().map { index, point in
                "\(index == 0 ? "M" : "L")\(number(x(point.day))) \(number(y(point.value)))"
            }
            .joined()
            svg.path("\(path)L\(number(x(last.day))) \(number(y(0)))L\(number(x(first.day))) \(number(y(0)))Z", "area")
            svg.path(path, "line")
            svg.circle(x(last.day), y(last.value), 4, "dot")
            let slot = max(wide * Double(daysPerPoint) / span, 2)
            for point in points { svg.bar(x(point.day) - slot / 2, Self.top, slot, high, radius: 0, "hit", title: title(point)) }
        }
        return svg.end()
    }

    private func title(_ point: (day: Int, value: Double)) -> String {
        let until = daysPerPoint > 1 ? " to \(dayText(point.day + daysPerPoint - 1))" : ""
        return "\(dayText(point.day))\(until): \(unit.text(point.value))"
    }
}
