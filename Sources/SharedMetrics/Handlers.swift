internal import CoreMetrics
internal import Numbers
internal import ServiceMetrics

/// A counter in a file.
final class SharedCounter: CounterHandler {
    private let cells: Cells

    init(_ cells: Cells) { self.cells = cells }

    func increment(by amount: Int64) { if amount > 0 { cells.add(amount) } }

    /// Does nothing: a counter of a file only grows.
    func reset() {}
}

/// A gauge or a level in a file.
final class SharedMeter: MeterHandler {
    private let cells: Cells
    private let scale: Int64
    private let isLevel: Bool

    init(_ cells: Cells, scale: Int64, isLevel: Bool) { (self.cells, self.scale, self.isLevel) = (cells, scale, isLevel) }

    func set(_ value: Int64) {
        cells.store(max(Layout.unset + 1, value.multipliedClamped(by: scale)))
    }

    /// Sets a number; what is no number takes a gauge's away.
    func set(_ value: Double) { cells.store(value.isNaN ? (isLevel ? 0 : Layout.unset) : MetricFamily.scaled(value, by: scale)) }

    func increment(by amount: Double) {
        let scaled = MetricFamily.scaled(amount, by: scale)
        if isLevel { cells.add(scaled) } else { cells.addToGauge(scaled) }
    }

    func decrement(by amount: Double) { increment(by: -amount) }
}

/// A histogram in a file: a cell for each bound, one for what is beyond, and the sum.
final class SharedHistogram: RecorderHandler, TimerHandler {
    private let cells: Cells
    /// As cells hold them.
    private let bounds: [Int64]
    private let scale: Int64

    init(_ cells: Cells, bounds: [Double], scale: Int64) {
        (self.cells, self.scale) = (cells, scale)
        self.bounds = bounds.map { MetricFamily.scaled($0, by: scale) }
    }

    func recordNanoseconds(_ duration: Int64) {
        take(scale == MetricFamily.scaleOfSeconds ? duration : duration / (MetricFamily.scaleOfSeconds / scale))
    }

    func record(_ value: Int64) { take(value.multipliedClamped(by: scale)) }

    func record(_ value: Double) { if !value.isNaN { take(MetricFamily.scaled(value, by: scale)) } }

    /// Two atomic additions. How many there are in all follows from the buckets, so that the two always agree.
    private func take(_ value: Int64) {
        var place = 0
        while place < bounds.count, value > bounds[place] { place += 1 }
        cells.add(1, to: place)
        // A counter never falls, and one that is added to for ever must not become negative.
        cells.add(min(max(0, value), 1 << 53), to: bounds.count + 1)
    }
}
