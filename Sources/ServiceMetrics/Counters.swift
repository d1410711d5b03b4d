internal import CoreMetrics

/// A family of numbers that only grow.
package final class Counters<Labels: LabelCombination>: DeclaredMetric {
    private let table: SeriesTable<Labels, CounterSeries>
    package var family: MetricFamily { table.family }

    /// - Parameters:
    ///   - name: `vitrine_…_total`; with the unit before `_total` if there is one, `bytes` or `seconds`.
    ///   - help: a sentence.
    ///   - showsUnused: whether combinations of labels are shown that never counted.
    package init(_ name: String, _ help: String, showsUnused: Bool = true) {
        let family = MetricFamily(name: name, help: help, kind: .counter, labels: Labels.labels, showsUnused: showsUnused)
        table = SeriesTable(family) { CounterSeries(raw: Counter(label: $0, dimensions: $1)) }
    }

    /// The number of one combination of labels, for a caller that keeps it.
    package subscript(labels: Labels) -> CounterSeries { table[labels] }
}

/// A number that only grows. Adding to it is one atomic addition.
package struct CounterSeries: Sendable {
    fileprivate let raw: Counter

    package func add(_ amount: Int64 = 1) { raw.increment(by: amount) }
}

extension Counters where Labels == NoLabels {
    package func add(_ amount: Int64 = 1) { self[NoLabels()].add(amount) }
}

extension Counters {
    package func add<A>(_ a: A, by amount: Int64 = 1) where Labels == Labels1<A> { self[Labels1(a)].add(amount) }

    package func add<A, B>(_ a: A, _ b: B, by amount: Int64 = 1) where Labels == Labels2<A, B> { self[Labels2(a, b)].add(amount) }

    package func add<A, B, C>(_ a: A, _ b: B, _ c: C, by amount: Int64 = 1) where Labels == Labels3<A, B, C> {
        self[Labels3(a, b, c)].add(amount)
    }
}
