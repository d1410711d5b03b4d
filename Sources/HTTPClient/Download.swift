internal import CCurl
internal import Threading

/// The answer to one GET of a source that is not ours, read piece by piece.
///
/// Nothing is taken on trust. The caller judges the address, that of every redirect, and the network address that each
/// connection goes to: the very one, as nothing looks the name up a second time. Time, rate, size, header and redirects have
/// limits. A connection is made for each request and ends with it. Memory is two pieces of `Transfer.piece` bytes.
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
    ///   - isCancelled: asked at every read, and several times a second while the source is waited for.
    /// - Throws: `.refused`, without a word on whether anybody listens there, when `judge` says so.
    package init(
        _ url: String, method: Method = .get, headers: [(name: String, value: String)] = [], limits: Limits = .init(),
        certificateAuthority: String? = nil, judge: Judge, isCancelled: @escaping () -> Bool = { false }
    ) throws(HTTPClientError) {
        self.limits = limits
        self.isCancelled = isCancelled
        deadline = monotonicSeconds() + limits.longest
        var (url, headers) = (url, headers)
        transfer = try Transfer(url, method, headers, limits, certificateAuthority, try Self.judged(url, by: judge))
        try waitForHead()
        for _ in 0..<Self.mostRedirects {
            guard let target = try redirection(from: url) else { break }
            if let written = target.written { _ = try Self.judged(written, by: judge) }
            if target.origin != (try URLParts(url)).origin {
                headers.removeAll { !["range", "accept"].contains($0.name.lowercased()) }
            }
            url = target.text
            transfer = try Transfer(url, method, headers, limits, certificateAuthority, try Self.judged(url, by: judge))
            try waitForHead()
        }
        guard try redirection(from: url) == nil else { throw HTTPClientError(.refused, "more than \(Self.mostRedirects) redirects") }
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
        guard [301, 302, 303, 307, 308].contains(status), let location = headers["Location"] else { return nil }
        return try URLParts(location, relativeTo: url)
    }

    private func tooLarge() -> HTTPClientError {
        HTTPClientError(.tooLong, "the body is longer than \(limits.largest) bytes", mayHaveArrived: true)
    }

    private static func judged(_ url: String, by judge: Judge) throws(HTTPClientError) -> AddressJudge {
        guard let addressJudge = judge(url) else { throw HTTPClientError(.refused, "the address is not allowed") }
        return addressJudge
    }
}

/// A URL as libcurl understands it: what is connected to and what is compared come from one parser.
private struct URLParts {
    let text: String
    /// The URL before it was normalised; nil where it names no host, and stays with the one that it was relative to.
    let written: String?
    /// Scheme, host and port.
    let origin: [String]

    /// - Throws: `.refused` for what is no URL.
    init(_ text: String, relativeTo base: String? = nil) throws(HTTPClientError) {
        guard let parts = curl_url() else { fatalError("out of memory") }
        defer { curl_url_cleanup(parts) }
        func part(_ which: CURLUPart, _ flags: Int32) -> String? {
            var found: UnsafeMutablePointer<CChar>?
            guard curl_url_get(parts, which, &found, UInt32(flags)) == CURLUE_OK, let found else { return nil }
            defer { curl_free(found) }
            return String(cString: found)
        }
        guard !text.utf8.contains(0), base.map({ curl_url_set(parts, CURLUPART_URL, $0, 0) == CURLUE_OK }) ?? true,
            curl_url_set(parts, CURLUPART_URL, text, UInt32(CURLU_NON_SUPPORT_SCHEME)) == CURLUE_OK, let whole = part(CURLUPART_URL, 0),
            let scheme = part(CURLUPART_SCHEME, 0), let host = part(CURLUPART_HOST, 0)
        else { throw HTTPClientError(.refused, "a redirect leads to what is no address") }
        self.text = whole
        written = Self.absolute(text, scheme: scheme)
        origin = [scheme.lowercased(), host.lowercased(), part(CURLUPART_PORT, CURLU_DEFAULT_PORT) ?? ""]
    }

    /// Source: RFC 3986, 4.2: what begins with a scheme, or with two slashes, names its host itself.
    private static func absolute(_ text: String, scheme: String) -> String? {
        if text.hasPrefix("//") { return "\(scheme):\(text)" }
        let beginning = text.utf8.prefix { $0 != UInt8(ascii: ":") }
        guard beginning.count < text.utf8.count, let first = beginning.first, Self.isLetter(first) else { return nil }
        let isScheme = beginning.allSatisfy { isLetter($0) || 0x30...0x39 ~= $0 || "+-.".utf8.contains($0) }
        return isScheme ? text : nil
    }

    private static func isLetter(_ byte: UInt8) -> Bool { 0x41...0x5A ~= byte & 0xDF }
}
