package import CoreMetrics

/// A metric as it is declared: its name, its meaning, its labels, and how the values of several processes become one.
package struct MetricFamily: Sendable, Equatable {
    /// The kind of the values.
    package enum Kind: Sendable, Equatable {
        /// A number that only grows. Processes are added up, also those that have ended.
        case counter
        /// A number that a process adds to and takes from, such as requests in flight. It begins at 0; living processes are added up.
        case level
        /// A number that a process sets. It is not shown before; living processes become one by a rule.
        case gauge(Rule)
        /// How often a value was at most each of the bounds, which rise. Processes are added up, also those that have ended.
        case histogram(bounds: [Double])
    }

    /// How the values that several processes set become one.
    package enum Rule: String, Sendable, CaseIterable { case sum, max, min }

    /// A label's name and the values that it may have.
    package struct Label: Sendable, Equatable {
        package let name: String
        /// All values; nil where they are known at run time only, such as the names of stores.
        package let values: [String]?

        package init(_ name: String, values: [String]?) { (self.name, self.values) = (name, values) }
    }

    /// The name by the rules of Prometheus: `vitrine_…`, with the unit, and `_total` at the end of a counter's.
    package let name: String
    /// A sentence.
    package let help: String
    package let kind: Kind
    package let labels: [Label]
    /// Whether combinations of labels are shown that never counted.
    package let showsUnused: Bool

    package init(name: String, help: String, kind: Kind, labels: [Label] = [], showsUnused: Bool = true) {
        (self.name, self.help, self.kind, self.labels, self.showsUnused) = (name, help, kind, labels, showsUnused)
    }

    /// The unit that the name tells: `seconds` or `bytes`; nil for plain numbers.
    package var unit: String? {
        let name = kind == .counter && self.name.hasSuffix("_total") ? self.name.dropLast("_total".count) : Substring(self.name)
        return ["seconds", "bytes"].first { name.hasSuffix("_\($0)") }
    }
}

/// A factory of swift-metrics that is told of a family before it makes the family's metrics, since swift-metrics has no help, no buckets
/// and no rule.
package protocol MetricFamilyKeeper: MetricsFactory {
    func keep(_ family: MetricFamily)
}
