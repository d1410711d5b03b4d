internal import Glibc
internal import Synchronization
internal import Threading

/// What happens to connections when the process ends. The libraries' own threads use data that the libraries give up when a process calls
/// `exit`, so a connection that lives then may crash it.
enum CephExit {
    private struct Entry: @unchecked Sendable { weak var connection: CephConnection? }

    private struct Connections {
        var known: [Entry] = []
        /// Those that are not closed yet, known or not.
        var count = 0
    }

    private static let connections = Monitor(Connections())

    /// Notes a new connection. The handler is registered with each, so that it runs before whatever the libraries have registered by then.
    static func note(_ connection: CephConnection) {
        let entry = Entry(connection: connection)
        connections.with { connections in
            connections.known.removeAll { $0.connection == nil }
            connections.known.append(entry)
            connections.count += 1
        }
        on_exit({ status, _ in CephExit.end(status) }, nil)
    }

    static func noteEnd() { connections.with { $0.count -= 1 } }

    /// Closes the connections. If that cannot be, because data are under way or a cluster does not answer, the process ends at once, without
    /// the libraries' own ends.
    private static func end(_ status: CInt) {
        let living = connections.with { $0.known.compactMap(\.connection) }
        if living.allSatisfy({ $0.images.load(ordering: .sequentiallyConsistent) == 0 }) {
            for end in living.compactMap({ $0.end() }) { try? Thread.start(end) }
            if connections.wait(atMost: 2, for: { $0.count == 0 ? true : nil }) != nil { return }
        }
        fflush(nil)
        _exit(status)
    }
}
