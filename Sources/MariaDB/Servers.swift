internal import Threading

/// The servers of a cluster, and which of them could not be used lately.
///
/// A connection leads to the first server, in the order of the address, that is not known to be away. One that failed is tried again after
/// a pause that doubles each time, and when it answers it comes first again.
final class Servers: Sendable {
    /// A server that failed.
    private struct Failed {
        /// When it is tried again, by the monotonic clock.
        var until: Double
        var pause: Double
    }

    private let addresses: [Address]
    private let timeouts: Connection.Timeouts
    /// Those that failed, by their index.
    private let failed = Monitor<[Int: Failed]>([:])

    /// Seconds after which a server that failed is tried again: the first and the longest pause.
    private static let pauses = (first: 2.0, longest: 60.0)
    /// Seconds to connect to a server while there are others: a server that is frozen, or a host that is gone, does not answer at all.
    private static let connectLimit: UInt32 = 2

    init(_ address: Address, timeouts: Connection.Timeouts) { (addresses, self.timeouts) = (address.servers, timeouts) }

    /// Opens a connection to the first server that takes one.
    ///
    /// - Throws: the error of the last one that was tried.
    func open() throws(MariaDBError) -> Connection {
        guard addresses.count > 1 else { return try Connection(to: addresses[0], timeouts: timeouts) }
        var timeouts = timeouts
        timeouts.connect = min(timeouts.connect, Self.connectLimit)
        var last: MariaDBError?
        for index in order {
            do throws(MariaDBError) {
                let connection = try Connection(to: addresses[index], timeouts: timeouts)
                connection.server = index
                failed.with { _ = $0.removeValue(forKey: index) }
                return connection
            } catch {
                // A password that is wrong is wrong at all of them.
                guard error.isUnavailable else { throw error }
                note(index)
                last = error
            }
        }
        throw last!
    }

    /// The servers that are not known to be away, then the others, those first whose pause ends first.
    private var order: [Int] {
        let now = monotonicSeconds()
        let failed = failed.with { $0.filter { $0.value.until > now } }
        return addresses.indices.sorted { (failed[$0]?.until ?? 0, $0) < (failed[$1]?.until ?? 0, $1) }
    }

    /// Notes that a connection failed, so that others do not lead to the same server for some time.
    func lost(_ connection: Connection) {
        if addresses.count > 1 { note(connection.server) }
    }

    /// Whether a better server than that of a connection is to be tried.
    func isBetter(than connection: Connection) -> Bool { addresses.count > 1 && order[0] < connection.server }

    private func note(_ index: Int) {
        let now = monotonicSeconds()
        failed.with { failed in
            // Connections that fail together count once.
            if let known = failed[index], known.until > now { return }
            let pause = failed[index].map { min($0.pause * 2, Self.pauses.longest) } ?? Self.pauses.first
            failed[index] = Failed(until: now + pause, pause: pause)
        }
    }
}
