internal import CoreMetrics

/// A family of durations: how many took at most each of some lengths.
package final class DurationHistograms<Labels: LabelCombination>: DeclaredMetric {
    private let table: SeriesTable<Labels, DurationSeries>
    package var family: MetricFamily { table.family }

    /// - Parameters:
    ///   - name: `vitrine_…_seconds`.
    ///   - help: a sentence.
    ///   - bounds: in seconds, rising, 30 at most.
    ///   - showsUnused: whether combinations of labels are shown that never counted.
    package init(_ name: String, _ help: String, bounds: [Double], showsUnused: Bool = true) {
        let family = MetricFamily(
            name: name, help: help, kind: .histogram(bounds: bounds), labels: Labels.labels, showsUnused: showsUnused)
        table = SeriesTable(family) { DurationSeries(raw: Timer(label: $0, dimensions: $1)) }
    }

    package subscript(labels: Labels) -> DurationSeries { table[labels] }
}

/// Bounds of durations that fit many families.
package enum DurationBounds {
    /// 1 ms to 1 h.
    package static let requests: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600,
    ]
    /// 0.1 s to a day, for jobs and whole images.
    package static let jobs: [Double] = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400]
    /// 0.1 ms to 10 s, for waits and short exchanges.
    package static let waits: [Double] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]
}

/// Durations of one combination of labels. Recording one is two atomic additions.
package struct DurationSeries: Sendable {
    fileprivate let raw: Timer

    package func record(seconds: Double) { raw.recordSeconds(max(0, seconds)) }
}

extension DurationHistograms where Labels == NoLabels {
    package func record(seconds: Double) { self[NoLabels()].record(seconds: seconds) }
}

extension DurationHistograms {
    package func record<A>(seconds: Double, _ a: A) where Labels == Labels1<A> { self[Labels1(a)].record(seconds: seconds) }

    package func record<A, B>(seconds: Double, _ a: A, _ b: B) where Labels == Labels2<A, B> {
        self[Labels2(a, b)].record(seconds: seconds)
    }
}
