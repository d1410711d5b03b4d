import Glibc
import MariaDB
import Stack
import Synchronization
import Threading

/// A proxy between the service and its database, which can cut a connection when it sends COMMIT.
package final class DatabaseProxy: Sendable {
    /// What happens to the next COMMIT.
    package enum Loss: Sendable, CaseIterable {
        /// It is executed, and its answer is lost.
        case answer
        /// It does not arrive, and the server rolls back when it notices the end of the connection.
        case request
        /// It arrives a while after the connection was cut.
        case delay
    }

    package let port: Int
    private let listener: CInt
    private let thread: JoinableThread
    private let state: State

    private final class State: Sendable {
        let losses = Mutex<[Loss]>([])
        let lost = Atomic(0)
        let socket: String
        init(socket: String) { self.socket = socket }
    }

    /// - Parameter server: the server to connect to, by its socket.
    package init(before server: PrivateMariaDB) throws {
        guard let socket = try Address(url: server.url(of: "")).socket else { throw Unexpected("the server has no socket") }
        let state = State(socket: socket)
        let (listener, port) = try StreamSocket.listening()
        (self.listener, self.port, self.state) = (listener, port, state)
        thread = try JoinableThread {
            while case let client = accept(listener, nil, nil), client >= 0 { Self.serve(client, state) }
        }
    }

    deinit {
        shutdown(listener, CInt(SHUT_RDWR))
        thread.join()
        close(listener)
    }

    /// Loses the next COMMIT of any connection.
    package func lose(_ loss: Loss) { state.losses.withLock { $0 = [loss] } }

    /// The number of lost COMMITs.
    package var lost: Int { state.lost.load(ordering: .relaxed) }

    package func url(of database: String) -> String { "mysql+pymysql://root@127.0.0.1:\(port)/\(database)" }

    // MARK: a connection

    /// `COMMIT` as a text query. Source: MariaDB's client protocol, COM_QUERY.
    private static let commit: [UInt8] = [7, 0, 0, 0, 3] + Array("COMMIT".utf8)

    private static func serve(_ client: CInt, _ state: State) {
        guard let server = try? StreamSocket.connected(to: state.socket) else {
            close(client)
            return
        }
        let cut = Flag()
        // The last of the two threads closes both ends.
        let ends = Ends(client, server)
        try! Thread.start {
            forward(from: server, to: client) { _ in !cut.isSet }
            ends.hangUp()
        }
        try! Thread.start {
            forward(from: client, to: server) { bytes in
                guard bytes.starts(with: commit), let loss = state.losses.withLock({ $0.popLast() }) else { return true }
                state.lost.add(1, ordering: .relaxed)
                cut.set()
                switch loss {
                case .answer: return true
                case .request: return false
                case .delay:
                    shutdown(client, CInt(SHUT_RDWR))
                    usleep(300_000)
                    return true
                }
            }
            ends.hangUp()
        }
    }

    /// - Parameter mayPass: called for each packet; false ends the connection.
    private static func forward(from source: CInt, to sink: CInt, _ mayPass: (ArraySlice<UInt8>) -> Bool) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = recv(source, &buffer, buffer.count, 0), count > 0 {
            guard mayPass(buffer[..<count]) else { return }
            guard buffer.withUnsafeBytes({ StreamSocket.send(.init(rebasing: $0[..<count]), to: sink) }) else { return }
        }
    }

    private final class Flag: Sendable {
        private let flag = Atomic(false)
        var isSet: Bool { flag.load(ordering: .relaxed) }
        func set() { flag.store(true, ordering: .relaxed) }
    }

    private final class Ends: Sendable {
        private let client: CInt
        private let server: CInt
        private let left = Atomic(2)

        init(_ client: CInt, _ server: CInt) { (self.client, self.server) = (client, server) }

        func hangUp() {
            for end in [client, server] { shutdown(end, CInt(SHUT_RDWR)) }
            guard left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
            for end in [client, server] { close(end) }
        }
    }
}
