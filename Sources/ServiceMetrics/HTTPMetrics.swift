/// The metrics of requests, taken where a process has sent its answer.
package struct HTTPMetrics: MetricGroup {
    package let requests = Counters<RequestLabels>(
        "vitrine_http_requests_total", "Requests that were answered, by the pattern of their route.", showsUnused: false)
    package let durations = DurationHistograms<RequestLabels>(
        "vitrine_http_request_duration_seconds",
        "Time from the first byte of a request to the last one that the worker sent; not the time that nginx sends a file.",
        bounds: DurationBounds.requests, showsUnused: false)
    package let inFlight = Levels<Labels1<PoolLabel>>(
        "vitrine_http_requests_in_flight", "Requests that are being served, by the pool of threads that serves them.")
    package let threads = Levels<Labels1<PoolLabel>>(
        "vitrine_http_threads", "Threads that serve requests, by pool; of downloads, the most that may be started.")
    package let received = Counters<Labels1<PoolLabel>>(
        "vitrine_http_request_body_bytes_total", "Bytes of the bodies of requests that were read.")
    package let sent = Counters<Labels1<PoolLabel>>(
        "vitrine_http_response_body_bytes_total", "Bytes of the bodies of answers that the workers sent; nginx's own are not among them.")
    package let uploads = Counters<Labels2<UploadLabel, UploadEnd>>(
        "vitrine_uploads_total", "Uploads of image data by clients that have ended.")
    package let uploadedBytes = Counters<Labels1<UploadLabel>>(
        "vitrine_uploaded_bytes_total", "Bytes of image data that clients sent, also in uploads that failed.")
    package let uploadDurations = DurationHistograms<Labels1<UploadLabel>>(
        "vitrine_upload_duration_seconds", "How long uploads by clients took.", bounds: DurationBounds.jobs)
    package let downloads = Counters<Labels2<SenderLabel, DownloadEnd>>(
        "vitrine_downloads_total",
        "Downloads of image data: those that workers sent, by their end, and those that were handed to nginx, as begun.",
        showsUnused: false)
    package let downloadedBytes = Counters<NoLabels>(
        "vitrine_downloaded_bytes_total", "Bytes of image data that workers sent; those that nginx sent are not among them.")
    package let downloadDurations = DurationHistograms<NoLabels>(
        "vitrine_download_duration_seconds", "How long downloads that workers sent took.", bounds: DurationBounds.jobs)

    package init() {}
}

/// The threads that serve requests.
package enum PoolLabel: String, KnownLabel {
    case metadata, data, downloads, registry
    package static let label = "pool"
}

/// The way by which a client sends image data.
package enum UploadLabel: String, KnownLabel {
    case v1, v2, stage
    package static let label = "by"
}

/// How an upload ended.
package enum UploadEnd: String, KnownLabel {
    case whole, failed
    package static let label = "end"
}

/// How a download ended.
package enum DownloadEnd: String, KnownLabel {
    /// nginx sends it; nothing is known here but that it began.
    case begun
    case whole, failed
    package static let label = "end"
}

/// The program that sends an image's bytes.
package enum SenderLabel: String, KnownLabel {
    case nginx, worker
    package static let label = "sender"
}

/// The labels of an answered request.
package struct RequestLabels: LabelCombination {
    /// The API, its version, or `other` for what belongs to none.
    package enum API: String, KnownLabel {
        case v1, v2, registry, other
        package static let label = "api"
    }

    package let api: API
    /// A known method, or `other`.
    package let method: String
    /// The pattern of a route, such as `/v2/images/{image}`, or `other`.
    package let route: String
    /// The first digit of the status.
    package let statusClass: Int

    /// - Parameters:
    ///   - method: one that a route table has, or `other`; never what a client sent.
    ///   - route: the pattern that a route table has, or `other`; never what a client sent.
    package init(api: API, method: String, route: String, statusClass: Int) {
        (self.api, self.method, self.route, self.statusClass) = (api, method, route, statusClass)
    }

    package static let labels = [
        API.declaration, MetricFamily.Label("method", values: nil), MetricFamily.Label("route", values: nil),
        MetricFamily.Label("status_class", values: ["1xx", "2xx", "3xx", "4xx", "5xx"]),
    ]
    package static let known: [RequestLabels] = []
    package static let most = 2048
    package var texts: [String] { [api.rawValue, method, route, "\(statusClass)xx"] }
    package var beyondBound: RequestLabels { RequestLabels(api: .other, method: "other", route: "other", statusClass: statusClass) }
}
