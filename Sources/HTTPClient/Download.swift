internal import CCurl
internal import Threading

/// One GET or HEAD of an untrusted source, whose answer is read piece by piece.
///
/// The caller checks the URL, the URL of every redirect, and the network address of each connection. That address is the one that is
/// connected to, because the name is not resolved a second time. Time, rate, size, header and redirects have limits. A proxy resolves
/// names itself, so behind one the caller checks the addresses that this host finds for the name, if it finds any. Each request has a
/// new connection, which ends with it. The memory is two pieces of `Transfer.piece` bytes.
///
/// Used by one thread at a time.
package final class Download {
    /// The method of the request.
    package enum Method: Sendable {
        case get
        /// For the header alone.
        case head
    }

    /// Limits for the whole exchange.
    package struct Limits: Sendable {
        /// Seconds to resolve a name and to make a connection.
        package var connect: Double
        /// Bytes a second that the source must send, averaged over `averaged` seconds, after the first `grace` seconds. Only the seconds
        /// in which a reader waits for the source count. With 0, any rate is enough.
        package var leastRate: Int
        package var averaged: Double
        package var grace: Double
        /// Seconds from the first request to the last byte.
        package var longest: Double
        /// Bytes of the body.
        package var largest: Int64

        package init(
            connect: Double = 10, leastRate: Int = 1024, averaged: Double = 10, grace: Double = 20, longest: Double = 86_400,
            largest: Int64 = .max
        ) {
            (self.connect, self.leastRate, self.averaged) = (connect, leastRate, averaged)
            (self.grace, self.longest, self.largest) = (grace, longest, largest)
        }
    }

    /// The caller's check of a URL: nil refuses it. A redirect that names a host is checked twice: as it is written, and as libcurl
    /// normalises it, because libcurl understands many spellings of one address (`2130706433`, `0x7f.1`).
    package typealias Judge = (_ url: String) -> AddressJudge?
    /// Whether a connection may go to a network address: 4 bytes of IPv4, or 16 of IPv6.
    package typealias AddressJudge = (_ address: [UInt8]) -> Bool

    private let limits: Limits
    private let isCancelled: () -> Bool
    private let deadline: Double
    private var transfer: Transfer
    private var received: Int64 = 0

    /// Seconds of waiting for the source: in all, and since the last check of the rate, with the bytes since then.
    private var waited = 0.0
    private var waitedSinceLook = 0.0
    private var receivedSinceLook = 0

    /// RFC 9110, 15.4, leaves the number open; Glance's http store follows as many.
    private static let mostRedirects = 5
    /// Seconds between two calls of `isCancelled`.
    private static let patience = 0.25

    /// Sends the request, follows redirects, and returns with the header of the last answer, whatever its status.
    ///
    /// - Parameters:
    ///   - headers: only `Range` and `Accept` are sent to another scheme, host or port that a redirect leads to.
    ///   - certificateAuthority: a PEM file that replaces the system's certificates.
    ///   - isBlind: whether any certificate is accepted, for any host.
    ///   - proxies: connected to instead of the hosts. The caller does not check their addresses.
    ///   - isCancelled: called at every read, and several times a second while waiting for the source.
    /// - Throws: `.refused` if `judge` refuses the URL, whether or not a server listens there; `.misdirected` if it refuses the URL of a
    ///   redirect.
    package init(
        _ url: String, method: Method = .get, headers: [(name: String, value: String)] = [], limits: Limits = .init(),
        certificateAuthority: String? = nil, isBlind: Bool = false, proxies: Proxies = Proxies(), judge: Judge,
        isCancelled: @escaping () -> Bool = { false }
    ) throws(HTTPClientError) {
        self.limits = limits
        self.isCancelled = isCancelled
        deadline = monotonicSeconds() + limits.longest
        var (url, headers) = (url, headers)
        var trust = TLSSettings(certificateAuthority: certificateAuthority)
        trust.isBlind = isBlind
        let way = Way(limits: limits, trust: trust, proxies: proxies, isCancelled: isCancelled)
        transfer = try way.ask(url, method, headers, try Self.judged(url, by: judge))
        try waitForHead()
        for _ in 0..<Self.mostRedirects {
            guard let target = try redirection(from: url) else { break }
            if let written = target.written { _ = try Self.judged(written, by: judge, .misdirected) }
            if target.origin != (try URLParts(url)).origin {
                headers.removeAll { !["range", "accept"].contains($0.name.lowercased()) }
            }
            url = target.text
            transfer = try way.ask(url, method, headers, try Self.judged(url, by: judge, .misdirected))
            try waitForHead()
        }
        guard try redirection(from: url) == nil else {
            throw HTTPClientError(.misdirected, "there are more than \(Self.mostRedirects) redirects")
        }
        if let announced, announced > limits.largest { throw tooLarge() }
    }

    /// The status of the answer.
    package var status: Int { transfer.status }
    /// The header of the answer.
    package var headers: ReplyHeaders { transfer.headers }
    /// Bytes that the body will have; nil if the source does not say.
    package var announced: Int64? { transfer.announced }
    /// Whether the end of the body is marked, by a length or by chunks. If it is not, the body ends with the connection, and a cut body
    /// looks like a whole one.
    package var hasMarkedEnd: Bool { announced != nil || headers["Transfer-Encoding"]?.lowercased() == "chunked" }

    /// Reads the next bytes, as many as have arrived and fit.
    ///
    /// - Parameter buffer: has room for one byte at least.
    /// - Returns: 0 at the end of the whole body.
    /// - Throws: `.cut` or `.broken` if the body ends too early, `.tooSlow`, `.timedOut`, `.tooLong`, `.cancelled`.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(HTTPClientError) -> Int {
        let count = try wait { (transfer, seconds) throws(HTTPClientError) in
            let count = try transfer.read(into: buffer, waitingAtMost: seconds)
            return count > 0 || transfer.hasEnded ? count : nil
        }
        received += Int64(count)
        receivedSinceLook += count
        guard received <= limits.largest else { throw tooLarge() }
        if count > 0 { try lookAtRate() }
        return count
    }

    private func waitForHead() throws(HTTPClientError) {
        try wait { (transfer, seconds) throws(HTTPClientError) in try transfer.waitForHead(atMost: seconds) ? () : nil }
    }

    /// Calls the closure until it returns a value or a limit is reached.
    private func wait<Value>(for body: (Transfer, Double) throws(HTTPClientError) -> Value?) throws(HTTPClientError) -> Value {
        while true {
            guard !isCancelled() else { throw HTTPClientError(.cancelled, "the download was cancelled", mayHaveArrived: true) }
            let began = monotonicSeconds()
            guard began < deadline else {
                throw HTTPClientError(.timedOut, "not done after \(limits.longest) seconds", mayHaveArrived: true)
            }
            let value = try body(transfer, min(Self.patience, deadline - began))
            let seconds = monotonicSeconds() - began
            waited += seconds
            waitedSinceLook += seconds
            if let value { return value }
            try lookAtRate()
        }
    }

    private func lookAtRate() throws(HTTPClientError) {
        guard waited > limits.grace, waitedSinceLook >= limits.averaged else { return }
        guard Double(receivedSinceLook) >= Double(limits.leastRate) * waitedSinceLook else {
            throw HTTPClientError(.tooSlow, "less than \(limits.leastRate) bytes a second", mayHaveArrived: true)
        }
        (waitedSinceLook, receivedSinceLook) = (0, 0)
    }

    private func redirection(from url: String) throws(HTTPClientError) -> URLParts? {
        guard [301, 302, 303, 307, 308].contains(status), let location = headers.location else { return nil }
        do throws(HTTPClientError) {
            return try URLParts(URLParts.encoded(location), relativeTo: url)
        } catch {
            throw HTTPClientError(.misdirected, error.message)
        }
    }

    private func tooLarge() -> HTTPClientError {
        HTTPClientError(.tooLong, "the body is longer than \(limits.largest) bytes", mayHaveArrived: true)
    }

    private static func judged(
        _ url: String, by judge: Judge, _ refusal: HTTPClientError.Kind = .refused
    ) throws(HTTPClientError) -> AddressJudge {
        guard let addressJudge = judge(url) else { throw HTTPClientError(refusal, "the address is not allowed") }
        return addressJudge
    }
}

/// The settings that all requests of a download share.
private struct Way {
    let limits: Download.Limits
    let trust: TLSSettings
    let proxies: Proxies
    let isCancelled: () -> Bool

    /// Starts a request.
    func ask(
        _ url: String, _ method: Download.Method, _ headers: [(name: String, value: String)], _ mayConnect: @escaping Download.AddressJudge
    ) throws(HTTPClientError) -> Transfer {
        var proxy: Proxy?
        if !proxies.isEmpty, let parts = try? URLParts(url) {
            proxy = try proxies.proxy(for: url)
            if proxy != nil { try judgeHost(parts, mayConnect) }
        }
        // The operator chooses the proxy, so its address is not checked.
        return try Transfer(url, method, headers, limits, trust, proxy, proxy == nil ? mayConnect : { _ in true })
    }

    /// Checks the addresses that this host finds for the name. If it finds none, the proxy may, so the name is allowed.
    private func judgeHost(_ parts: URLParts, _ mayConnect: @escaping Download.AddressJudge) throws(HTTPClientError) {
        let refusal = HTTPClientError(.refused, "the address is not allowed")
        if let address = parts.address {
            guard mayConnect(address) else { throw refusal }
            return
        }
        // libcurl resolves the name, in bounded time, and asks for a socket for every address; it gets none.
        final class Found { var addresses: [[UInt8]] = [] }
        let found = Found()
        let search = try Transfer(parts.text, .head, [], limits, trust, nil) { address in
            found.addresses.append(address)
            return false
        }
        let end = monotonicSeconds() + limits.connect
        do throws(HTTPClientError) {
            while try !search.waitForHead(atMost: 0.25), monotonicSeconds() < end {
                guard !isCancelled() else { throw HTTPClientError(.cancelled, "the download was cancelled") }
            }
        } catch {
            if error.kind == .cancelled { throw error }
        }
        guard found.addresses.allSatisfy(mayConnect) else { throw refusal }
    }
}
