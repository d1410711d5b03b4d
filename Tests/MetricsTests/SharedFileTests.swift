import CoreMetrics
import Foundation
import ServiceMetrics
import SharedMetrics
import Synchronization
import TestSupport
import Testing
import Threading

@Suite struct `Metrics of several processes` {
    let node: Node
    init() throws { node = try Node() }

    @Test func `are added up exactly, and never fall while they are read`() throws {
        let (processes, threads, each) = (4, 4, 20_000)
        let all = try (0..<processes).map { _ in try node.process() }
        let running = Atomic(processes * threads)
        for process in all {
            for thread in 0..<threads {
                try Thread.start {
                    let (counter, level, durations) = (process.requests(thread % 2 == 0 ? "/a" : "/b"), process.inFlight, process.durations)
                    for _ in 0..<each {
                        level.increment()
                        counter.increment()
                        durations.recordNanoseconds(2_000_000)
                        level.decrement()
                    }
                    running.subtract(1, ordering: .releasing)
                }
            }
        }
        let reader = node.reader()
        var last: (Int64, Int64) = (0, 0)
        while running.load(ordering: .acquiring) > 0 {
            let now = (
                try (reader.value(Node.requests.name, ["/a"]) ?? 0), try (reader.cells(Node.durations.name)?[1] ?? 0)
            )
            #expect(now.0 >= last.0 && now.1 >= last.1)
            last = now
        }
        let whole = Int64(processes * threads * each)
        #expect(try reader.value(Node.requests.name, ["/a"]) == whole / 2)
        #expect(try reader.value(Node.requests.name, ["/b"]) == whole / 2)
        #expect(try reader.value(Node.inFlight.name) == 0)
        #expect(try reader.cells(Node.durations.name) == [0, whole, 0, 0, whole * 2_000_000])
        withExtendedLifetime(all) {}
    }

    @Test func `of processes that have ended count on, each once, whoever reads`() throws {
        let isOver = Atomic(false)
        let falls = Atomic(0)
        let readers = Atomic(3)
        for _ in 0..<3 {
            let reader = node.reader()
            try Thread.start {
                var last: Int64 = 0
                while !isOver.load(ordering: .relaxed) {
                    let now = (try? reader.value(Node.requests.name, ["/a"])) ?? last
                    if now < last { falls.add(1, ordering: .relaxed) }
                    last = now
                }
                readers.subtract(1, ordering: .releasing)
            }
        }
        let threads = Atomic(4)
        for _ in 0..<4 {
            try Thread.start { [node] in
                for _ in 0..<50 {
                    let process = try? node.process()
                    process?.requests("/a").increment(by: 7)
                    process?.inFlight.increment()
                }
                threads.subtract(1, ordering: .releasing)
            }
        }
        #expect(eventually { threads.load(ordering: .acquiring) == 0 })
        isOver.store(true, ordering: .relaxed)
        #expect(eventually { readers.load(ordering: .acquiring) == 0 })
        #expect(falls.load(ordering: .relaxed) == 0)
        let reader = node.reader()
        #expect(try reader.value(Node.requests.name, ["/a"]) == 4 * 50 * 7)
        #expect(try reader.value("vitrine_process_ends_total", ["glance-api"]) == 200)
        // What they had in flight is gone with them.
        #expect(try reader.value(Node.inFlight.name) == nil)
        #expect(try node.files().isEmpty && node.files(".unfinished").isEmpty)
        #expect(node.complaints == [])
    }

    @Test func `of a reader that was killed between its two steps are not counted twice`() throws {
        var process: Node.Process? = try node.process()
        process?.requests("/a").increment(by: 5)
        let file = try #require(try node.files().first)
        let kept = try Data(contentsOf: URL(filePath: file))
        process = nil
        let reader = node.reader()
        #expect(try reader.value(Node.requests.name, ["/a"]) == 5)
        #expect(try node.files().isEmpty)
        // It had written the sums, and not yet removed the file.
        try kept.write(to: URL(filePath: file))
        #expect(try reader.value(Node.requests.name, ["/a"]) == 5)
        #expect(try node.files().isEmpty)
        #expect(try reader.value("vitrine_process_ends_total", ["glance-api"]) == 1)
    }

    @Test func `that are set become one by the rule of their family, and go with their process`() throws {
        let one = try node.process()
        var other: Node.Process? = try node.process("glance-tasks")
        let reader = node.reader()
        // Nobody has set it.
        withExtendedLifetime(one.meter(Node.longest)) {}
        #expect(try reader.value(Node.longest.name) == Int64.min)
        for (process, value) in [(one, 3), (try #require(other), 8)] {
            for family in [Node.longest, Node.shortest, Node.waiting] { process.meter(family).set(value) }
        }
        #expect(try reader.value(Node.longest.name) == 8_000_000_000)
        #expect(try reader.value(Node.shortest.name) == 3_000_000_000)
        #expect(try reader.value(Node.waiting.name) == 11)
        other = nil
        #expect(try reader.value(Node.longest.name) == 3_000_000_000)
        #expect(try reader.value(Node.waiting.name) == 3)
        one.meter(Node.waiting).set(Double.nan)
        #expect(try reader.value(Node.waiting.name) == Int64.min)
        withExtendedLifetime(one) {}
    }

    @Test func `tell which processes there are`() throws {
        let all = [try node.process(), try node.process(release: "1.1"), try node.process("glance-tasks", release: "1.1")]
        let reader = node.reader()
        #expect(try reader.value("vitrine_processes", ["glance-api"]) == 2)
        #expect(try reader.value("vitrine_processes", ["glance-tasks"]) == 1)
        let readings = try reader.readings()
        #expect(readings.first { $0.family.name == "vitrine_build_info" }?.rows.map(\.labels) == [["1.0"], ["1.1"]])
        let start = try #require(try reader.value("vitrine_process_newest_start_timestamp_seconds", ["glance-api"]))
        #expect(abs(Double(start) / 1e9 - Date().timeIntervalSince1970) < 600)
        withExtendedLifetime(all) {}
    }

    @Test func `which two releases declare in two ways are the newer one's`() throws {
        let older = try node.process()
        older.durations.recordSeconds(1)
        let bounds = MetricFamily(name: Node.durations.name, help: "Durations.", kind: .histogram(bounds: [2]))
        let newer = try node.process(families: [bounds])
        newer.durations.recordSeconds(1)
        let reader = node.reader()
        for _ in 0..<2 { #expect(try reader.cells(Node.durations.name) == [1, 0, 1_000_000_000]) }
        #expect(node.complaints.count == 1 && node.complaints[0].contains("test_duration_seconds is declared in two ways"))
        withExtendedLifetime((older, newer)) {}
    }

    @Test func `are not counted where nobody declared them, and a full file is said once`() throws {
        let process = try node.process()
        Counter(label: "unknown_total", factory: process.factory).increment()
        Counter(label: Node.inFlight.name, factory: process.factory).increment()
        let reader = node.reader()
        #expect(try reader.value("unknown_total") == nil)
        #expect(try reader.value(Node.inFlight.name) == nil)
        // The records of the routes fill the file.
        let long = String(repeating: "x", count: 300)
        for number in 0..<5000 { process.requests("\(number)\(long)").increment() }
        #expect(node.complaints.count == 1 && node.complaints[0].contains("is full"))
        #expect(try reader.value(Node.requests.name, [String("0\(long)".prefix(256))]) == 1)
        process.requests("0\(long)").increment()
        #expect(try reader.value(Node.requests.name, [String("0\(long)".prefix(256))]) == 2)
        #expect(try reader.readings().contains { $0.family == Node.requests && $0.rows.count > 900 })
    }

    @Test func `wait for a reader that has stopped, and say so after a while`() throws {
        _ = try node.reader().readings()
        let descriptor = open("\(node.folder)/lock", O_RDWR)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX) == 0)
        let error = #expect(throws: MetricsError.self) { try node.reader().readings() }
        #expect(error?.description.contains("another reader has held the lock") == true)
        // A process that starts does not wait.
        try node.reader().tidy()
    }
}
