import TestSupport
import Testing
import Threading

@testable import Operations

@Suite("The pace of a verification")
struct ReadingPaceTests {
    /// Processors that others use, of 4; processors of its own; bytes a second that it reads with them; what is left to it.
    @Test(
        "is half of what others leave, a twentieth at least, and unbounded beside idle ones",
        arguments: [
            (0.0, 3.0, 300e6, nil), (0.4, 3.0, 300e6, nil), (2.0, 2.0, 200e6, 100e6), (3.0, 1.0, 100e6, 50e6), (4.0, 0.1, 10e6, 20e6),
            (1.0, 1.5, 150e6, 150e6), (4.0, 0.0, 0.0, Double(1 << 20)),
        ] as [(Double, Double, Double, Double?)])
    func share(others: Double, own: Double, bytes: Double, expected: Double?) {
        #expect(ReadingPace.rate(leftBy: others, of: 4, own: own, bytesPerSecond: bytes) == expected)
    }

    @Test("is measured by the system's figures: another process that computes is others' use")
    func figures() throws {
        let before = try #require(ProcessorUse.now())
        // Some tenths of a second of a processor.
        _ = try Command("/bin/sh", ["-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"]).succeeded()
        let use = try #require(ProcessorUse.now()).average(since: before)
        #expect(use.own >= 0 && use.own <= ProcessorUse.processors * 1.1)
        #expect(use.others > 0 && use.others <= ProcessorUse.processors * 1.1)
    }

    @Test func `falls at once, rises slowly, and ends where it holds nothing back`() {
        #expect(ReadingPace.pace(after: nil, 5e6, bytesPerSecond: 5e8) == 5e6)
        #expect(ReadingPace.pace(after: 4e8, 5e6, bytesPerSecond: 4e8) == 5e6)
        #expect(ReadingPace.pace(after: 4e6, 5e8, bytesPerSecond: 4e6) == 5e6)
        #expect(ReadingPace.pace(after: 4e6, nil, bytesPerSecond: 4e6) == 5e6)
        #expect(ReadingPace.pace(after: 8e8, nil, bytesPerSecond: 4e8) == nil)
        #expect(ReadingPace.pace(after: nil, nil, bytesPerSecond: 4e8) == nil)
    }
}
