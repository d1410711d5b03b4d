import Foundation
import TestThreads

/// The number of tests that run at the same time.
package let testsAtOnce = Int(vitrine_tests_at_once())

/// Runs a closure many times in parallel, each on its own thread, and returns the results.
package func atOnce<Value: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Value) async throws -> [Value] {
    try await withThrowingTaskGroup(of: (Int, Value).self) { group in
        for number in 0..<count {
            group.addTask {
                try await withCheckedThrowingContinuation { continuation in
                    Thread.detachNewThread { continuation.resume(with: Result { (number, try body(number)) }) }
                }
            }
        }
        var values: [Int: Value] = [:]
        for try await (number, value) in group { values[number] = value }
        return (0..<count).map { values[$0]! }
    }
}
