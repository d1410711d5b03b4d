internal import APICommon
internal import HTTP
internal import ServiceMetrics
internal import Synchronization

/// The metrics of the requests to one API: for each route and method those of each class of statuses, made when the first request of its
/// kind is answered. Counting takes no lock.
final class RequestMeters: Sendable {
    private let byRoute: [Key: ByStatusClass]
    /// Those of requests that matched no route, by method, and with a method that no route has.
    private let unmatched: [String: ByStatusClass]
    private let unknown: ByStatusClass

    private struct Key: Hashable {
        let method, route: String
    }

    init(of api: API) {
        var byRoute: [Key: ByStatusClass] = [:]
        for (method, pattern) in api.served {
            // HEAD follows from GET.
            for method in method == .GET ? [Method.GET, .HEAD] : [method] {
                byRoute[Key(method: method.name, route: pattern)] = ByStatusClass(api.label(of: pattern), method.name, pattern)
            }
        }
        self.byRoute = byRoute
        let other = api.label(of: "")
        unmatched = Dictionary(uniqueKeysWithValues: Method.known.map { ($0.name, ByStatusClass(other, $0.name, "other")) })
        unknown = ByStatusClass(other, "other", "other")
    }

    func record(_ method: Method, _ route: String?, status: Int, seconds: Double) {
        let found = route.flatMap { byRoute[Key(method: method.name, route: $0)] } ?? unmatched[method.name] ?? unknown
        found.record(status: status, seconds: seconds)
    }

    /// The metrics of one method on one route.
    private final class ByStatusClass: Sendable {
        private let classes: [Made]

        init(_ api: RequestLabels.API, _ method: String, _ route: String) {
            classes = (1...5).map { Made(RequestLabels(api: api, method: method, route: route, statusClass: $0)) }
        }

        func record(status: Int, seconds: Double) {
            let made = classes[min(max(status / 100, 1), 5) - 1].series
            made.requests.add()
            made.durations.record(seconds: seconds)
        }
    }

    /// The metrics of one class of statuses, made once.
    private final class Made: Sendable {
        private let labels: RequestLabels
        private let reference = AtomicLazyReference<Series>()

        init(_ labels: RequestLabels) { self.labels = labels }

        var series: Series { reference.load() ?? reference.storeIfNil(Series(labels)) }
    }

    private final class Series: Sendable {
        let requests: CounterSeries
        let durations: DurationSeries

        init(_ labels: RequestLabels) {
            (requests, durations) = (ServiceMetrics.http.requests[labels], ServiceMetrics.http.durations[labels])
        }
    }
}

extension API {
    /// The API that a pattern belongs to.
    fileprivate func label(of pattern: String) -> RequestLabels.API {
        if isRegistry { return .registry }
        if pattern.hasPrefix("/v1/") { return .v1 }
        return pattern.hasPrefix("/v2/") ? .v2 : .other
    }
}
