internal import Numbers
internal import ServiceMetrics

/// The numbers of several files, added up.
struct MetricTotals {
    private struct Family {
        let family: MetricFamily
        var rows: [[String]: [Int64]] = [:]
    }

    private var families: [String: Family] = [:]
    private var series = 0

    /// Families that files declare in two ways, and whether there were more series than are read.
    private(set) var troubles: Set<String> = []

    /// Adds the numbers of a file.
    ///
    /// - Parameter hasEnded: whether its process has ended, so that what it had in flight, and its gauges, are gone.
    mutating func add(_ readings: [MetricReading], hasEnded: Bool) {
        for reading in readings {
            switch reading.family.kind {
            case .level, .gauge: if hasEnded { continue }
            case .counter, .histogram: break
            }
            add(reading)
        }
    }

    private mutating func add(_ reading: MetricReading) {
        let name = reading.family.name
        var sum = families[name] ?? Family(family: reading.family)
        guard sum.family.agrees(with: reading.family) else {
            troubles.insert("\(name) is declared in two ways; the newer one is shown")
            return
        }
        // It is changed in place, not on a copy.
        families[name] = nil
        for row in reading.rows {
            guard let old = sum.rows[row.labels] else {
                guard series < Layout.Limit.series else {
                    troubles.insert("there are more than \(Layout.Limit.series) series; some are not shown")
                    break
                }
                series += 1
                sum.rows[row.labels] = row.cells
                continue
            }
            sum.rows[row.labels] = zip(old, row.cells).map { Self.united($0, $1, sum.family.kind) }
        }
        families[name] = sum
    }

    private static func united(_ one: Int64, _ other: Int64, _ kind: MetricFamily.Kind) -> Int64 {
        guard case .gauge(let rule) = kind else { return one.addingClamped(other) }
        if one == Layout.unset { return other }
        if other == Layout.unset { return one }
        return switch rule {
        case .sum: max(Layout.unset + 1, one.addingClamped(other))
        case .max: max(one, other)
        case .min: min(one, other)
        }
    }

    /// All numbers in an order that does not depend on which process was read first.
    var readings: [MetricReading] {
        families.values.sorted { $0.family.name < $1.family.name }.map { sum in
            let rows = sum.rows.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            return MetricReading(sum.family, rows.map { MetricReading.Row($0.key, cells: $0.value) })
        }
    }
}
