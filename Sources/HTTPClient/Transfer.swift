internal import CCurl
internal import Glibc

/// One request of a `Download` and its answer. libcurl works only while a reader waits, and pauses while there is no room for its
/// bytes.
final class Transfer {
    private(set) var headers = ReplyHeaders()
    private(set) var hasEnded = false
    private let handle: EasyHandle
    private let multi: UnsafeMutableRawPointer
    private let mayConnect: Download.AddressJudge
    private let proxy: Proxy?

    private var hasHead = false
    /// The first failure. It stays, so that a later read never looks like the end of a whole body.
    private var failure: HTTPClientError?
    private var isRefused = false
    private var wasSent = false

    /// The reader's buffer during a read, and the number of bytes in it.
    private var target = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var filled = 0
    /// The bytes of libcurl's last piece that did not fit.
    private var rest: [UInt8] = []
    private var restStart = 0
    private var isPaused = false

    /// The largest piece that libcurl passes at once, in bytes; its own maximum is 512 KiB.
    static let piece = 256 * 1024

    init(
        _ url: String, _ method: Download.Method, _ headers: [(name: String, value: String)], _ limits: Download.Limits,
        _ trust: TLSSettings, _ proxy: Proxy?, _ mayConnect: @escaping Download.AddressJudge
    ) throws(HTTPClientError) {
        handle = EasyHandle(trust)
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

    /// The object that `init` gave to libcurl. libcurl calls back only during calls from here, while `self` lives.
    private static func of(_ context: UnsafeMutableRawPointer?) -> Transfer {
        Unmanaged.fromOpaque(context!).takeUnretainedValue()
    }

    var status: Int { handle.status }

    var announced: Int64? {
        headers["Transfer-Encoding"] == nil ? headers["Content-Length"].flatMap { Int64($0) }.flatMap { $0 < 0 ? nil : $0 } : nil
    }

    /// Waits for the header.
    ///
    /// - Returns: whether the header is complete.
    func waitForHead(atMost seconds: Double) throws(HTTPClientError) -> Bool {
        if !hasHead && !hasEnded { try work(atMost: seconds) { hasHead } }
        if hasEnded && !hasHead { throw HTTPClientError(.broken, "the answer has no header", mayHaveArrived: true) }
        return hasHead
    }

    /// Reads the next bytes.
    ///
    /// - Returns: 0 at the end, and if nothing arrived in that time.
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

    /// Lets libcurl work, and waits for the source once if nothing arrived.
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

    /// An error before the request was sent, with the proxy's name if there was one in between.
    private func byWayOfProxy(_ error: HTTPClientError, _ code: CURLcode) -> HTTPClientError {
        guard let proxy, !wasSent else { return error }
        let isAway = [CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_PROXY].contains(code) && !handle.hasProxyAnswered
        return HTTPClientError(isAway ? .proxyAway : error.kind, "through the proxy \(proxy.place): \(error.message)")
    }

    private func take(line: UnsafeRawBufferPointer) -> Bool {
        do throws(HTTPClientError) {
            try headers.take(line: line)
        } catch {
            failure = error
            return false
        }
        // The lines of a trailer arrive here too, after the body.
        if (line.first == 0x0D || line.first == 0x0A) && status >= 200 { hasHead = true }
        return true
    }

    /// - Returns: false if there is no room; libcurl then keeps the bytes and pauses.
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

    /// Makes a socket for an address that libcurl is about to connect to, if the address is allowed. Otherwise libcurl asks for the next
    /// address of the name.
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
