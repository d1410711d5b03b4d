internal import CCurl
internal import Threading

/// The answer to one GET of a source that is not ours, read piece by piece.
///
/// Nothing is taken on trust. The caller judges the address, that of every redirect, and the network address that each
/// connection goes to: the very one, as nothing looks the name up a second time. Time, rate, size, header and redirects have
/// limits. By a proxy nobody knows the address that it connects to: there the caller judges the address that the host itself is, or that
/// its name has here, if it has any. A connection is made for each request and ends with it. Memory is two pieces of `Transfer.piece` bytes.
///
/// Used by one thread at a time.
package final class Download {
    package enum Method: Sendable {
        case get
        /// For the header alone.
        case head
    }

    package struct Limits: Sendable {
        /// Seconds for a name to be resolved and a connection to be made.
        package var connect: Double
        /// Bytes a second that the source must bring, averaged over `averaged` seconds, once `grace` seconds went by. Only
        /// seconds in which somebody waits for the source count. 0 is any rate.
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

    /// What the caller thinks of a URL: nil refuses it. A redirect that names a host is judged twice: as it is written, since
    /// libcurl makes one address of many spellings (`2130706433`, `0x7f.1`), and as it is asked for.
    package typealias Judge = (_ url: String) -> AddressJudge?
    /// Whether a connection may go to a network address: 4 bytes of IPv4, or 16 of IPv6.
    package typealias AddressJudge = (_ address: [UInt8]) -> Bool

    private let limits: Limits
    private let isCancelled: () -> Bool
    private let deadline: Double
    private var transfer: Transfer
    private var received: Int64 = 0

    /// Seconds that were waited for the source, and those of them and the bytes since the last look at the rate.
    private var waited = 0.0
    private var waitedSinceLook = 0.0
    private var receivedSinceLook = 0

    /// Source: RFC 9110, 15.4, leaves the number open; Glance's http store follows as many.
    private static let mostRedirects = 5
    /// Seconds between two questions whether the caller still wants it.
    private static let patience = 0.25

    /// Asks, follows redirects, and comes back with the header of the last answer, whatever its status.
    ///
    /// - Parameters:
    ///   - headers: of these only `Range` and `Accept` go to another scheme, host or port that a redirect leads to.
    ///   - certificateAuthority: a PEM file in place of the system's certificates.
    ///   - proxies: that are asked in place of the hosts themselves. The caller does not judge where they are.
    ///   - isCancelled: asked at every read, and several times a second while the source is waited for.
    /// - Throws: `.refused`, without a word on whether anybody listens there, when `judge` says so; `.misdirected` when it says so of an
    ///   address that a redirect leads to.
    package init(
        _ url: String, method: Method = .get, headers: [(name: String, value: String)] = [], limits: Limits = .init(),
        certificateAuthority: String? = nil, proxies: Proxies = Proxies(), judge: Judge, isCancelled: @escaping () -> Bool = { false }
    ) throws(HTTPClientError) {
        self.limits = limits
        self.isCancelled = isCancelled
        deadline = monotonicSeconds() + limits.longest
        var (url, headers) = (url, headers)
        let way = Way(limits: limits, certificateAuthority: certificateAuthority, proxies: proxies, isCancelled: isCancelled)
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

    package var status: Int { transfer.status }
    package var headers: ReplyHeaders { transfer.headers }
    /// Bytes that the body will have; nil when the source does not say.
    package var announced: Int64? { transfer.announced }
    /// Whether the body's end is marked, by its length or by chunks. Where it is not, it ends with the connection, and nobody can
    /// tell a whole body from a cut one.
    package var hasMarkedEnd: Bool { announced != nil || headers["Transfer-Encoding"]?.lowercased() == "chunked" }

    /// Reads the next bytes, as many as are there and fit.
    ///
    /// - Parameter buffer: of one byte at least.
    /// - Returns: 0 at the end of the whole body.
    /// - Throws: `.cut` or `.broken` when the end came too early, `.tooSlow`, `.timedOut`, `.tooLong`, `.cancelled`.
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

    /// Turns to the source again and again, until it has brought something or a limit is reached.
    private func wait<Value>(for body: (Transfer, Double) throws(HTTPClientError) -> Value?) throws(HTTPClientError) -> Value {
        while true {
            guard !isCancelled() else { throw HTTPClientError(.cancelled, "the caller wanted no more", mayHaveArrived: true) }
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

/// How a download asks, whichever of its addresses.
private struct Way {
    let limits: Download.Limits
    let certificateAuthority: String?
    let proxies: Proxies
    let isCancelled: () -> Bool

    /// Begins to ask.
    func ask(
        _ url: String, _ method: Download.Method, _ headers: [(name: String, value: String)], _ mayConnect: @escaping Download.AddressJudge
    ) throws(HTTPClientError) -> Transfer {
        var proxy: Proxy?
        if !proxies.isEmpty, let parts = try? URLParts(url) {
            let host = parts.host.hasSuffix(".") ? String(parts.host.dropLast()) : parts.host
            proxy = proxies.proxy(for: parts.scheme, host, address: parts.address, port: Int(parts.port) ?? 0)
            if proxy != nil { try judgeHost(parts, mayConnect) }
        }
        // Where the proxy is, is the operator's choice.
        return try Transfer(url, method, headers, limits, certificateAuthority, proxy, proxy == nil ? mayConnect : { _ in true })
    }

    /// Judges the addresses that a host has here. Of a name that has none here nothing is known: the proxy may know it.
    private func judgeHost(_ parts: URLParts, _ mayConnect: @escaping Download.AddressJudge) throws(HTTPClientError) {
        let refusal = HTTPClientError(.refused, "the address is not allowed")
        if let address = parts.address {
            guard mayConnect(address) else { throw refusal }
            return
        }
        // libcurl looks the name up, in bounded time, and asks for a socket to every address, of which it gets none.
        final class Found { var addresses: [[UInt8]] = [] }
        let found = Found()
        let search = try Transfer(parts.text, .head, [], limits, certificateAuthority, nil) { address in
            found.addresses.append(address)
            return false
        }
        let end = monotonicSeconds() + limits.connect
        do throws(HTTPClientError) {
            while try !search.waitForHead(atMost: 0.25), monotonicSeconds() < end {
                guard !isCancelled() else { throw HTTPClientError(.cancelled, "the caller wanted no more") }
            }
        } catch {
            if error.kind == .cancelled { throw error }
        }
        guard found.addresses.allSatisfy(mayConnect) else { throw refusal }
    }
}
