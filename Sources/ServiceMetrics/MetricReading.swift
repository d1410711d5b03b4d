/// A family with the values that it has now, for those who are to be shown them.
package struct MetricReading: Sendable, Equatable {
    /// The values of one combination of labels.
    package struct Row: Sendable, Equatable {
        /// The labels' values, in the order of the family's labels.
        package let labels: [String]
        /// One number; of a histogram, how many fell into each bucket (each bound's own and those beyond the last), then the sum. Numbers
        /// of families with a `scale` are multiplied by it.
        package let cells: [Int64]

        package init(_ labels: [String], cells: [Int64]) { (self.labels, self.cells) = (labels, cells) }

        /// A row of a family whose numbers have no fraction.
        package init(_ labels: [String], _ value: Int64) { self.init(labels, cells: [value]) }

        /// A row of a family of seconds.
        package init(_ labels: [String], seconds: Double) {
            self.init(labels, cells: [MetricFamily.scaled(seconds, by: MetricFamily.scaleOfSeconds)])
        }
    }

    package let family: MetricFamily
    package var rows: [Row]

    package init(_ family: MetricFamily, _ rows: [Row]) { (self.family, self.rows) = (family, rows) }
}

/// Something that tells metrics when it is asked, besides those that processes count.
package protocol MetricSource: Sendable {
    /// What there is now. It is asked at every scrape, so it must answer at once and with a bounded number of rows.
    func readings() -> [MetricReading]
}

extension MetricFamily {
    /// A number of seconds is kept as nanoseconds.
    package static let scaleOfSeconds: Int64 = 1_000_000_000

    /// What a number is multiplied by where it is kept: it is kept without a fraction.
    package var scale: Int64 { unit == "seconds" || name.hasSuffix("_ratio") ? Self.scaleOfSeconds : 1 }

    /// Cells that one combination of labels has.
    package var cells: Int {
        if case .histogram(let bounds) = kind { bounds.count + 2 } else { 1 }
    }

    /// A number as it is kept; the largest one there is in place of one that is larger.
    package static func scaled(_ value: Double, by scale: Int64) -> Int64 {
        let scaled = (value * Double(scale)).rounded()
        if scaled >= 0x1p63 { return .max }
        return scaled > -0x1p63 ? Int64(scaled) : .min + 1
    }
}
