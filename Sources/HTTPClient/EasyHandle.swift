internal import CCurl
internal import Glibc
internal import Text

/// A libcurl easy handle, which does one exchange at a time; it owns the C handle and the texts that the handle points at.
///
/// Settings for all exchanges: HTTP/1.1 over http and https only; no redirects; no proxy unless one is named (libcurl does not read
/// the environment); no cookies; no `.netrc`; no signals (a resolver with `SIGALRM` would interrupt other threads); certificates are
/// checked. Used by one thread at a time.
final class EasyHandle {
    let raw: UnsafeMutableRawPointer
    private let said = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var lines: UnsafeMutablePointer<curl_slist>?

    /// Initialises libcurl, with the first handle of the process. `curl_global_init` is not thread-safe; Swift runs this once.
    static let libraryIsReady: Bool = curl_global_init(vitrine_curl_global_default) == CURLE_OK

    init(_ trust: TLSSettings) {
        guard Self.libraryIsReady, let raw = curl_easy_init() else { fatalError("out of memory") }
        self.raw = raw
        said.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        set(CURLOPT_ERRORBUFFER, pointer: said)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_HTTP_VERSION, vitrine_curl_http_1_1)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_PROXY, "")
        set(CURLOPT_NOPROXY, "*")
        set(CURLOPT_NETRC, 0)
        set(CURLOPT_NOSIGNAL, 1)
        // Without this option, ending the handle waits for a name server that does not answer.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_SSL_VERIFYPEER, trust.isBlind ? 0 : 1)
        set(CURLOPT_SSL_VERIFYHOST, trust.isBlind ? 0 : 2)
        if let authority = trust.certificateAuthority {
            set(CURLOPT_CAINFO, authority)
            set(CURLOPT_CAPATH, pointer: nil)
        }
        if let certificate = trust.certificate {
            set(CURLOPT_SSLCERT, certificate)
            set(CURLOPT_SSLKEY, trust.key ?? certificate)
        }
    }

    deinit {
        curl_easy_cleanup(raw)
        curl_slist_free_all(lines)
        said.deallocate()
    }

    func set(_ option: CURLoption, _ value: Int) { check(vitrine_curl_set_long(raw, option, value), option) }

    /// Sets an option to a text, which libcurl copies.
    func set(_ option: CURLoption, _ value: String) { check(vitrine_curl_set_pointer(raw, option, value), option) }

    func set(_ option: CURLoption, pointer: UnsafeRawPointer?) { check(vitrine_curl_set_pointer(raw, option, pointer), option) }

    func set(_ option: CURLoption, offset: Int) { check(vitrine_curl_set_offset(raw, option, offset), option) }

    func set(
        _ option: CURLoption,
        writer: @escaping @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int
    ) {
        check(vitrine_curl_set_writer(raw, option, writer), option)
    }

    /// Ends the process if libcurl refuses an option. That is a programming error, or a libcurl built without the option: values from
    /// clients are checked before.
    private func check(_ code: CURLcode, _ option: CURLoption) {
        guard code == CURLE_OK else { fatalError("curl_easy_setopt \(option.rawValue): \(code.rawValue)") }
    }

    /// Sets the method, the URL and the headers of the next request.
    ///
    /// - Throws: `.invalid` for a value that would change the meaning of the request.
    func ask(_ method: String, _ url: String, headers: [(name: String, value: String)]) throws(HTTPClientError) {
        guard !method.isEmpty, method.allBytes({ 0x41...0x5A ~= $0 }) else {
            throw HTTPClientError(.invalid, "a method may contain only the letters A to Z")
        }
        guard url.utf8.count <= 16_384, url.allBytes({ 0x21...0x7E ~= $0 }) else {
            throw HTTPClientError(.invalid, "an address may contain only visible ASCII characters, 16,384 at most")
        }
        set(CURLOPT_URL, url)
        set(CURLOPT_CUSTOMREQUEST, method)
        // libcurl waits a second for `100 Continue` before a long body, and sends every body as a form, unless told otherwise.
        var texts = ["Expect:"]
        if !headers.contains(where: { $0.name.utf8.count == 12 && $0.name.lowercased() == "content-type" }) {
            texts.append("Content-Type:")
        }
        for (name, value) in headers {
            guard !name.isEmpty, name.allBytes(Self.isToken) else {
                throw HTTPClientError(.invalid, "a header's name contains a character that is not allowed")
            }
            guard value.allBytes({ $0 != 0 && $0 != 0x0A && $0 != 0x0D }) else {
                throw HTTPClientError(.invalid, "the header \(name) contains an end of line or a NUL in its value")
            }
            // `Name:` alone would tell libcurl to leave the header out.
            texts.append(value.allBytes { $0 == 0x20 || $0 == 0x09 } ? "\(name);" : "\(name): \(value)")
        }
        curl_slist_free_all(lines)
        lines = nil
        for text in texts {
            guard let longer = curl_slist_append(lines, text) else { fatalError("out of memory") }
            lines = longer
        }
        set(CURLOPT_HTTPHEADER, pointer: lines)
        said[0] = 0
    }

    /// Whether a byte is allowed in a token. Source: RFC 9110, 5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"),
            UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "^"),
            UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// Sends the following requests through a proxy, for every host.
    func go(by proxy: Proxy) {
        set(CURLOPT_NOPROXY, "")
        set(CURLOPT_PROXY, proxy.url)
        // The header of the proxy's answer to CONNECT is not the source's header.
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    }

    /// Whether the proxy has answered the CONNECT for a tunnel.
    var hasProxyAnswered: Bool {
        var status = 0
        vitrine_curl_get_long(raw, CURLINFO_HTTP_CONNECTCODE, &status)
        return status != 0
    }

    var status: Int {
        var status = 0
        vitrine_curl_get_long(raw, CURLINFO_RESPONSE_CODE, &status)
        return status
    }

    /// The IP address that the last request went to.
    var address: String? {
        var text: UnsafePointer<CChar>?
        guard vitrine_curl_get_text(raw, CURLINFO_PRIMARY_IP, &text) == CURLE_OK, let text, text.pointee != 0 else { return nil }
        return String(cString: text)
    }

    /// Translates libcurl's error code.
    func error(_ code: CURLcode, mayHaveArrived: Bool) -> HTTPClientError {
        let kind: HTTPClientError.Kind =
            switch code {
            case CURLE_URL_MALFORMAT: .invalid
            // libcurl gives this code also for an answer that is not HTTP.
            case CURLE_UNSUPPORTED_PROTOCOL: mayHaveArrived ? .broken : .invalid
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_PROXY: .unreachable
            case CURLE_OPERATION_TIMEDOUT: mayHaveArrived ? .timedOut : .unreachable
            case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR: .untrusted
            case CURLE_PARTIAL_FILE: .cut
            default: .broken
            }
        let text = said[0] == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: said)
        return HTTPClientError(kind, text, mayHaveArrived: mayHaveArrived)
    }
}
