/// The unit of a plot's values.
package enum PlotUnit: Sendable {
    case bytes, count

    /// A value for people.
    package func text(_ value: Double) -> String { self == .bytes ? humanBytes(value) : humanCount(value) }

    /// A round value of an axis, without zeros at its end.
    func tick(_ value: Double) -> String {
        var parts = text(value).split(separator: " ").map(String.init)
        if value == 0 { return "0" }
        guard parts[0].contains(".") else { return parts.joined(separator: " ") }
        while parts[0].hasSuffix("0") { parts[0].removeLast() }
        if parts[0].hasSuffix(".") { parts[0].removeLast() }
        return parts.joined(separator: " ")
    }
}

/// The scale of an axis that begins at zero: round values at equal distances, the last one at or above the greatest.
struct PlotScale {
    let ticks: [Double]
    var top: Double { ticks.last ?? 1 }

    /// - Parameter count: distances between ticks that are wanted, about.
    init(upTo greatest: Double, _ unit: PlotUnit, about count: Int = 4) {
        guard greatest > 0, greatest.isFinite else {
            ticks = [0, 1]
            return
        }
        let least = greatest / Double(count)
        var step = 1.0
        switch unit {
        // Bytes are round in powers of two: 512 MiB, 1 GiB, 2 GiB.
        case .bytes: while step < least { step *= 2 }
        case .count:
            while step * 10 <= least { step *= 10 }
            step = ([1, 2, 2.5, 5, 10].map { $0 * step }.first { $0 >= least && $0 == $0.rounded() }) ?? step * 10
        }
        ticks = (0...Int((greatest / step).rounded(.up))).map { Double($0) * step }
    }
}

/// The width of a plot in pixels, as it is shown on a page of 1240.
func plotWidth(_ isWide: Bool) -> Double { isWide ? 1154 : 550 }
