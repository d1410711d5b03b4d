internal import CoreMetrics
internal import Synchronization

/// A family and its metrics, one for each combination of labels, each made once.
///
/// Combinations of known labels are made with the table and found without a lock; others are made when they are first wanted, up to their
/// combination's `most`.
final class SeriesTable<Labels: LabelCombination, Series: Sendable>: Sendable {
    let family: MetricFamily
    private let known: [Labels: Series]
    private let added = Mutex<[Labels: Series]>([:])
    private let make: @Sendable ([(String, String)]) -> Series

    init(_ family: MetricFamily, _ make: @escaping @Sendable (String, [(String, String)]) -> Series) {
        self.family = family
        (MetricsSystem.factory as? any MetricFamilyKeeper)?.keep(family)
        self.make = { make(family.name, $0) }
        var known: [Labels: Series] = [:]
        for labels in Labels.known { known[labels] = self.make(Self.dimensions(labels)) }
        self.known = known
    }

    private static func dimensions(_ labels: Labels) -> [(String, String)] { Array(zip(Labels.labels.map(\.name), labels.texts)) }

    subscript(labels: Labels) -> Series {
        if let series = known[labels] { return series }
        return added.withLock { added in
            if let series = added[labels] { return series }
            // The combination that stands for all further ones is always made.
            let made = added.count < Labels.most ? labels : labels.beyondBound
            if let series = added[made] { return series }
            let series = make(Self.dimensions(made))
            added[made] = series
            return series
        }
    }
}
