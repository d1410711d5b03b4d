internal import Threading

/// Connections that the threads of a process share.
///
/// A thread that finds none free opens one, up to `size + overflow`; past that it waits, and fails after `patience`.
/// Of those given back, `size` are kept, each until nobody used it for `longestIdle`. Threads that cannot wait, because a lease would expire,
/// have `reserved` connections beyond these.
package final class Pool: Sendable {
    package struct Limits: Sendable {
        package var size: Int
        package var overflow: Int
        /// Seconds that a thread waits for a connection.
        package var patience: Double
        /// Seconds after which a connection that nobody used is closed. That happens when another one is given back.
        package var longestIdle: Double

        package init(size: Int = 5, overflow: Int = 50, patience: Double = 30, longestIdle: Double = 60) {
            self.size = size
            self.overflow = overflow
            self.patience = patience
            self.longestIdle = longestIdle
        }
    }

    private struct State {
        /// The one that was given back last is lent first, and so stands last.
        var idle: [Idle] = []
        /// Idle ones and those lent out.
        var open = 0
    }

    private struct Idle {
        let connection: Connection
        /// When it was given back, by the monotonic clock: it was alive then.
        let since: Double
    }

    private enum Found {
        case idle(Idle)
        case roomForOne
    }

    private let address: Address
    private let timeouts: Connection.Timeouts
    private let limits: Limits
    private let state = Monitor(State())

    /// Seconds after which an idle connection is asked whether it is still there, and seconds for its answer: a firewall or a failover
    /// makes connections fall silent, all at once.
    private static let trusted = 5.0
    /// Connections beyond the limits for those who cannot wait: one for each kind of leases that a process renews.
    private static let reserved = 2
    private static let pingLimit: UInt32 = 2

    /// - Parameter timeouts: nil for what the address says, and the usual ones where it does not.
    package init(_ address: Address, timeouts: Connection.Timeouts? = nil, limits: Limits = .init()) {
        (self.address, self.timeouts, self.limits) = (address, timeouts ?? Connection.Timeouts(address), limits)
    }

    /// Lends a connection for the length of one call.
    ///
    /// - Parameters:
    ///   - seconds: that an answer may take; nil for as long as usual.
    ///   - isFresh: opens a new one: those that are idle may have died with the one that was lost.
    ///   - isUrgent: may have one of the connections beyond the limits.
    /// - Throws: `MariaDBError.poolExhausted` when none came free in time, or why none could be opened.
    package func withConnection<Value>(
        within seconds: UInt32? = nil, fresh isFresh: Bool = false, isUrgent: Bool = false, _ body: (Connection) throws -> Value
    ) throws -> Value {
        let connection = try take(isFresh, isUrgent, isForLong: (seconds ?? 0) > timeouts.answer)
        let lent = monotonicSeconds()
        defer { release(connection, lent: lent) }
        connection.limit = seconds ?? timeouts.answer
        return try body(connection)
    }

    /// - Parameter isForLong: an answer is waited for so long that nobody should wait for it in vain.
    private func take(_ isFresh: Bool, _ isUrgent: Bool, isForLong: Bool) throws(MariaDBError) -> Connection {
        while true {
            guard case .idle(let idle) = try find(isFresh, isUrgent) else { return try open() }
            let began = monotonicSeconds()
            let isTrusted = !isForLong && began - idle.since < Self.trusted
            if isTrusted || idle.connection.answers(within: Self.pingLimit) { return idle.connection }
            release(idle.connection, lent: began)
        }
    }

    private func find(_ isFresh: Bool, _ isUrgent: Bool) throws(MariaDBError) -> Found {
        let most = limits.size + limits.overflow + (isUrgent ? Self.reserved : 0)
        // Closed when the monitor is left.
        var closed: [Connection] = []
        let found = state.wait(atMost: limits.patience) { state -> Found? in
            while let idle = state.idle.last, !isFresh || state.open >= most {
                state.idle.removeLast()
                if !isFresh && !idle.connection.isHungUp { return .idle(idle) }
                closed.append(idle.connection)
                state.open -= 1
            }
            guard state.open < most else { return nil }
            state.open += 1
            return .roomForOne
        }
        guard let found else {
            throw MariaDBError(number: MariaDBError.poolExhausted, message: "all \(most) connections are in use", sql: "")
        }
        return found
    }

    private func open() throws(MariaDBError) -> Connection {
        do throws(MariaDBError) {
            return try Connection(to: address, timeouts: timeouts)
        } catch {
            state.with { $0.open -= 1 }
            throw error
        }
    }

    /// Of a connection that was lost those are suspected that nobody heard of since it was last known to be alive.
    private func release(_ connection: Connection, lent: Double) {
        let (size, now) = (limits.size, monotonicSeconds())
        let unused = now - limits.longestIdle
        // Closed when the monitor is left.
        var closed: [Connection] = []
        state.with { state in
            if !connection.isBroken && state.idle.count < size {
                closed = state.idle.prefix { $0.since < unused }.map(\.connection)
                state.idle.removeFirst(closed.count)
                state.open -= closed.count
                state.idle.append(Idle(connection: connection, since: now))
                return
            }
            state.open -= 1
            guard connection.isBroken else { return }
            closed = state.idle.filter { $0.since < lent }.map(\.connection)
            state.idle.removeAll { $0.since < lent }
            state.open -= closed.count
        }
    }
}
