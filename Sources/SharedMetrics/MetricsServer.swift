internal import Glibc
package import ServiceMetrics
package import Threading

/// Answers `GET /metrics` on a port of its own, on one thread.
///
/// No connection is waited for: each has a deadline for its request and one for its answer, and where there are too many, the oldest is
/// closed. So a client that sends or reads nothing keeps nobody from an answer, and costs no more than one answer's memory until then.
package final class MetricsServer: @unchecked Sendable {
    private let listener: MetricsListener
    private let folder: MetricsFolder
    private let sources: [any MetricSource]
    private let report: @Sendable (String) -> Void
    /// A byte in it ends the thread.
    private let wake: (read: CInt, write: CInt)
    private var thread: JoinableThread?
    private var connections: [Connection] = []

    /// Connections at once, and seconds that a request and an answer may take.
    private static let (most, patience) = (32, 10.0)

    /// Binds the port; `start` then takes requests.
    ///
    /// - Parameters:
    ///   - address: `host:port`.
    ///   - sources: what is told besides the numbers of the folder.
    ///   - report: gets a sentence for the operator.
    package init(
        on address: String, folder: MetricsFolder, sources: [any MetricSource] = [], report: @escaping @Sendable (String) -> Void
    ) throws(MetricsError) {
        var ends: [CInt] = [0, 0]
        guard pipe(&ends) == 0 else { throw MetricsError("a pipe", errno: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        wake = (ends[0], ends[1])
        (self.folder, self.sources, self.report) = (folder, sources, report)
        do throws(MetricsError) {
            listener = try MetricsListener(address)
        } catch {
            for end in ends { close(end) }
            throw error
        }
    }

    /// Checks that a text is an address to listen at.
    package static func check(_ address: String) throws(MetricsError) { _ = try MetricsListener.parts(of: address) }

    package var port: Int { listener.port }

    /// Whether processes of this machine alone can connect.
    package var isLoopback: Bool { listener.isLoopback }

    /// Begins to take requests.
    package func start() throws(ThreadUnavailable) { thread = try JoinableThread { self.run() } }

    /// Ends the thread and closes the port.
    package func stop() {
        _ = write(wake.write, "x", 1)
        thread?.join()
        for end in [wake.read, wake.write, listener.descriptor] { close(end) }
    }

    private func run() {
        while true {
            var waits = [
                pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
                pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            waits += connections.map { pollfd(fd: $0.descriptor, events: Int16($0.isSending ? POLLOUT : POLLIN), revents: 0) }
            let next = connections.map(\.deadline).min().map { max(0, $0 - monotonicSeconds()) }
            let count = poll(&waits, nfds_t(waits.count), next.map { CInt($0 * 1000) + 1 } ?? -1)
            if count < 0 && errno != EINTR { usleep(100_000) }
            if waits[0].revents != 0 { break }
            let now = monotonicSeconds()
            for (connection, wait) in zip(connections, waits.dropFirst(2)) {
                if wait.revents != 0 { advance(connection) }
                if now >= connection.deadline { connection.close() }
            }
            connections.removeAll(where: \.isClosed)
            if waits[1].revents != 0 { accept() }
        }
        for connection in connections { connection.close() }
        connections = []
    }

    private func accept() {
        let descriptor = Glibc.accept(listener.descriptor, nil, nil)
        guard descriptor >= 0 else {
            // Without descriptors the same connection would be offered again at once.
            if ![EAGAIN, EINTR, ECONNABORTED].contains(errno) { usleep(100_000) }
            return
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        if connections.count >= Self.most { connections.removeFirst().close() }
        connections.append(Connection(descriptor, deadline: monotonicSeconds() + Self.patience))
    }

    private func advance(_ connection: Connection) {
        guard let request = connection.advance() else { return }
        connection.send(answer(to: request), until: monotonicSeconds() + Self.patience)
    }

    private func answer(to request: ScrapeRequest) -> [UInt8] {
        switch request.outcome {
        case .error(let status, let allow, let message):
            return Self.response(status, "text/plain; charset=utf-8", Array("\(message)\n".utf8), request, allow: allow)
        case .metrics(let format):
            do throws(MetricsError) {
                return Self.response("200 OK", format.contentType, Exposition.text(of: try readings(), format), request)
            } catch {
                report("metrics cannot be read: \(error)")
                let message = Array("The metrics cannot be read now; the log of glance-tasks says why.\n".utf8)
                return Self.response("503 Service Unavailable", "text/plain; charset=utf-8", message, request)
            }
        }
    }

    /// Everything that is shown, in the order of names. A family of a source is left out where the folder has one of its name.
    private func readings() throws(MetricsError) -> [MetricReading] {
        var byName: [String: MetricReading] = [:]
        for reading in try folder.readings() + sources.flatMap({ $0.readings() }) where byName[reading.family.name] == nil {
            byName[reading.family.name] = reading
        }
        return byName.values.sorted { $0.family.name < $1.family.name }
    }

    private static func response(_ status: String, _ type: String, _ body: [UInt8], _ request: ScrapeRequest, allow: Bool = false)
        -> [UInt8]
    {
        let head = """
            HTTP/1.1 \(status)\r
            Content-Type: \(type)\r
            Content-Length: \(body.count)\r
            Cache-Control: no-store\r
            X-Content-Type-Options: nosniff\r
            \(allow ? "Allow: GET, HEAD\r\n" : "")Connection: close\r
            \r

            """
        return Array(head.utf8) + (request.isHead ? [] : body)
    }
}

/// A connection of one client, with its one request.
private final class Connection {
    let descriptor: CInt
    private(set) var deadline: Double
    private(set) var isClosed = false
    private var request: [UInt8] = []
    private var answer: [UInt8]?
    private var sent = 0

    init(_ descriptor: CInt, deadline: Double) { (self.descriptor, self.deadline) = (descriptor, deadline) }

    /// Whether its answer is being sent, so that it waits for the client to read.
    var isSending: Bool { answer.map { sent < $0.count } ?? false }

    /// Does what can be done without waiting.
    ///
    /// - Returns: the request, once, when it has come whole.
    func advance() -> ScrapeRequest? {
        if isSending {
            sendMore()
            return nil
        }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count < 0 && [EAGAIN, EINTR].contains(errno) { return nil }
        guard count > 0 else {
            close()
            return nil
        }
        // What comes after the request is read and forgotten: closing before would take the answer from the client.
        guard answer == nil else { return nil }
        request += buffer[..<count]
        return ScrapeRequest(request)
    }

    func send(_ answer: [UInt8], until deadline: Double) {
        (self.answer, self.deadline) = (answer, deadline)
        request = []
        sendMore()
    }

    private func sendMore() {
        guard let answer else { return }
        while sent < answer.count {
            let count = answer.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, CInt(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN { return }
            guard count > 0 else { return close() }
            sent += count
        }
        self.answer = []
        sent = 0
        shutdown(descriptor, CInt(SHUT_WR))
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        Glibc.close(descriptor)
    }
}
