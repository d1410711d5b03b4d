internal import CCurl
internal import Glibc

/// One request of a `Download` and its answer, pulled: libcurl works only while somebody reads, and pauses when what it has is
/// not taken yet.
final class Transfer {
    private(set) var headers = ReplyHeaders()
    private(set) var hasEnded = false
    private let handle: EasyHandle
    private let multi: UnsafeMutableRawPointer
    private let mayConnect: Download.AddressJudge
    private let proxy: Proxy?

    private var hasHead = false
    /// Stays: what has failed once never ends like a whole body.
    private var failure: HTTPClientError?
    private var isRefused = false
    private var wasSent = false

    /// Where bytes go while somebody reads, and how many lie there.
    private var target = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var filled = 0
    /// What came in one piece with the last bytes that fitted.
    private var rest: [UInt8] = []
    private var restStart = 0
    private var isPaused = false

    /// Bytes that libcurl hands over at most at once; its own upper bound is 512 KiB.
    static let piece = 256 * 1024

    init(
        _ url: String, _ method: Download.Method, _ headers: [(name: String, value: String)], _ limits: Download.Limits,
        _ certificateAuthority: String?, _ proxy: Proxy?, _ mayConnect: @escaping Download.AddressJudge
    ) throws(HTTPClientError) {
        handle = EasyHandle(TLSSettings(certificateAuthority: certificateAuthority))
        guard let multi = curl_multi_init() else { fatalError("out of memory") }
        self.multi = multi
        (self.mayConnect, self.proxy) = (mayConnect, proxy)
        if let proxy { handle.go(by: proxy) }
        try handle.ask(method == .head ? "HEAD" : "GET", url, headers: headers)
        handle.set(method == .head ? CURLOPT_NOBODY : CURLOPT_HTTPGET, 1)
        handle.set(CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(limits.connect * 1000)))
        handle.set(CURLOPT_BUFFERSIZE, Self.piece)
        let context = UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
        for option in [CURLOPT_HEADERDATA, CURLOPT_WRITEDATA, CURLOPT_PREREQDATA, CURLOPT_OPENSOCKETDATA] {
            handle.set(option, pointer: context)
        }
        handle.set(
            CURLOPT_HEADERFUNCTION,
            writer: { bytes, size, count, context in
                Transfer.of(context).take(line: UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
            })
        handle.set(
            CURLOPT_WRITEFUNCTION,
            writer: { bytes, size, count, context in
                Transfer.of(context).take(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : vitrine_curl_pause
            })
        vitrine_curl_set_before_request(handle.raw) { context, _, _, _, _ in
            Transfer.of(context).wasSent = true
            return CInt(CURL_PREREQFUNC_OK)
        }
        vitrine_curl_set_socket_opener(handle.raw) { context, _, address in
            guard let address else { return -1 }
            return Transfer.of(context).openSocket(address)
        }
        curl_multi_add_handle(multi, handle.raw)
    }

    deinit {
        curl_multi_remove_handle(multi, handle.raw)
        curl_multi_cleanup(multi)
    }

    /// libcurl gives back what `init` gave it, and calls only within calls of ours, while `self` lives.
    private static func of(_ context: UnsafeMutableRawPointer?) -> Transfer {
        Unmanaged.fromOpaque(context!).takeUnretainedValue()
    }

    var status: Int { handle.status }

    var announced: Int64? {
        headers["Transfer-Encoding"] == nil ? headers["Content-Length"].flatMap { Int64($0) }.flatMap { $0 < 0 ? nil : $0 } : nil
    }

    /// - Returns: whether the header is whole.
    func waitForHead(atMost seconds: Double) throws(HTTPClientError) -> Bool {
        if !hasHead && !hasEnded { try work(atMost: seconds) { hasHead } }
        if hasEnded && !hasHead { throw HTTPClientError(.broken, "the answer has no header", mayHaveArrived: true) }
        return hasHead
    }

    /// - Returns: 0 at the end, and when nothing came in that time.
    func read(into buffer: UnsafeMutableRawBufferPointer, waitingAtMost seconds: Double) throws(HTTPClientError) -> Int {
        let kept = min(rest.count - restStart, buffer.count)
        if kept > 0 {
            rest[restStart..<(restStart + kept)].withUnsafeBytes { buffer.copyMemory(from: $0) }
            restStart += kept
            return kept
        }
        if let failure { throw failure }
        guard !hasEnded else { return 0 }
        (rest, restStart, target, filled) = ([], 0, buffer, 0)
        defer { target = UnsafeMutableRawBufferPointer(start: nil, count: 0) }
        if isPaused {
            isPaused = false
            try check(curl_easy_pause(handle.raw, CURLPAUSE_CONT))
        }
        if filled == 0 { try work(atMost: seconds) { filled > 0 } }
        return filled
    }

    /// Lets libcurl go on, and waits for the source once if that brought nothing.
    private func work(atMost seconds: Double, until isDone: () -> Bool) throws(HTTPClientError) {
        try perform()
        guard !isDone() && !hasEnded else { return }
        curl_multi_poll(multi, nil, 0, CInt(seconds * 1000) + 1, nil)
        try perform()
    }

    private func perform() throws(HTTPClientError) {
        var running: CInt = 0
        let code = curl_multi_perform(multi, &running)
        guard code == CURLM_OK else { fatalError("curl_multi_perform: \(code.rawValue)") }
        let result = vitrine_curl_multi_result(multi)
        guard result >= 0 else { return }
        hasEnded = true
        try check(CURLcode(rawValue: UInt32(result)))
    }

    private func check(_ code: CURLcode) throws(HTTPClientError) {
        guard code != CURLE_OK else { return }
        let error =
            isRefused && !wasSent
            ? HTTPClientError(.refused, "the address is not allowed") : handle.error(code, mayHaveArrived: wasSent)
        failure = failure ?? byWayOfProxy(error, code)
        throw failure ?? error
    }

    /// An error before anything was sent, where a proxy stood in the way.
    private func byWayOfProxy(_ error: HTTPClientError, _ code: CURLcode) -> HTTPClientError {
        guard let proxy, !wasSent else { return error }
        let isAway = [CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_PROXY].contains(code) && !handle.hasProxyAnswered
        return HTTPClientError(isAway ? .proxyAway : error.kind, "by the proxy \(proxy.place): \(error.message)")
    }

    private func take(line: UnsafeRawBufferPointer) -> Bool {
        do throws(HTTPClientError) {
            try headers.take(line: line)
        } catch {
            failure = error
            return false
        }
        // Lines of a trailer come here too, once the body is over.
        if (line.first == 0x0D || line.first == 0x0A) && status >= 200 { hasHead = true }
        return true
    }

    /// - Returns: false when there is no room, so that libcurl keeps the bytes and waits.
    private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard !bytes.isEmpty else { return true }
        let room = target.count - filled
        guard room > 0 else {
            isPaused = true
            return false
        }
        let fitting = min(room, bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: target[filled...]).copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<fitting]))
        filled += fitting
        rest = Array(bytes[fitting...])
        return true
    }

    /// A socket for an address that is about to be connected to, if that may be. Whatever else libcurl finds for the name is then
    /// asked for in the same way.
    private func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> CInt {
        let bytes = [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
            count = Int(vitrine_curl_address_bytes(address, buffer.baseAddress))
        }
        guard !bytes.isEmpty, mayConnect(bytes) else {
            isRefused = true
            return -1  // CURL_SOCKET_BAD
        }
        let (family, type, number) = (address.pointee.family, address.pointee.socktype, address.pointee.protocol)
        return socket(family, type | CInt(SOCK_CLOEXEC.rawValue), number)
    }
}
