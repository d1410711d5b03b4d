/// The metrics of images that `glance-tasks` brings into the stores.
package struct ImportMetrics: MetricGroup {
    package let ended = Counters<Labels2<ImportLabel, ImportEndLabel>>(
        "vitrine_imports_total", "Imports, copies and added locations that have ended, and interrupted tries of them.")
    package let durations = DurationHistograms<Labels1<ImportLabel>>(
        "vitrine_import_duration_seconds", "How long tries of imports took from their claim to their end.", bounds: DurationBounds.jobs)
    package let bytes = Counters<Labels1<ImportLabel>>(
        "vitrine_imported_bytes_total", "Bytes of image data that imports brought; data in several stores counts once.")

    package init() {}
}

/// The way by which an image gets data in `glance-tasks`.
package enum ImportLabel: String, KnownLabel {
    case glanceDirect = "glance-direct"
    case webDownload = "web-download"
    case copyImage = "copy-image"
    case glanceDownload = "glance-download"
    /// A location that a client has added.
    case location
    /// V1's copies.
    case copyFrom = "copy-from"
    /// A job whose details cannot be read.
    case unknown
    package static let label = "method"
}

/// How a try of an import ended.
package enum ImportEndLabel: String, KnownLabel {
    case success, failure
    /// Another try follows: the process ended, or the database or a store was unavailable.
    case interrupted
    package static let label = "outcome"
}
