import Foundation
import Synchronization

/// A value that the tests of one suite share, or those of several suites: made when a test first asks for it, and let go when the last of the
/// suites has ended. They have the trait `sharesServices`.
///
/// A service in a plain `static let` runs until the process ends.
package final class Shared<Value: Sendable>: Sendable {
    private let group: ObjectIdentifier?
    private let make: @Sendable () throws -> Value

    /// - Parameters:
    ///   - group: the type that several suites name in their traits; nil if one suite uses the value.
    ///   - make: runs once; if it fails, every test that asks fails.
    package init(among group: Any.Type? = nil, _ make: @escaping @Sendable () throws -> Value) {
        self.group = group.map { ObjectIdentifier($0) }
        self.make = make
    }

    package func get() throws -> Value { try SuiteScope.running().value(of: ObjectIdentifier(self), among: group, make) }
}

/// A suite that is running, and the values that its tests share.
struct SuiteScope: Sendable {
    @TaskLocal static var current: SuiteScope?

    /// The suite's name.
    private let suite: String
    private let own: SharedValues
    private let groups: [ObjectIdentifier: SharedValues]

    init(_ suite: String, groups: [ObjectIdentifier]) {
        self.suite = suite
        own = SharedValues(planned: 1)
        self.groups = Dictionary(uniqueKeysWithValues: groups.map { ($0, SharedValues.of($0)) })
    }

    /// The suite of the test that calls this, in the task of the test.
    static func running() throws -> SuiteScope {
        guard let current else { throw Unexpected("a suite that shares a service has the trait `.sharesServices`") }
        return current
    }

    /// Whether the suite names a type.
    func names(_ group: ObjectIdentifier) -> Bool { groups[group] != nil }

    /// The value of a key, which is made if this is the first test that asks for it.
    ///
    /// - Parameter group: the type that suites name if several of them share the value; nil for a value of this suite.
    func value<Value: Sendable>(of key: ObjectIdentifier, among group: ObjectIdentifier?, _ make: () throws -> Value) throws -> Value {
        let values = group == nil && isOwn(key) ? own : group.flatMap { groups[$0] }
        guard let values else {
            throw Unexpected("\(suite) shares a service with other suites: each of them names the same type in `.sharesServices(…)`")
        }
        return try values.value(of: key, make)
    }

    func end() { for values in [own] + groups.values { values.endSuite() } }

    /// Whether no other suite has or names the value of a key.
    private func isOwn(_ key: ObjectIdentifier) -> Bool {
        let owner = Self.owners.withLock { owners in
            if owners[key] == nil { owners[key] = suite }
            return owners[key]
        }
        return owner == suite && !SharedValues.isPlanned(key)
    }

    /// The suites that have values of their own, by the values' keys: no value is made a second time for another suite.
    private static let owners = Mutex<[ObjectIdentifier: String]>([:])
}

/// The values that one suite has, or several: let go when as many suites have ended as were planned.
final class SharedValues: Sendable {
    private struct State {
        var planned: Int
        var ended = 0
        var slots: [ObjectIdentifier: any Slot] = [:]
    }

    private let state: Mutex<State>

    init(planned: Int) { state = Mutex(State(planned: planned)) }

    /// The values of the suites that name a type.
    static func of(_ group: ObjectIdentifier) -> SharedValues {
        byGroup.withLock { known in
            if let values = known[group] { return values }
            let values = SharedValues(planned: 0)
            known[group] = values
            return values
        }
    }

    /// Whether a suite that is to run names the type.
    static func isPlanned(_ group: ObjectIdentifier) -> Bool { byGroup.withLock { $0[group] != nil } }

    private static let byGroup = Mutex<[ObjectIdentifier: SharedValues]>([:])

    /// Notes that one more suite is going to run.
    func planSuite() { state.withLock { $0.planned += 1 } }

    /// Whether one of the values has been made and not been let go.
    var isInUse: Bool { state.withLock { !$0.slots.isEmpty } }

    func value<Value: Sendable>(of key: ObjectIdentifier, _ make: () throws -> Value) throws -> Value {
        let slot = state.withLock { state in
            // A key has values of one type.
            if let slot = state.slots[key] { return slot as! FilledOnce<Value> }
            let slot = FilledOnce<Value>()
            state.slots[key] = slot
            return slot
        }
        return try slot.value(make)
    }

    /// Notes that a suite has ended. The last one lets go of the values beside the tests that go on, because a service takes time to end.
    func endSuite() {
        let slots: [any Slot] = state.withLock { state in
            state.ended += 1
            guard state.ended == state.planned else { return [] }
            let slots = Array(state.slots.values)
            (state.ended, state.slots) = (0, [:])
            return slots
        }
        guard !slots.isEmpty else { return }
        Thread.detachNewThread { for slot in slots { slot.empty() } }
    }
}

/// The place of a value of any type.
private protocol Slot: AnyObject, Sendable {
    func empty()
}

/// The place of a value that is made once.
private final class FilledOnce<Value: Sendable>: Slot {
    private let made = Mutex<Result<Value, any Error>?>(nil)

    /// The value; whoever asks while it is made waits.
    func value(_ make: () throws -> Value) throws -> Value {
        try made.withLock { made in
            let known = made ?? Result { try make() }
            made = known
            return try known.get()
        }
    }

    func empty() { made.withLock { $0 = nil } }
}
