internal import CCurl
internal import Text

/// A URL as libcurl parses it, so that what is checked is what is connected to.
struct URLParts {
    let text: String
    /// The URL before it was normalised; nil for a relative URL, which keeps the host of its base.
    let written: String?
    let scheme: String
    /// In lower case; an IPv6 address without its brackets.
    let host: String
    /// The port, or the scheme's default.
    let port: String

    /// Scheme, host and port.
    var origin: [String] { [scheme, host, port] }

    /// - Throws: `.refused` if the text is not a URL.
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
        else { throw HTTPClientError(.refused, "it is not a URL") }
        self.text = whole
        written = Self.absolute(text, scheme: scheme)
        self.scheme = scheme.lowercased()
        self.host = (host.first == "[" ? String(host.dropFirst().dropLast()) : host).lowercased()
        port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT) ?? ""
    }

    /// The bytes of the host, 4 or 16, if it is an address.
    var address: [UInt8]? { addressBytes(host[...]) }

    /// Source: RFC 3986, 4.2: a text that begins with a scheme or two slashes names its own host.
    private static func absolute(_ text: String, scheme: String) -> String? {
        if text.hasPrefix("//") { return "\(scheme):\(text)" }
        return hasScheme(Array(text.utf8)) ? text : nil
    }

    private static func hasScheme(_ text: [UInt8]) -> Bool {
        let beginning = text.prefix { $0 != UInt8(ascii: ":") }
        guard beginning.count < text.count, let first = beginning.first, Self.isLetter(first) else { return false }
        return beginning.allSatisfy { isLetter($0) || 0x30...0x39 ~= $0 || "+-.".utf8.contains($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { 0x41...0x5A ~= byte & 0xDF }
}

extension URLParts {
    /// Encodes the characters of a `Location` that are not valid in a URL, as browsers do. A text that is not a URL stays invalid.
    ///
    /// The host is not changed, and a fragment is left out. Source: WHATWG, "URL", 4.4 (path and query states, for special schemes);
    /// Fetch, "location URL".
    static func encoded(_ location: [UInt8]) -> String {
        var bytes = location.filter { ![0x09, 0x0A, 0x0D].contains($0) }[...]
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        bytes = bytes.drop { $0 <= 0x20 }.prefix { $0 != UInt8(ascii: "#") }
        let slash = UInt8(ascii: "/")
        let place = bytes.prefix { $0 != UInt8(ascii: "?") }.map { $0 == UInt8(ascii: "\\") ? slash : $0 }
        var text: [UInt8] = []
        var path = place[...]
        if let start = authority(in: place) {
            let end = place[start...].firstIndex(of: slash) ?? place.endIndex
            text += place[..<end]
            path = place[end...]
        }
        for byte in path { append(byte, to: &text, unless: "\"<>^`{}") }
        for byte in bytes.dropFirst(place.count) { append(byte, to: &text, unless: "\"<>'\\") }
        return String(decoding: text, as: UTF8.self)
    }

    /// The index where the user and host begin; nil if the text names no host.
    private static func authority(in place: [UInt8]) -> Int? {
        let start = hasScheme(place) ? place.firstIndex(of: UInt8(ascii: ":"))! + 1 : 0
        return place[start...].starts(with: "//".utf8) ? start + 2 : nil
    }

    private static func append(_ byte: UInt8, to text: inout [UInt8], unless others: StaticString) {
        let isOther = others.withUTF8Buffer { $0.contains(byte) }
        guard byte <= 0x20 || byte >= 0x7F || isOther else { return text.append(byte) }
        text += percentEscape(of: byte)
    }
}
