/// Every metric of the service, in groups of one subject.
///
/// To add a metric, declare it as a stored property of a group. To add a group, make a struct that is a `MetricGroup` in a file of its own
/// (`HTTPMetrics.swift` is the model), with a property here and its place in `groups`. A metric counts once it is used:
/// `ServiceMetrics.http.uploads.add(.v2, .whole)`. A caller on a short way, such as a request, keeps the series of its labels:
/// `let uploads = ServiceMetrics.http.uploads[Labels2(.v2, .whole)]`. Where no backend is set up, counting does nothing.
package enum ServiceMetrics {
    package static let http = HTTPMetrics()
    package static let imports = ImportMetrics()
    package static let upkeep = UpkeepMetrics()
    package static let backlog = BacklogMetrics()
    package static let database = DatabaseMetrics()
    package static let neighbours = NeighbourMetrics()
    package static let stores = StoreMetrics()
    package static let notifications = NotificationMetrics()
    package static let log = LogMetrics()
    package static let verification = VerificationMetrics()
    package static let openStack = OpenStackMetrics()

    package static let groups: [any MetricGroup] = [
        http, imports, upkeep, backlog, database, neighbours, stores, notifications, log, verification, openStack,
    ]

    /// Every metric as it is declared, in the order of the groups.
    package static var families: [MetricFamily] { groups.flatMap(\.families) }
}

/// Metrics of one subject, each a stored property. The declaration makes the metric known; there is no second list.
package protocol MetricGroup: Sendable {}

extension MetricGroup {
    /// The metrics of the group, in the order of their declarations.
    package var families: [MetricFamily] {
        Mirror(reflecting: self).children.compactMap { ($0.value as? any DeclaredMetric)?.family ?? $0.value as? MetricFamily }
    }
}

/// A metric with labels of any types.
protocol DeclaredMetric: Sendable {
    var family: MetricFamily { get }
}
