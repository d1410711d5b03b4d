package import ServiceMetrics

/// The metrics that the files themselves tell: which processes there are, and which there were.
package enum ProcessMetrics {
    private static let program = MetricFamily.Label("program", values: nil)

    static let ends = MetricFamily(
        name: "vitrine_process_ends_total", help: "Processes that have ended or were killed.", kind: .counter, labels: [program])
    private static let build = MetricFamily(
        name: "vitrine_build_info", help: "The releases that run, as a label; the value is 1.", kind: .gauge(.max),
        labels: [MetricFamily.Label("version", values: nil)])
    private static let running = MetricFamily(
        name: "vitrine_processes", help: "Processes that run and count.", kind: .gauge(.sum), labels: [program])
    private static let oldest = MetricFamily(
        name: "vitrine_process_oldest_start_timestamp_seconds", help: "When the oldest running process began, since 1970.",
        kind: .gauge(.min), labels: [program])
    private static let newest = MetricFamily(
        name: "vitrine_process_newest_start_timestamp_seconds", help: "When the newest running process began, since 1970.",
        kind: .gauge(.max), labels: [program])
    private static let skipped = MetricFamily(
        name: "vitrine_metrics_files_skipped", help: "Files of metrics that could not be read at this scrape; the log names them.",
        kind: .gauge(.max))

    /// These metrics as they are declared.
    package static let families = [build, running, oldest, newest, ends, skipped]

    static func readings(of sum: MetricsFolder.Sum) -> [MetricReading] {
        let programs = Dictionary(grouping: sum.processes, by: \.program)
        func rows(_ value: ([MetricsFolder.Process]) -> Int64) -> [MetricReading.Row] {
            programs.keys.sorted().map { MetricReading.Row([$0], value(programs[$0]!)) }
        }
        return [
            MetricReading(build, Set(sum.processes.map(\.release)).sorted().map { MetricReading.Row([$0], 1) }),
            MetricReading(running, rows { Int64($0.count) }),
            MetricReading(oldest, rows { $0.map(\.startedAt).min()! }),
            MetricReading(newest, rows { $0.map(\.startedAt).max()! }),
            MetricReading(skipped, [MetricReading.Row([], Int64(sum.skipped))]),
        ]
    }
}
