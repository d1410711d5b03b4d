internal import Numbers
internal import ServiceMetrics

/// Writes metrics as text that Prometheus reads.
///
/// Sources: Prometheus, "Exposition formats" (text 0.0.4); "OpenMetrics 1.0".
enum Exposition {
    /// The two texts there are.
    enum Format: Sendable, Equatable {
        case prometheus, openMetrics

        var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    /// - Parameter readings: in the order in which they are written; each family once.
    static func text(of readings: [MetricReading], _ format: Format) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(64 * 1024)
        for reading in readings { write(reading, format, to: &text) }
        if format == .openMetrics { text += "# EOF\n".utf8 }
        return text
    }

    private static func write(_ reading: MetricReading, _ format: Format, to text: inout [UInt8]) {
        let family = reading.family
        let rows = reading.rows.filter { isShown($0, family) }
        guard !rows.isEmpty else { return }
        let isOpen = format == .openMetrics
        let (name, type) = described(family, isOpen: isOpen)
        text += "# HELP \(name) \(escaped(family.help, quotes: isOpen))\n# TYPE \(name) \(type)\n".utf8
        if isOpen, let unit = family.unit { text += "# UNIT \(name) \(unit)\n".utf8 }
        for row in rows {
            let labels = zip(family.labels, row.labels).map { "\($0.name)=\"\(escaped($1, quotes: true))\"" }
            guard case .histogram(let bounds) = family.kind else {
                line(family.name, labels, number(row.cells[0], family.scale), to: &text)
                continue
            }
            var count: Int64 = 0
            for (place, bound) in bounds.map({ decimal($0) }).enumerated() {
                count = count.addingClamped(row.cells[place])
                line("\(family.name)_bucket", labels + ["le=\"\(bound)\""], String(count), to: &text)
            }
            count = count.addingClamped(row.cells[bounds.count])
            line("\(family.name)_bucket", labels + ["le=\"+Inf\""], String(count), to: &text)
            line("\(family.name)_sum", labels, number(row.cells[bounds.count + 1], family.scale), to: &text)
            line("\(family.name)_count", labels, String(count), to: &text)
        }
    }

    /// The name and the type that stand above a family's numbers. OpenMetrics names a family without the ending of its numbers.
    private static func described(_ family: MetricFamily, isOpen: Bool) -> (name: Substring, type: String) {
        let name = Substring(family.name)
        switch family.kind {
        case .counter: return (isOpen && name.hasSuffix("_total") ? name.dropLast("_total".count) : name, "counter")
        case .level: return (name, "gauge")
        case .gauge where isOpen && name.hasSuffix("_info"): return (name.dropLast("_info".count), "info")
        case .gauge: return (name, "gauge")
        case .histogram: return (name, "histogram")
        }
    }

    private static func isShown(_ row: MetricReading.Row, _ family: MetricFamily) -> Bool {
        guard row.cells.count == family.cells, row.labels.count == family.labels.count else { return false }
        if case .gauge = family.kind { return row.cells[0] != Layout.unset }
        return family.showsUnused || row.cells.contains { $0 != 0 }
    }

    private static func line(_ name: String, _ labels: [String], _ value: String, to text: inout [UInt8]) {
        text += name.utf8
        if !labels.isEmpty { text += "{\(labels.joined(separator: ","))}".utf8 }
        text += " \(value)\n".utf8
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n") }) else {
            return text
        }
        return text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n").replacing("\"", with: quotes ? "\\\"" : "\"")
    }

    /// A number as it was before it was scaled, without rounding.
    static func number(_ value: Int64, _ scale: Int64) -> String {
        guard scale != 1 else { return String(value) }
        let (whole, rest) = value.magnitude.quotientAndRemainder(dividingBy: UInt64(scale))
        var digits = Substring(String(rest + UInt64(scale)).dropFirst())
        while digits.last == "0" { digits.removeLast() }
        return "\(value < 0 ? "-" : "")\(whole)\(digits.isEmpty ? "" : ".\(digits)")"
    }

    /// A bound with a point, as OpenMetrics writes it; both formats write it alike, so that a series is the same in both.
    private static func decimal(_ bound: Double) -> String {
        // Bounds are decimals of at most nine digits; Swift would write small ones as 1e-05.
        let text = number(MetricFamily.scaled(bound, by: MetricFamily.scaleOfSeconds), MetricFamily.scaleOfSeconds)
        return text.contains(".") ? text : "\(text).0"
    }
}
