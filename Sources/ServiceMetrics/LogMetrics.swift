/// The metrics of the log, and of what clients were told of failures.
package struct LogMetrics: MetricGroup {
    package let records = Counters<Labels1<LevelLabel>>("vitrine_log_records_total", "Lines of the log, by level.")
    package let lost = Counters<NoLabels>(
        "vitrine_log_records_lost_total", "Lines of the log that could not be written, for example on a full disk.")
    package let faults = Counters<Labels1<FaultLabel>>("vitrine_faults_total", "Answers to clients that report a fault, by its kind.")

    package init() {}
}

/// A level of the log.
package enum LevelLabel: String, KnownLabel {
    case debug, info, warning, error, critical
    package static let label = "level"
}

/// The kind of a fault.
package enum FaultLabel: String, KnownLabel {
    case invalid, unauthenticated, forbidden
    case notFound = "not_found"
    case conflict, gone
    case changedMeanwhile = "changed_meanwhile"
    case tooLarge = "too_large"
    case unsupportedMedia = "unsupported_media"
    case tooSlow = "too_slow"
    case unsatisfiableRange = "unsatisfiable_range"
    case headerTooLarge = "header_too_large"
    case unreachable, misanswered, unavailable
    /// A part of the service has too many requests waiting for it.
    case overloaded
    case unexpected
    package static let label = "kind"
}
