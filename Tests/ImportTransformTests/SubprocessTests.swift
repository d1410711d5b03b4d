import Foundation
import ImportTransforms
import Testing
import TestSupport

@Suite struct `A program that is run within limits` {
    private func shell(
        _ script: String, seconds: Double = 30, cpu: Int = 20, memory: Int = 1 << 30, fileSize: Int64 = 0, words: Int = 1 << 16,
        isCancelled: () -> Bool = { false }, heard: (UnsafeRawBufferPointer) -> Void = { _ in }
    ) throws -> Subprocess.Outcome {
        var limits = Subprocess.Limits(seconds: seconds, cpuSeconds: cpu, memory: memory, fileSize: fileSize)
        limits.words = words
        return try Subprocess("/bin/sh", ["-c", script], limits).run(isCancelled: isCancelled, heard: heard)
    }

    @Test func `is heard to its end`() throws {
        var heard: [UInt8] = []
        let outcome = try shell("echo out; echo err >&2; cat; exit 3") {
            false
        } heard: {
            heard += $0
        }
        #expect(outcome.status == 3 && outcome.errors == "err\n")
        #expect(String(decoding: outcome.output, as: UTF8.self) == "out\n" && heard == outcome.output)
    }

    @Test func `gets its arguments as they are, a small environment, and no file of ours`() throws {
        let words = [
            "-c", "printf '%s|' \"$@\"; env | sort | tr '\\n' '|'; ls /proc/self/fd | tr '\\n' ' '", "-", "a b", "$(id)", "'", "-x",
        ]
        let outcome = try Subprocess("/bin/sh", words, .init(seconds: 10, cpuSeconds: 5, memory: 1 << 30)).run()
        let text = String(decoding: outcome.output, as: UTF8.self)
        #expect(text.hasPrefix("a b|$(id)|'|-x|LC_ALL=C|PATH="))
        #expect(text.hasSuffix("0 1 2 3 "))
    }

    @Test func `ends in time, with all that it started`() throws {
        let mark = "\(TestFolder.root)/mark-\(UInt64.random(in: 0 ... .max))"
        #expect(throws: Subprocess.Failure.timedOut) {
            try shell("(sleep 61; touch \(mark)) & echo $$ > \(mark); wait", seconds: 0.5, fileSize: 100)
        }
        let leader = try #require(Int32(try String(contentsOfFile: mark, encoding: .utf8).dropLast(1)))
        #expect(eventually { kill(-leader, 0) != 0 })
        // It may close its output.
        #expect(throws: Subprocess.Failure.timedOut) { try shell("exec >&- 2>&-; sleep 61", seconds: 0.5) }
    }

    @Test func `is cancelled`() throws {
        let began = Date()
        #expect(throws: Subprocess.Failure.cancelled) { try shell("sleep 61", isCancelled: { Date().timeIntervalSince(began) > 0.3 }) }
        #expect(Date().timeIntervalSince(began) < 20)
    }

    @Test func `takes no more than it may`() throws {
        #expect(throws: Subprocess.Failure.saidTooMuch) { try shell("cat /dev/zero") }
        #expect(throws: Subprocess.Failure.killed(SIGXCPU)) { try shell("while :; do :; done", cpu: 1) }
        let file = "\(TestFolder.root)/large-\(UInt64.random(in: 0 ... .max))"
        let written = try shell("head -c 100000 /dev/zero > \(file)", fileSize: 5000)
        #expect(written.status != 0)
        #expect(try Data(contentsOf: URL(filePath: file)).count <= 5000)
        let outcome = try Subprocess(
            "/usr/bin/python3", ["-c", "x = bytearray(400_000_000)"], .init(seconds: 20, cpuSeconds: 10, memory: 200 << 20)
        ).run()
        #expect(outcome.status == 1 && outcome.errors.contains("MemoryError"))
        let loud = try shell("yes complaint | head -c 300000 >&2; echo last >&2")
        #expect(loud.errors.utf8.count <= 1 << 16 && loud.errors.hasSuffix("last\n"))
    }

    @Test func `that is not there says so`() throws {
        let outcome = try Subprocess("/nonexistent", [], .init(seconds: 5, cpuSeconds: 5, memory: 1 << 30)).run()
        #expect(outcome.status != 0 && outcome.errors.contains("nonexistent"))
    }
}
