import Foundation
import TestSupport
import Testing
import Threading

/// How many tests run at the same time: `Tests/TestThreads`.
@Suite struct `Tests that wait` {
    @Test func `leave threads to others, although there are fewer processors`() async {
        let count = ProcessInfo.processInfo.activeProcessorCount + 1
        #expect(count < testsAtOnce)
        let arrived = Monitor(0)
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<count {
                group.addTask {
                    arrived.with { $0 += 1 }
                    return eventually { arrived.with { $0 } == count }
                }
            }
            for await isTogether in group { #expect(isTogether) }
        }
    }
}
