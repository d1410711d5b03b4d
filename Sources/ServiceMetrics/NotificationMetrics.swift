/// The metrics of notifications, and of the log of what nginx sent.
package struct NotificationMetrics: MetricGroup {
    package let sent = Counters<NoLabels>("vitrine_notifications_sent_total", "Notifications that the receiver has confirmed.")
    package let failures = Counters<NoLabels>("vitrine_notification_failures_total", "Tries to send notifications that failed.")
    package let dropped = Counters<NoLabels>(
        "vitrine_notifications_dropped_total", "Notifications that were dropped: too many waited, or all tries had failed.")
    package let loggedDownloads = Counters<Labels2<LoggedDownloadLabel, LoggedEndLabel>>(
        "vitrine_logged_downloads_total", "Downloads of image data by nginx's log of what was sent.")
    package let loggedBytes = Counters<Labels1<LoggedDownloadLabel>>(
        "vitrine_logged_download_bytes_total", "Bytes of these downloads, also of those that broke off.")
    package let strangeLines = Counters<NoLabels>(
        "vitrine_send_log_skipped_lines_total", "Lines of nginx's log that could not be read.")

    package init() {}
}

/// The way by which an image was downloaded.
package enum LoggedDownloadLabel: String, KnownLabel {
    case v1, v2, cache
    package static let label = "method"
}

/// How a download ended.
package enum LoggedEndLabel: String, KnownLabel {
    /// All that was asked for arrived, also where that was a range.
    case complete
    /// The transfer broke off.
    case incomplete
    package static let label = "outcome"
}
