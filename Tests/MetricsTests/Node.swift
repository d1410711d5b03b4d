import CoreMetrics
import Foundation
import ServiceMetrics
import SharedMetrics
import Synchronization
import TestSupport

/// A folder of metrics, with processes that count in it. A lock belongs to an open file and not to a process, so a factory that is let go
/// leaves what a killed process leaves.
final class Node: Sendable {
    let folder: String
    private let said = Mutex<[String]>([])

    static let requests = MetricFamily(
        name: "test_requests_total", help: "Requests.", kind: .counter, labels: [MetricFamily.Label("route", values: nil)])
    static let inFlight = MetricFamily(name: "test_in_flight", help: "Under way.", kind: .level)
    static let longest = MetricFamily(name: "test_longest_seconds", help: "The longest.", kind: .gauge(.max))
    static let shortest = MetricFamily(name: "test_shortest_seconds", help: "The shortest.", kind: .gauge(.min))
    static let waiting = MetricFamily(name: "test_waiting", help: "In all queues.", kind: .gauge(.sum))
    static let durations = MetricFamily(
        name: "test_duration_seconds", help: "Durations.", kind: .histogram(bounds: [0.001, 0.5, 60]))
    static let families = [requests, inFlight, longest, shortest, waiting, durations]

    init() throws {
        folder = "\(TestFolder.root)/metrics-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// What the operator was told.
    var complaints: [String] { said.withLock { $0 } }

    func reader() -> MetricsFolder { MetricsFolder(folder) { line in self.said.withLock { $0.append(line) } } }

    func process(_ program: String = "glance-api", release: String = "1.0", families: [MetricFamily] = families) throws -> Process {
        let factory = try SharedMetricsFactory(folder: folder, program: program, release: release) { line in
            self.said.withLock { $0.append(line) }
        }
        for family in families { factory.keep(family) }
        return Process(factory: factory)
    }

    /// A process that counts.
    struct Process: Sendable {
        let factory: SharedMetricsFactory

        func requests(_ route: String) -> Counter {
            Counter(label: Node.requests.name, dimensions: [("route", route)], factory: factory)
        }
        var inFlight: Meter { Meter(label: Node.inFlight.name, factory: factory) }
        var durations: CoreMetrics.Timer { CoreMetrics.Timer(label: Node.durations.name, factory: factory) }
        func meter(_ family: MetricFamily) -> Meter { Meter(label: family.name, factory: factory) }
    }

    /// Files that lie in the folder.
    func files(_ ending: String = ".metrics") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(ending) }.sorted().map { "\(folder)/\($0)" }
    }
}

extension MetricsFolder {
    /// The cells of one series; nil if it is not there.
    func cells(_ name: String, _ labels: [String] = []) throws -> [Int64]? {
        try readings().first { $0.family.name == name }?.rows.first { $0.labels == labels }?.cells
    }

    func value(_ name: String, _ labels: [String] = []) throws -> Int64? { try cells(name, labels)?.first }
}
