import Synchronization
import Testing

/// Ends what the tests of a suite share, once the suite has ended, and lets few such suites run at the same time.
package struct SharingTrait: SuiteTrait, TestScoping {
    fileprivate let groups: [ObjectIdentifier]

    /// Runs for each suite of the run, before the first test.
    package func prepare(for test: Test) async throws { for group in groups { SharedValues.of(group).planSuite() } }

    package func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
        let isOuter = SuiteScope.current == nil
        if isOuter { await Turns.begin(test.traits.contains { $0 is ParallelizationTrait }, groups) }
        let scope = SuiteScope("\(test.id)", groups: groups)
        defer {
            scope.end()
            if isOuter { Turns.end() }
        }
        try await SuiteScope.$current.withValue(scope) { try await function() }
    }
}

extension Trait where Self == SharingTrait {
    /// The tests of the suite share a service: `TestGlance.of`, or a `Shared`. It ends with the suite.
    package static var sharesServices: Self { Self(groups: []) }

    /// The tests of several suites share a service, for which a type stands. It ends with the last of them that the run has.
    package static func sharesServices(_ groups: Any.Type...) -> Self { Self(groups: groups.map { ObjectIdentifier($0) }) }
}

/// The turns of suites whose tests share services.
///
/// Swift Testing begins all suites at the same time, and puts the tests of all of them into one queue. The end of a suite stands in the same
/// queue, so that suites would end only when the last test of the whole run has begun.
private enum Turns {
    private struct Waiting {
        let isSerialized: Bool
        let groups: [ObjectIdentifier]
        let continuation: CheckedContinuation<Void, Never>
    }

    /// Suites that may begin, and those that wait. Of a serialized suite one test runs at a time, so there are more suites than threads.
    private static let state = Mutex((free: 2 * testsAtOnce, waiting: [Waiting]()))

    static func begin(_ isSerialized: Bool, _ groups: [ObjectIdentifier]) async {
        await withCheckedContinuation { continuation in
            let begins = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.waiting.append(Waiting(isSerialized: isSerialized, groups: groups, continuation: continuation))
                return false
            }
            if begins { continuation.resume() }
        }
    }

    /// Lets the next suite begin: one whose services run already, or a serialized one, which takes long, rather than the first.
    static func end() {
        let next: Waiting? = state.withLock { state in
            let waiting = state.waiting
            let index =
                waiting.firstIndex { $0.groups.contains { SharedValues.of($0).isInUse } }
                ?? waiting.firstIndex(where: \.isSerialized) ?? waiting.indices.first
            guard let index else {
                state.free += 1
                return nil
            }
            return state.waiting.remove(at: index)
        }
        next?.continuation.resume()
    }
}
