internal import Threading

/// Connections that the threads of a process share.
///
/// A thread that finds none free opens one, up to `size + overflow`; past that it waits, and fails after `patience`.
/// Of those given back, `size` are kept.
package final class Pool: Sendable {
    package struct Limits: Sendable {
        package var size: Int
        package var overflow: Int
        /// Seconds that a thread waits for a connection.
        package var patience: Double

        package init(size: Int = 5, overflow: Int = 50, patience: Double = 30) {
            self.size = size
            self.overflow = overflow
            self.patience = patience
        }
    }

    private struct State {
        var idle: [Connection] = []
        /// Idle ones and those lent out.
        var open = 0
    }

    private enum Found {
        case idle(Connection)
        case roomForOne
    }

    private let address: Address
    private let timeouts: Connection.Timeouts
    private let limits: Limits
    private let state = Monitor(State())

    package init(_ address: Address, timeouts: Connection.Timeouts = .init(), limits: Limits = .init()) {
        (self.address, self.timeouts, self.limits) = (address, timeouts, limits)
    }

    /// Lends a connection for the length of one call.
    ///
    /// - Throws: `MariaDBError.poolExhausted` when none came free in time, or why none could be opened.
    package func withConnection<Value>(_ body: (Connection) throws -> Value) throws -> Value {
        let connection = try take()
        defer { giveBack(connection) }
        return try body(connection)
    }

    private func take() throws(MariaDBError) -> Connection {
        let most = limits.size + limits.overflow
        let found = state.wait(atMost: limits.patience) { state -> Found? in
            while let connection = state.idle.popLast() {
                if !connection.isHungUp { return .idle(connection) }
                state.open -= 1
            }
            guard state.open < most else { return nil }
            state.open += 1
            return .roomForOne
        }
        switch found {
        case .idle(let connection): return connection
        case .roomForOne:
            do throws(MariaDBError) {
                return try Connection(to: address, timeouts: timeouts)
            } catch {
                state.with { $0.open -= 1 }
                throw error
            }
        case nil:
            throw MariaDBError(number: MariaDBError.poolExhausted, message: "all \(most) connections are in use", sql: "")
        }
    }

    private func giveBack(_ connection: Connection) {
        let size = limits.size
        state.with { state in
            if !connection.isBroken && state.idle.count < size { state.idle.append(connection) } else { state.open -= 1 }
        }
    }
}
