internal import Threading

/// The database connections that the threads of a process share.
///
/// A thread that finds no idle connection opens one, if fewer than `size + overflow` are open; otherwise it waits, behind those that waited
/// before, and fails after `patience`. Up to `size` released connections are kept, each until it was unused for `longestIdle`. Threads that cannot wait, because
/// a lease would expire, may use `reserved` further connections.
package final class Pool: Sendable {
    /// The limits of a pool.
    package struct Limits: Sendable {
        /// Idle connections that are kept.
        package var size: Int
        /// Connections that may be open beyond `size`.
        package var overflow: Int
        /// Seconds that a thread waits for a connection.
        package var patience: Double
        /// Seconds after which an unused connection is closed. This happens when another one is released.
        package var longestIdle: Double

        package init(size: Int = 5, overflow: Int = 50, patience: Double = 30, longestIdle: Double = 60) {
            self.size = size
            self.overflow = overflow
            self.patience = patience
            self.longestIdle = longestIdle
        }
    }

    private struct State {
        /// The connection that was released last is at the end, and is lent first.
        var idle: [Idle] = []
        /// Connections that are open, idle or lent.
        var open = 0
        /// The tickets of the threads that wait, the first at the beginning.
        var queue: [UInt64] = []
        private var lastTicket: UInt64 = 0

        /// Whether nobody waits before the holder of a ticket; nil stands for a thread that has not waited yet.
        func isTurn(of ticket: UInt64?) -> Bool { queue.isEmpty || queue.first == ticket }

        mutating func newTicket() -> UInt64 {
            lastTicket += 1
            queue.append(lastTicket)
            return lastTicket
        }
    }

    private struct Idle {
        let connection: Connection
        /// When it was released, by the monotonic clock; it worked at that time.
        let since: Double
    }

    private enum Found {
        case idle(Idle)
        case roomForOne
    }

    private let servers: Servers
    private let timeouts: Connection.Timeouts
    private let limits: Limits
    private let observer: any PoolObserver
    private let state = Monitor(State())

    /// Seconds after which an idle connection is pinged before use, and seconds for the answer. A firewall or a failover can silence all
    /// connections at once.
    private static let trusted = 5.0
    /// Connections beyond the limits for callers that cannot wait: one for each kind of lease that a process renews.
    private static let reserved = 2
    private static let pingLimit: UInt32 = 2

    /// - Parameters:
    ///   - timeouts: nil for those in the address, and the defaults where it has none.
    ///   - observer: is told of what happens in the pool.
    package init(
        _ address: Address, timeouts: Connection.Timeouts? = nil, limits: Limits = .init(), observer: any PoolObserver = NoPoolObserver()
    ) {
        (self.timeouts, self.limits) = (timeouts ?? Connection.Timeouts(address), limits)
        servers = Servers(address, timeouts: self.timeouts)
        self.observer = observer
    }

    /// Lends a connection for the length of one call.
    ///
    /// - Parameters:
    ///   - seconds: the time that an answer may take; nil for the usual one.
    ///   - isFresh: opens a new connection, because the idle ones may have died with one that was lost.
    ///   - isUrgent: may use a connection beyond the limits.
    /// - Throws: `MariaDBError.poolExhausted` if none was released in time, or the error of opening one.
    package func withConnection<Value>(
        within seconds: UInt32? = nil, fresh isFresh: Bool = false, isUrgent: Bool = false, _ body: (Connection) throws -> Value
    ) throws -> Value {
        do {
            let connection = try take(isFresh, isUrgent, isForLong: (seconds ?? 0) > timeouts.answer)
            let lent = monotonicSeconds()
            observer.lent(1)
            defer {
                release(connection, lent: lent)
                observer.lent(-1)
            }
            connection.limit = seconds ?? timeouts.answer
            return try body(connection)
        } catch {
            if let kind = (error as? MariaDBError)?.kind { observer.failed(kind) }
            throw error
        }
    }

    /// - Parameter isForLong: the answer may take so long that the connection must be pinged first.
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
        // Closed after the monitor's lock is released.
        var closed: [Connection] = []
        var (waitedSince, ticket): (Double?, UInt64?)
        defer { if let waitedSince { observer.waited(seconds: monotonicSeconds() - waitedSince) } }
        let found = state.wait(atMost: limits.patience) { state -> Found? in
            let isTurn = isUrgent || state.isTurn(of: ticket)
            while isTurn, let idle = state.idle.last, !isFresh || state.open >= most {
                state.idle.removeLast()
                if !isFresh && !idle.connection.isHungUp { return .idle(idle) }
                closed.append(idle.connection)
                state.open -= 1
            }
            guard isTurn, state.open < most else {
                waitedSince = waitedSince ?? monotonicSeconds()
                if !isUrgent { ticket = ticket ?? state.newTicket() }
                return nil
            }
            state.open += 1
            return .roomForOne
        }
        // Whatever came of it, this wakes the next one.
        if let ticket { state.with { $0.queue.removeAll { $0 == ticket } } }
        if case .idle = found { observer.idle(-1 - closed.count) } else if !closed.isEmpty { observer.idle(-closed.count) }
        guard let found else {
            throw MariaDBError(number: MariaDBError.poolExhausted, message: "all \(most) connections are in use", sql: "")
        }
        return found
    }

    private func open() throws(MariaDBError) -> Connection {
        do throws(MariaDBError) {
            return try servers.open()
        } catch {
            state.with { $0.open -= 1 }
            throw error
        }
    }

    /// Takes a connection back. If it was lost, the idle ones that were last used before it was lent are closed too, because they may be
    /// lost as well. One that leads to another server than the best, or to a node outside its cluster, is not kept.
    private func release(_ connection: Connection, lent: Double) {
        if connection.isBroken { servers.lost(connection) }
        let isBest = !connection.isOutside && !servers.isBetter(than: connection)
        let (size, now) = (limits.size, monotonicSeconds())
        let unused = now - limits.longestIdle
        // Closed after the monitor's lock is released.
        var closed: [Connection] = []
        let isKept = state.with { state -> Bool in
            if !connection.isBroken && isBest && state.idle.count < size {
                closed = state.idle.prefix { $0.since < unused }.map(\.connection)
                state.idle.removeFirst(closed.count)
                state.open -= closed.count
                state.idle.append(Idle(connection: connection, since: now))
                return true
            }
            state.open -= 1
            guard connection.isBroken else { return false }
            closed = state.idle.filter { $0.since < lent }.map(\.connection)
            state.idle.removeAll { $0.since < lent }
            state.open -= closed.count
            return false
        }
        let change = (isKept ? 1 : 0) - closed.count
        if change != 0 { observer.idle(change) }
    }
}
