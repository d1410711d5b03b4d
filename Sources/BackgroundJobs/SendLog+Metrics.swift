internal import Domain
internal import ServiceMetrics

extension SendLog.Meter {
    /// Counts what the log tells of downloads.
    package static let metrics = SendLog.Meter(
        sent: { bytes, method, isWhole in
            let label = LoggedDownloadLabel(method)
            ServiceMetrics.notifications.loggedDownloads.add(label, isWhole ? .complete : .incomplete)
            ServiceMetrics.notifications.loggedBytes.add(label, by: bytes)
        }, skipped: { ServiceMetrics.notifications.strangeLines.add(Int64($0)) })
}

extension LoggedDownloadLabel {
    fileprivate init(_ method: SendMethod) {
        self =
            switch method {
            case .v1: .v1
            case .v2: .v2
            case .cache: .cache
            }
    }
}
