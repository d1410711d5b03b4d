internal import CFastCGI
internal import Files
internal import Glibc
internal import Threading

/// A slot for one request at a time, which a single thread accepts, answers and reuses.
///
/// It speaks FastCGI through libfcgi, or plain CGI with the process's environment, input and output.
package final class Exchange {
    private enum Wire {
        /// libfcgi's streams point back at their `FCGX_Request`, so it keeps its heap address as long as the slot lives.
        case fastCGI(Listener, UnsafeMutablePointer<FCGX_Request>)
        case cgi
    }

    /// How the request's body ended.
    package enum BodyEnd: Sendable {
        case whole
        /// The client or nginx closed the connection. libfcgi reports this like a normal end, except for its error flag.
        case cut
    }

    private let wire: Wire
    private var sawBodyEnd = false
    /// Whether the process has no file descriptor left but the one of this request. The request must then be refused quickly.
    package private(set) var isToBeRefused = false
    /// Bytes of a CGI request's body that are still unread; nil if its length is unknown. The length is the only mark of its end: the
    /// input may continue behind it, or stay open. Source: RFC 3875, 4.2.
    private var unreadOfCGI: Int?

    /// A slot that accepts requests from a listening socket.
    package init(listeningOn listener: Listener) throws(FastCGIError) {
        let started = FCGX_Init()
        guard started == 0 else { throw FastCGIError(call: "FCGX_Init", code: started) }
        let raw = UnsafeMutablePointer<FCGX_Request>.allocate(capacity: 1)
        // libfcgi gets no listening socket: it reads requests from connections that `accept` gives it.
        let code = FCGX_InitRequest(raw, -1, CInt(FCGI_FAIL_ACCEPT_ON_INTR))
        guard code == 0 else {
            raw.deallocate()
            throw FastCGIError(call: "FCGX_InitRequest", code: code)
        }
        wire = .fastCGI(listener, raw)
    }

    /// A slot for the one request that a CGI process is started for.
    package init(cgi: Void) {
        wire = .cgi
        unreadOfCGI = parameter("CONTENT_LENGTH").flatMap { Int($0) }
    }

    /// Whether a web server started this process for one request, by RFC 3875: the environment describes a request, and standard
    /// input is not a listening socket.
    package static var isCGI: Bool {
        getenv("REQUEST_METHOD") != nil && getenv("GATEWAY_INTERFACE") != nil && (try? Listener(descriptor: 0)) == nil
    }

    deinit {
        if case .fastCGI(_, let raw) = wire {
            FCGX_Free(raw, 1)
            raw.deallocate()
        }
    }

    /// Waits for a request for at most half a second: on the connection that the web server kept open, or on a new one.
    ///
    /// - Returns: false if none came, or the connection ended before it brought one.
    package func accept() throws(FastCGIError) -> Bool {
        guard case .fastCGI(let listener, let raw) = wire else { return true }
        sawBodyEnd = false
        let kept = vitrine_fcgx_connection(raw)
        if kept >= 0 {
            switch next(on: kept, listener) {
            case .request: break
            case .nothing:
                // If a new connection waits, the idle one is closed, so that it does not occupy the thread.
                if listener.hasWaiting { close(vitrine_fcgx_detach(raw)) }
                return false
            case .end:
                close(vitrine_fcgx_detach(raw))
                return false
            }
        } else {
            guard let accepted = try listener.accept() else { return false }
            isToBeRefused = accepted.isOnSpare
            guard !Self.isDeserted(accepted.connection) else {
                close(accepted.connection)
                returnSpare()
                return false
            }
            vitrine_fcgx_attach(raw, accepted.connection)
        }
        guard FCGX_Accept_r(raw) != 0 else { return true }
        if isToBeRefused {
            let connection = vitrine_fcgx_detach(raw)
            if connection >= 0 { close(connection) }
            returnSpare()
        }
        return false
    }

    private func returnSpare() {
        guard isToBeRefused else { return }
        SpareDescriptor.shared.takeBack()
        isToBeRefused = false
    }

    /// Whether the web server has closed the connection. That may have happened while the request waited in the socket's queue: the
    /// client was then told that nothing was done, so the request must not be handled.
    private static func isDeserted(_ connection: CInt) -> Bool {
        var wanted = pollfd(fd: connection, events: 0, revents: 0)
        return poll(&wanted, 1, 0) > 0
    }

    private enum Next { case request, nothing, end }

    /// What arrives on a kept connection within a tenth of a second, or a hundredth if no other thread would take a new connection.
    /// What a web server sent before it closed the connection is no request, as in `isDeserted`.
    private func next(on connection: CInt, _ listener: Listener) -> Next {
        var wanted = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
        guard poll(&wanted, 1, listener.hasFreeThread ? 100 : 10) > 0 else { return .nothing }
        return CInt(wanted.revents) & (POLLHUP | POLLERR) == 0 ? .request : .end
    }

    /// A parameter from the web server, such as `REQUEST_METHOD` or `HTTP_HOST`; nil if it is not set.
    package func parameter(_ name: StaticString) -> String? {
        name.withUTF8Buffer { name in
            let name = UnsafeRawPointer(name.baseAddress!).assumingMemoryBound(to: CChar.self)
            switch wire {
            case .fastCGI(_, let raw): return FCGX_GetParam(name, raw.pointee.envp).map { String(cString: $0) }
            case .cgi: return getenv(name).map { String(cString: $0) }
            }
        }
    }

    /// Calls `body` with each header of the request. The web server sends headers as `HTTP_…` parameters, in upper case and with `_` for
    /// `-`. The names stay in upper case; each `_` becomes `-`, even if the client sent it.
    package func forEachHeader(_ body: (_ name: String, _ value: String) -> Void) {
        var next: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? =
            switch wire {
            case .fastCGI(_, let raw): raw.pointee.envp
            case .cgi: environ
            }
        while let entry = next?.pointee {
            defer { next = next?.successor() }
            guard strncmp(entry, "HTTP_", 5) == 0, let equals = strchr(entry, 0x3D) else { continue }
            let count = equals - entry - 5
            let name = String(unsafeUninitializedCapacity: count) { buffer in
                for place in 0..<count {
                    let byte = UInt8(bitPattern: entry[5 + place])
                    buffer[place] = byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : byte
                }
                return count
            }
            body(name, String(cString: equals + 1))
        }
    }

    /// Reads the next bytes of the body, as many as have arrived and fit.
    ///
    /// - Parameter seconds: how long to wait for the first byte.
    /// - Returns: 0 at the body's end; nil if nothing arrived in time.
    package func read(into buffer: UnsafeMutableRawBufferPointer, waitingAtMost seconds: Double) -> Int? {
        guard let start = buffer.baseAddress else { return 0 }
        switch wire {
        case .fastCGI(_, let raw): return read(raw, into: start, buffer.count, waitingAtMost: seconds)
        case .cgi:
            guard let unread = unreadOfCGI, unread > 0 else { return 0 }
            guard Self.isReadable(STDIN_FILENO, within: seconds) else { return nil }
            let count = max(readPiece(of: STDIN_FILENO, into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(unread))), 0)
            unreadOfCGI = unread - count
            return count
        }
    }

    /// Reads without blocking: the rest of a record from the connection, what else there is through libfcgi. libfcgi waits for all bytes that
    /// it is asked for, so it is asked only for those that it holds, or for one byte if the connection is readable. nginx writes a record in
    /// one piece, so this never waits for a header.
    private func read(
        _ raw: UnsafeMutablePointer<FCGX_Request>, into start: UnsafeMutableRawPointer, _ room: Int, waitingAtMost seconds: Double
    ) -> Int? {
        guard let stream = raw.pointee.in else { return 0 }
        var count = 0
        while count < room, !sawBodyEnd {
            if vitrine_fcgx_can_take(stream) != 0 {
                let taken = vitrine_fcgx_take(stream, raw.pointee.ipcFd, start + count, room - count)
                if taken > 0 {
                    count += taken
                    continue
                }
                if taken < 0, errno == EINTR || errno == EAGAIN {
                    if Self.isReadable(raw.pointee.ipcFd, within: count == 0 ? seconds : 0) { continue }
                    return count == 0 ? nil : count
                }
                // The connection's end is libfcgi's to note.
            } else if vitrine_fcgx_must_wait(stream) != 0, !Self.isReadable(raw.pointee.ipcFd, within: count == 0 ? seconds : 0) {
                return count == 0 ? nil : count
            }
            let held = max(1, stream.pointee.stop - stream.pointee.rdNext)
            let read = FCGX_GetStr((start + count).assumingMemoryBound(to: CChar.self), CInt(clamping: min(held, room - count)), stream)
            if read == 0 { sawBodyEnd = true }
            count += Int(read)
        }
        return count
    }

    /// Whether the descriptor becomes readable, or its other side closes, within some seconds.
    private static func isReadable(_ descriptor: CInt, within seconds: Double) -> Bool {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wanted, 1, CInt(seconds * 1000)) > 0
    }

    /// How the body ended; valid after `read` returned 0. Plain CGI has only `CONTENT_LENGTH`: a body without one counts as cut.
    package var bodyEnd: BodyEnd {
        switch wire {
        case .fastCGI(_, let raw): FCGX_GetError(raw.pointee.in) == 0 ? .whole : .cut
        case .cgi: unreadOfCGI == 0 ? .whole : .cut
        }
    }

    /// Bytes from which on a piece of the answer is sent as it lies, in records of 64 KiB; libfcgi copies all bytes into records of 8 KiB.
    private static let direct = 16 * 1024

    /// Sends bytes of the answer: the header block of CGI, then the body.
    ///
    /// - Throws: if the web server has closed the connection.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(FastCGIError) {
        guard var start = bytes.baseAddress else { return }
        var left = bytes.count
        switch wire {
        case .fastCGI(_, let raw):
            if left >= Self.direct {
                guard FCGX_FFlush(raw.pointee.out) == 0 else {
                    throw FastCGIError(call: "FCGX_FFlush", code: FCGX_GetError(raw.pointee.out))
                }
                let code = vitrine_fcgx_send(raw, start, left)
                guard code == 0 else { throw FastCGIError(call: "sendmsg", code: code) }
                return
            }
            while left > 0 {
                let piece = min(left, Int(CInt.max))
                guard FCGX_PutStr(start.assumingMemoryBound(to: CChar.self), CInt(piece), raw.pointee.out) == piece else {
                    throw FastCGIError(call: "FCGX_PutStr", code: FCGX_GetError(raw.pointee.out))
                }
                (start, left) = (start + piece, left - piece)
            }
        case .cgi:
            takeRestOfCGI()
            guard writeAll(bytes, to: STDOUT_FILENO) == 0 else { throw FastCGIError(call: "write", code: errno) }
        }
    }

    /// Reads the rest of the body. fcgiwrap writes the whole body before it reads the answer, and answers 502 if that fails.
    private func takeRestOfCGI() {
        withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 1) { buffer in
            while let count = read(into: buffer, waitingAtMost: 60), count > 0 {}
        }
    }

    /// Ends the answer and frees the slot for the next request. A connection that the web server wants to keep stays open, if it
    /// holds no more bytes of this request and no new connection waits: while every thread is busy, requests on kept connections would
    /// go before all that came earlier.
    ///
    /// - Parameter keepsConnection: false if no thread will accept another request from the connection.
    package func finish(keepsConnection: Bool = true) {
        guard case .fastCGI(let listener, let raw) = wire else { return }
        let expectsBody =
            parameter("CONTENT_LENGTH").map { !$0.isEmpty && $0 != "0" } ?? false
            || parameter("HTTP_TRANSFER_ENCODING") != nil
        defer { returnSpare() }
        if keepsConnection, raw.pointee.keepConnection != 0, !isToBeRefused, !listener.hasWaiting,
            sawBodyEnd || !expectsBody && FCGX_GetChar(raw.pointee.in) == EOF
        {
            FCGX_Finish_r(raw)
            return
        }
        FCGX_FClose(raw.pointee.err)
        FCGX_FClose(raw.pointee.out)
        let connection = vitrine_fcgx_detach(raw)
        FCGX_Free(raw, 0)
        hangUp(connection, unreadBody: expectsBody && !sawBodyEnd)
    }

    /// Ends an incomplete answer without FastCGI's end record, so that the web server does not present it to the client as complete.
    package func breakOff() {
        guard case .fastCGI(_, let raw) = wire else { return }
        let connection = vitrine_fcgx_detach(raw)
        FCGX_Free(raw, 0)
        if connection >= 0 { close(connection) }
    }

    /// Closes a connection so that the answer still arrives.
    ///
    /// If a socket is closed with unread bytes, the other side's next write fails, and nginx may then answer 502 instead of passing the
    /// answer on. So the bytes are read first. For a body that the answer did not wait for, this reads until nginx closes the connection,
    /// but for a second at most.
    private func hangUp(_ connection: CInt, unreadBody: Bool) {
        guard connection >= 0 else { return }
        defer { close(connection) }
        let flags = CInt(MSG_DONTWAIT)
        withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 1) { buffer in
            guard unreadBody else {
                while recv(connection, buffer.baseAddress, buffer.count, flags) > 0 {}
                return
            }
            shutdown(connection, CInt(SHUT_WR))
            let deadline = monotonicSeconds() + 1
            while true {
                let left = deadline - monotonicSeconds()
                var wanted = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
                guard left > 0, poll(&wanted, 1, CInt(left * 1000)) > 0 else { return }
                guard recv(connection, buffer.baseAddress, buffer.count, flags) > 0 else { return }
            }
        }
    }
}
