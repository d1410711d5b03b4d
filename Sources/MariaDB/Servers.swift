internal import Threading

/// The servers of a cluster, and which of them could not be used lately.
///
/// A connection leads to the first server, in the order of the address, that is not known to be away. One that failed is tried again after
/// a pause that doubles each time, and when it answers it comes first again. A node outside its cluster that answers reads all the same
/// (`Connection.isOutside`) is used while no server is better.
final class Servers: Sendable {
    /// A server that failed.
    private struct Failed {
        /// When it is tried again, by the monotonic clock.
        var until: Double
        var pause: Double
        /// Whether it answers reads with what it knew when it left its cluster.
        var isOutside: Bool
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
    /// - Throws: an error of one that may take connections later, if there is one, or else of the last one that was tried.
    func open() throws(MariaDBError) -> Connection {
        guard addresses.count > 1 else { return try Connection(to: addresses[0], timeouts: timeouts) }
        var timeouts = timeouts
        timeouts.connect = min(timeouts.connect, Self.connectLimit)
        var outside: Connection?
        var last: MariaDBError?
        for (index, isAway) in order {
            // Those that were away a moment ago are not waited for.
            if isAway, let outside { return outside }
            do throws(MariaDBError) {
                let connection = try Connection(to: addresses[index], timeouts: timeouts)
                connection.server = index
                guard !connection.isOutside else {
                    note(index, isOutside: true)
                    outside = outside ?? connection
                    continue
                }
                failed.with { _ = $0.removeValue(forKey: index) }
                return connection
            } catch {
                // A node that was emptied may know neither the user nor the database.
                guard error.isUnavailable || error.isStranger else { throw error }
                note(index)
                last = last.flatMap { $0.isUnavailable ? $0 : nil } ?? error
            }
        }
        if let outside { return outside }
        throw last!
    }

    /// The servers that are not known to be away, then the others: first those that answer reads, then those whose pause ends first.
    private var order: [(index: Int, isAway: Bool)] {
        let now = monotonicSeconds()
        let failed = failed.with { $0.filter { $0.value.until > now } }
        func rank(_ index: Int) -> (Int, Double, Int) {
            guard let known = failed[index] else { return (0, 0, index) }
            return (known.isOutside ? 1 : 2, known.until, index)
        }
        return addresses.indices.sorted { rank($0) < rank($1) }.map { ($0, failed[$0] != nil) }
    }

    /// Notes that a connection failed, so that others do not lead to the same server for some time.
    func lost(_ connection: Connection) {
        if addresses.count > 1 { note(connection.server) }
    }

    /// Whether a better server than that of a connection is to be tried.
    func isBetter(than connection: Connection) -> Bool { addresses.count > 1 && order[0].index < connection.server }

    private func note(_ index: Int, isOutside: Bool = false) {
        let now = monotonicSeconds()
        failed.with { failed in
            // Connections that fail together count once.
            if let known = failed[index], known.until > now {
                failed[index]?.isOutside = isOutside
                return
            }
            let pause = failed[index].map { min($0.pause * 2, Self.pauses.longest) } ?? Self.pauses.first
            failed[index] = Failed(until: now + pause, pause: pause, isOutside: isOutside)
        }
    }
}
