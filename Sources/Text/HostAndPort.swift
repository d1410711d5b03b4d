internal import Glibc

/// The place of a server: a name or an address, with or without a port, as it stands in an option or in a URL.
package struct HostAndPort: Sendable, Equatable, CustomStringConvertible {
    /// A name, or an address without brackets.
    package let host: String
    package let port: Int?

    /// The reason why a text names no server. It contains nothing of the text, which may be a part of a password.
    package struct Refusal: Error, CustomStringConvertible, Equatable {
        package let description: String

        package init(description: String) { self.description = description }

        static let host = Refusal(description: "the host is neither a name nor an address, which has [ ] round it if it is of IPv6")
        static let port = Refusal(description: "the port is no number from 1 to 65535")
    }

    /// Reads `host`, `host:port` or `[::1]:port`.
    ///
    /// - Parameter isFreePort: whether the port may be 0, by which a listener asks for any that is free.
    package init(_ text: some StringProtocol, isFreePort: Bool = false) throws(Refusal) {
        let text = Substring(text)
        let end: Substring.Index
        if text.first == "[" {
            guard let bracket = text.firstIndex(of: "]") else { throw .host }
            host = String(text[..<bracket].dropFirst())
            end = text.index(after: bracket)
            guard Self.isAddress6(host[...]) else { throw .host }
        } else {
            end = text.firstIndex(of: ":") ?? text.endIndex
            host = String(text[..<end])
            guard Self.isName(host) else { throw .host }
        }
        guard end < text.endIndex else {
            port = nil
            return
        }
        guard text[end] == ":", text[end...].dropFirst().allSatisfy({ $0 != ":" }) else { throw .host }
        let digits = text[end...].dropFirst()
        guard let number = isFreePort && digits == "0" ? 0 : Self.port(digits) else { throw .port }
        port = number
    }

    /// Reads a host whose port is told elsewhere; an address of IPv6 may be without its brackets.
    package init(host text: String, port: Int) throws(Refusal) {
        let place = try Self(Self.isAddress6(text[...]) ? "[\(text)]" : text)
        guard place.port == nil else { throw Refusal(description: "a host is wanted, without a port") }
        (host, self.port) = (place.host, port)
    }

    /// The port that a text of one to five digits names, 1 to 65535; nil for any other text.
    package static func port(_ digits: some StringProtocol) -> Int? {
        guard digits.utf8.count <= 5, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let number = Int(digits), 1...65_535 ~= number else {
            return nil
        }
        return number
    }

    /// The text that it is in a URL.
    package var description: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return port.map { "\(host):\($0)" } ?? host
    }

    /// Whether a text is an address of IPv6, with a zone or without.
    private static func isAddress6(_ text: Substring) -> Bool {
        let address = text.prefix { $0 != "%" }
        let zone = text[address.endIndex...]
        return addressBytes(address)?.count == 16
            && (zone.isEmpty
                || zone.count > 1 && zone.dropFirst().allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || "-_.".contains($0) })
    }

    /// Whether a text is an address of IPv4, or a name that a resolver can be asked for. A name may have letters of any language, and `_`,
    /// which containers' names have. Source: RFC 1123, 2.1.
    private static func isName(_ text: String) -> Bool {
        var labels = text.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count == 4, labels.allSatisfy({ $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } }) { return addressBytes(text) != nil }
        if labels.count > 1, labels.last == "" { labels.removeLast() }
        return text.utf8.count <= 253
            && labels.allSatisfy { label in
                1...63 ~= label.utf8.count && label.first != "-" && label.allSatisfy { $0.isLetter || $0.isNumber || "-_".contains($0) }
            }
    }
}

/// The bytes of an address in network order: 4 of IPv4, written as four decimal numbers, 16 of IPv6 without a zone; nil for another text.
package func addressBytes(_ text: some StringProtocol) -> [UInt8]? {
    let family = text.utf8.contains(UInt8(ascii: ":")) ? AF_INET6 : AF_INET
    let bytes = [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
        count = inet_pton(family, String(text), buffer.baseAddress) == 1 ? (family == AF_INET6 ? 16 : 4) : 0
    }
    return bytes.isEmpty ? nil : bytes
}
