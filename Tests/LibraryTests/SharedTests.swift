import TestSupport
import Testing
import Threading

/// A value that notes how many of its kind were made and have ended.
private final class Counted: Sendable {
    static let made = Monitor(0)
    static let ended = Monitor(0)
    static let shared = Shared(among: Counted.self) { Counted() }

    init() { Self.made.with { $0 += 1 } }
    deinit { Self.ended.with { $0 += 1 } }
}

/// `Tests/TestSupport/Shared.swift`. The suites in it run one after the other.
@Suite(.serialized) struct `What suites share` {
    @Suite(.sharesServices(Counted.self)) struct `is made` {
        @Test(arguments: 0..<20) func once(_ number: Int) throws {
            _ = try Counted.shared.get()
            #expect(Counted.made.with { $0 } == 1 && Counted.ended.with { $0 } == 0)
        }
    }

    @Suite(.sharesServices(Counted.self)) struct `stays` {
        @Test(arguments: 0..<20) func `for the next suite`(_ number: Int) throws {
            _ = try Counted.shared.get()
            #expect(Counted.made.with { $0 } == 1 && Counted.ended.with { $0 } == 0)
        }
    }

    @Suite(.sharesServices) struct `is not made` {
        @Test func `for a suite that does not name it`() { #expect(throws: Unexpected.self) { try Counted.shared.get() } }
    }

    @Suite struct `is let go` {
        @Test func `when the last of them has ended, of those that ran`() throws {
            #expect(throws: Unexpected.self) { try Counted.shared.get() }
            #expect(eventually { Counted.ended.with { $0 } == Counted.made.with { $0 } })
        }
    }
}
