import Foundation
import ServiceMetrics
import SharedMetrics
import TestSupport
import Testing

@Suite struct `Damaged files of metrics` {
    let node: Node
    init() throws { node = try Node() }

    /// A whole file, as a process that was killed leaves it.
    private func whole() throws -> Data {
        let other = try Node()
        let process = try other.process()
        process.requests("/v2/images/{image}").increment(by: 40)
        process.durations.recordSeconds(2)
        return try Data(contentsOf: URL(filePath: try #require(try other.files().first)))
    }

    private func put(_ data: Data, as name: String = "glance-api.1.abc.metrics") throws {
        try data.write(to: URL(filePath: "\(node.folder)/\(name)"))
    }

    /// A reader beside a living process that has counted 1.
    private func counted(_ body: (MetricsFolder) throws -> Void) throws {
        let process = try node.process("glance-tasks")
        process.requests("/v2/images/{image}").increment()
        try body(node.reader())
        withExtendedLifetime(process) {}
    }

    @Test(arguments: [0, 1, 100, 4095, 4096, 5000, 300_000])
    func `that end too early are skipped and named once`(_ length: Int) throws {
        try put(try whole().prefix(length))
        try counted { (reader) throws in
            for _ in 0..<3 { #expect(try reader.value(Node.requests.name, ["/v2/images/{image}"]) == 1) }
            #expect(try reader.value("vitrine_metrics_files_skipped") == 1)
            #expect(node.complaints.count == 1 && node.complaints[0].contains("glance-api.1.abc.metrics"))
        }
    }

    @Test func `of every sort are skipped, and hold nobody`() throws {
        let data = try whole()
        func changed(_ place: Int, _ bytes: [UInt8]) -> Data {
            var data = data
            data.replaceSubrange(place..<place + bytes.count, with: bytes)
            return data
        }
        try put(changed(0, [0x7F]), as: "foreign.metrics")
        try put(changed(8, [0]), as: "older.metrics")
        try put(changed(8, [9]), as: "newer.metrics")
        try put(changed(72, [UInt8](repeating: 0xFF, count: 8)), as: "records.metrics")
        try put(changed(80, [0, 0, 0, 0, 0, 0, 0, 0x7F]), as: "cells.metrics")
        try put(changed(4096, [0, 0, 0, 0]), as: "empty-record.metrics")
        try put(changed(4096, [0xF8, 0xFF, 0xFF, 0xFF]), as: "long-record.metrics")
        try put(changed(96, [0x0A, 0x22]), as: "program.metrics")
        try put(Data("hello".utf8), as: "text.metrics")
        try FileManager.default.createDirectory(atPath: "\(node.folder)/folder.metrics", withIntermediateDirectories: true)
        #expect(mkfifo("\(node.folder)/pipe.metrics", 0o600) == 0)
        #expect(symlink("/dev/zero", "\(node.folder)/link.metrics") == 0)
        #expect(truncate("\(node.folder)/text.metrics", 1 << 40) == 0)
        try counted { (reader) throws in
            for _ in 0..<2 {
                #expect(try reader.value(Node.requests.name, ["/v2/images/{image}"]) == 1)
                #expect(try reader.value("vitrine_metrics_files_skipped") == 12)
            }
            #expect(node.complaints.count == 12, "\(node.complaints)")
            #expect(node.complaints.contains { $0.contains("older.metrics has version 0, not 1") })
        }
        // Nothing of another's is removed.
        #expect(try node.files().count == 13)
    }

    @Test func `with any changed bytes are read within bounds`() throws {
        let data = try whole()
        var random = SystemRandomNumberGenerator()
        try counted { (reader) throws in
            for round in 0..<1500 {
                var changed = data
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    // Header and records are what is read first.
                    let place = round % 3 == 0 ? Int.random(in: 0..<144) : Int.random(in: 4096..<5200)
                    changed[place] = UInt8.random(in: .min ... .max)
                }
                try put(changed)
                #expect(try (reader.value(Node.requests.name, ["/v2/images/{image}"]) ?? 0) >= 1)
                unlink("\(node.folder)/glance-api.1.abc.metrics")
                unlink("\(node.folder)/ended")
            }
        }
    }

    @Test func `of the processes that have ended begin anew`() throws {
        var process: Node.Process? = try node.process()
        process?.requests("/v2/images/{image}").increment(by: 5)
        process = nil
        try counted { (reader) throws in
            #expect(try reader.value(Node.requests.name, ["/v2/images/{image}"]) == 6)
            try put(Data("no file of metrics".utf8), as: "ended")
            for _ in 0..<2 { #expect(try reader.value(Node.requests.name, ["/v2/images/{image}"]) == 1) }
            #expect(node.complaints.count == 1 && node.complaints[0].contains("the file ended ends before it should"))
            process = try node.process()
            process?.requests("/v2/images/{image}").increment(by: 2)
            process = nil
            #expect(try reader.value(Node.requests.name, ["/v2/images/{image}"]) == 3)
            #expect(try reader.value("vitrine_metrics_files_skipped") == 0)
        }
    }

    @Test func `that cannot be taken over stay and count`() throws {
        var process: Node.Process? = try node.process()
        process?.requests("/v2/images/{image}").increment(by: 5)
        process = nil
        try FileManager.default.createDirectory(atPath: "\(node.folder)/ended/here", withIntermediateDirectories: true)
        try counted { (reader) throws in
            for _ in 0..<3 { #expect(try reader.value(Node.requests.name, ["/v2/images/{image}"]) == 6) }
            #expect(try node.files().count == 2)
            #expect(node.complaints.contains { $0.contains("cannot be written") })
            try FileManager.default.removeItem(atPath: "\(node.folder)/ended")
            for _ in 0..<3 { #expect(try reader.value(Node.requests.name, ["/v2/images/{image}"]) == 6) }
            #expect(try node.files().count == 1)
        }
    }

    @Test func `that a process left while it made its file are removed`() throws {
        try put(Data(), as: "glance-api.1.abc.1.unfinished")
        try counted { (reader) throws in
            _ = try reader.readings()
            #expect(try node.files(".unfinished").isEmpty)
            #expect(node.complaints.isEmpty)
        }
    }

    @Test func `are not made where nobody can write`() throws {
        #expect(throws: MetricsError.self) {
            _ = try SharedMetricsFactory(folder: "\(node.folder)/missing", program: "glance-api", release: "1.0") { _ in }
        }
        #expect(throws: MetricsError.self) { try MetricsFolder("\(node.folder)/missing") { _ in }.readings() }
    }
}
