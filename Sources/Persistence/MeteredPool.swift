package import MariaDB
internal import ServiceMetrics

/// Counts what happens in the pool of connections.
package struct MeteredPool: PoolObserver {
    private let used = ServiceMetrics.database.connections[Labels1(.used)]
    private let idle = ServiceMetrics.database.connections[Labels1(.idle)]

    /// Makes an observer.
    package init() {}

    package func lent(_ count: Int) { Self.change(used, count) }
    package func idle(_ count: Int) { Self.change(idle, count) }
    package func waited(seconds: Double) { ServiceMetrics.database.waits.record(seconds: seconds) }
    package func failed(_ kind: MariaDBError.Kind) { ServiceMetrics.database.errors.add(DatabaseErrorLabel(kind)) }

    private static func change(_ level: LevelSeries, _ count: Int) {
        if count < 0 { level.fall(by: Int64(-count)) } else { level.rise(by: Int64(count)) }
    }
}

extension DatabaseErrorLabel {
    fileprivate init(_ kind: MariaDBError.Kind) {
        self =
            switch kind {
            case .lost: .lost
            case .unreachable: .unreachable
            case .deadlock: .deadlock
            case .timeout: .timeout
            case .full: .full
            case .exhausted: .exhausted
            case .other: .other
            }
    }
}
