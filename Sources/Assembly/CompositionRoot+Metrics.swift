internal import Domain
internal import Glibc
internal import Logging
internal import Options
internal import OsloConfig
internal import OsloLog
internal import ServiceMetrics
internal import SharedMetrics
internal import Threading

/// The part of a process that counts: the node's folder, and a way to tell the operator of troubles, which begin before there is a log.
final class ProcessCounting: Sendable {
    let folder: MetricsFolder
    private let lines: LateLines

    /// Sentences that wait for a log.
    private final class LateLines: Sendable {
        private let state = Monitor((logger: Logger?.none, waiting: [String]()))

        func add(_ line: String) {
            let logger = state.with { state in
                if state.logger == nil { state.waiting.append(line) }
                return state.logger
            }
            logger?.warning("\(line)")
        }

        func go(to logger: Logger) {
            let waiting = state.with { state in
                defer { state = (logger, []) }
                return state.waiting
            }
            for line in waiting { logger.warning("\(line)") }
        }
    }

    /// Has this process count from now on; nil if no metrics are wanted.
    ///
    /// A process never fails for it: where it cannot count, the operator is told why. To be called before anything counts, since a metric
    /// that was used keeps the way it then found.
    init?(_ configuration: Configuration, program: String) throws {
        guard let address = try configuration(options.metrics.listen) else { return nil }
        do throws(MetricsError) {
            try MetricsServer.check(address)
        } catch {
            throw ConfigurationError(place: "[vitrine] metrics_listen", reason: "\(error)")
        }
        let lines = LateLines()
        let given = getenv("RUNTIME_DIRECTORY").map { String(cString: $0) }?.split(separator: ":").first.map(String.init)
        let path = try configuration(options.metrics.folder) ?? given
        (self.lines, folder) = (lines, MetricsFolder(path ?? "/nonexistent") { lines.add($0) })
        guard let path else {
            lines.add("no metrics are counted: [vitrine] metrics_folder is not set, and systemd gave no RUNTIME_DIRECTORY")
            return
        }
        mkdir(path, 0o750)
        do throws(MetricsError) {
            // First, since it makes room; and files of killed processes must not pile up where nobody asks for metrics.
            try folder.tidy()
            try SharedMetricsFactory(folder: path, program: program, release: Version.current) { lines.add($0) }.install()
        } catch {
            lines.add("no metrics are counted by this process, since its file cannot be used: \(error)")
        }
    }

    /// Writes what there was to tell, and all that follows, to a log.
    func report(to logger: Logger) { lines.go(to: logger) }
}

extension CompositionRoot {
    /// Begins to answer `GET /metrics`, if that is wanted. Where the port cannot be had, the log says so and the process goes on.
    ///
    /// - Parameter sources: what is told besides what the node's processes count.
    func startMetricsServer(_ sources: [any MetricSource] = []) throws -> MetricsServer? {
        guard let counting, let address = try configuration(options.metrics.listen) else { return nil }
        let logger = log.logger("glance.metrics")
        do {
            let server = try MetricsServer(on: address, folder: counting.folder, sources: sources) { logger.error("\($0)") }
            try server.start()
            logger.info("answers GET /metrics at \(address)")
            if !server.isLoopback { logger.warning("[vitrine] metrics_listen: other machines can read the metrics at \(address)") }
            return server
        } catch {
            logger.error("GET /metrics is not answered: \(error); see [vitrine] metrics_listen")
            return nil
        }
    }
}
