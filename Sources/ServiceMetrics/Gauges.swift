internal import CoreMetrics

/// A family of numbers that processes add to and take from, such as requests in flight.
package final class Levels<Labels: LabelCombination>: DeclaredMetric {
    private let table: SeriesTable<Labels, LevelSeries>
    package var family: MetricFamily { table.family }

    /// - Parameters:
    ///   - name: `vitrine_…`, without `_total`; with the unit at its end if there is one.
    ///   - help: a sentence.
    package init(_ name: String, _ help: String) {
        table = SeriesTable(MetricFamily(name: name, help: help, kind: .level, labels: Labels.labels)) {
            LevelSeries(raw: Meter(label: $0, dimensions: $1))
        }
    }

    package subscript(labels: Labels) -> LevelSeries { table[labels] }
}

/// A number that is added to and taken from. Either is one atomic addition.
package struct LevelSeries: Sendable {
    fileprivate let raw: Meter

    package func rise(by amount: Int64 = 1) { raw.increment(by: Double(amount)) }
    package func fall(by amount: Int64 = 1) { raw.decrement(by: Double(amount)) }
}

extension Levels where Labels == NoLabels {
    package func rise(by amount: Int64 = 1) { self[NoLabels()].rise(by: amount) }
    package func fall(by amount: Int64 = 1) { self[NoLabels()].fall(by: amount) }
}

extension Levels {
    package func rise<A>(_ a: A, by amount: Int64 = 1) where Labels == Labels1<A> { self[Labels1(a)].rise(by: amount) }
    package func fall<A>(_ a: A, by amount: Int64 = 1) where Labels == Labels1<A> { self[Labels1(a)].fall(by: amount) }
}

/// A family of numbers that processes set. They are shown while a process lives that has set them.
package final class Gauges<Labels: LabelCombination>: DeclaredMetric {
    private let table: SeriesTable<Labels, GaugeSeries>
    package var family: MetricFamily { table.family }

    /// - Parameters:
    ///   - name: `vitrine_…`, without `_total`; with the unit at its end if there is one.
    ///   - help: a sentence.
    ///   - rule: how the values of several processes become one.
    package init(_ name: String, _ help: String, _ rule: MetricFamily.Rule) {
        table = SeriesTable(MetricFamily(name: name, help: help, kind: .gauge(rule), labels: Labels.labels)) {
            GaugeSeries(raw: Meter(label: $0, dimensions: $1))
        }
    }

    package subscript(labels: Labels) -> GaugeSeries { table[labels] }
}

/// A number that is set.
package struct GaugeSeries: Sendable {
    fileprivate let raw: Meter

    package func set(_ value: Int64) { raw.set(value) }

    /// Sets a number of seconds, which may have a fraction.
    package func set(seconds: Double) { raw.set(seconds) }

    /// Takes the number away, so that it is not shown until it is set again.
    package func clear() { raw.set(Double.nan) }
}

extension Gauges where Labels == NoLabels {
    package func set(_ value: Int64) { self[NoLabels()].set(value) }
    package func set(seconds: Double) { self[NoLabels()].set(seconds: seconds) }
    package func clear() { self[NoLabels()].clear() }
}

extension Gauges {
    package func set<A>(_ value: Int64, _ a: A) where Labels == Labels1<A> { self[Labels1(a)].set(value) }
    package func set<A>(seconds: Double, _ a: A) where Labels == Labels1<A> { self[Labels1(a)].set(seconds: seconds) }
    package func set<A, B>(_ value: Int64, _ a: A, _ b: B) where Labels == Labels2<A, B> { self[Labels2(a, b)].set(value) }
}
