/// The metrics of the connections to the database.
package struct DatabaseMetrics: MetricGroup {
    package let connections = Levels<Labels1<ConnectionLabel>>("vitrine_database_connections", "Open connections of the processes' pools.")
    package let waits = DurationHistograms<NoLabels>(
        "vitrine_database_pool_wait_seconds", "Waits of threads that found no free connection, whether they got one or not.",
        bounds: DurationBounds.waits)
    package let errors = Counters<Labels1<DatabaseErrorLabel>>(
        "vitrine_database_errors_total", "Calls of the database that failed, by kind; those that were repeated with success are among them."
    )

    package init() {}
}

/// What a connection of a pool does.
package enum ConnectionLabel: String, KnownLabel {
    case used, idle
    package static let label = "state"
}

/// The kinds of errors of the database.
package enum DatabaseErrorLabel: String, KnownLabel {
    /// An open connection was lost or is silent.
    case lost
    /// No connection can be made, or the server accepts no work.
    case unreachable
    case deadlock
    /// A lock or an answer was waited for too long.
    case timeout
    /// The database's disk is full.
    case full
    /// All connections of the pool were in use.
    case exhausted
    case other
    package static let label = "kind"
}
