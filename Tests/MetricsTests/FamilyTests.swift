import CoreMetrics
import ServiceMetrics
import SharedMetrics
import TestSupport
import Testing

private enum Way: String, KnownLabel {
    case front, back
    static let label = "way"
}

private enum End: String, KnownLabel {
    case good, bad
    static let label = "end"
}

private struct StoreName: OpenLabel {
    static let label = "store"
    let text: String
    init(_ text: String) { self.text = text }
}

/// What call sites of the service use.
@Suite struct `Families of metrics` {
    private let node: Node
    private let process: Node.Process
    init() throws {
        node = try Node()
        process = try node.process(families: [])
    }

    /// The cells of a family by its labels.
    private func rows(_ name: String) throws -> [[String]: [Int64]] {
        let reading = try node.reader().readings().first { $0.family.name == name }
        return Dictionary(uniqueKeysWithValues: (reading?.rows ?? []).map { ($0.labels, $0.cells) })
    }

    @Test func `have a number for every combination of known labels before anything counts`() throws {
        try withMetricsFactory(process.factory) { () throws in
            let counters = Counters<Labels2<Way, End>>("test_ends_total", "Ends.")
            #expect(
                try rows("test_ends_total") == [
                    ["front", "good"]: [0], ["front", "bad"]: [0], ["back", "good"]: [0], ["back", "bad"]: [0],
                ])
            counters.add(.front, .bad)
            counters.add(.front, .bad, by: 4)
            counters[Labels2(.back, .good)].add(2)
            // A counter never falls.
            counters.add(.front, .bad, by: -3)
            #expect(try rows("test_ends_total")[["front", "bad"]] == [5])
            #expect(try rows("test_ends_total")[["back", "good"]] == [2])
            #expect(counters.family.labels.map(\.values) == [["front", "back"], ["good", "bad"]])
        }
    }

    @Test func `have a bound for labels that are known at run time only`() throws {
        try withMetricsFactory(process.factory) { () throws in
            let counters = Counters<Labels2<StoreName, Way>>("test_stores_total", "Stores.")
            for number in 0..<1000 { counters.add(StoreName("s\(number)"), .front) }
            counters.add(StoreName("s3"), .front, by: 10)
            let rows = try rows("test_stores_total")
            #expect(rows.count == 257)
            #expect(rows[["s3", "front"]] == [11] && rows[["other", "front"]] == [1000 - 256])
        }
    }

    @Test func `keep levels, gauges and durations`() throws {
        try withMetricsFactory(process.factory) { () throws in
            let levels = Levels<Labels1<Way>>("test_level", "Level.")
            levels.rise(.front, by: 5)
            levels.fall(.front)
            #expect(try rows("test_level") == [["front"]: [4], ["back"]: [0]])
            let gauge = Gauges<NoLabels>("test_age_seconds", "Age.", .max)
            #expect(try rows("test_age_seconds") == [[]: [.min]])
            gauge.set(seconds: 1.5)
            #expect(try rows("test_age_seconds") == [[]: [1_500_000_000]])
            gauge.set(2)
            #expect(try rows("test_age_seconds") == [[]: [2_000_000_000]])
            gauge.clear()
            #expect(try rows("test_age_seconds") == [[]: [.min]])
            let durations = DurationHistograms<NoLabels>("test_wait_seconds", "Waits.", bounds: [0.001, 1])
            for seconds in [0.001, 0.0011, 1, 1.1, -5, 1e30, .infinity] { durations.record(seconds: seconds) }
            let cells = try #require(try rows("test_wait_seconds")[[]])
            #expect(cells.prefix(3) == [2, 2, 3] && cells[3] > 0)
        }
    }

    @Test func `count nothing and cost no file where no process set them up`() throws {
        let counters = Counters<Labels1<Way>>("test_nowhere_total", "Nowhere.")
        counters.add(.front)
        DurationHistograms<NoLabels>("test_nowhere_seconds", "Nowhere.", bounds: [1]).record(seconds: 1)
        #expect(try rows("test_nowhere_total").isEmpty)
    }

    @Test func `with one name share their numbers`() throws {
        try withMetricsFactory(process.factory) { () throws in
            for _ in 0..<2 { Counters<Labels1<Way>>("test_twice_total", "Twice.").add(.back) }
            #expect(try rows("test_twice_total")[["back"]] == [2])
        }
    }
}
