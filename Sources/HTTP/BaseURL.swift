package import Text

/// The address of a service as clients reach it: `https://host:port/prefix`.
package struct BaseURL: Sendable, Equatable {
    package var scheme: String
    /// Host name or address, with the port unless it is the scheme's default.
    package var host: String
    /// The part before every path: empty, or such as `/image`.
    package var prefix: String

    package init(scheme: String, host: String, prefix: String = "") {
        (self.scheme, self.host, self.prefix) = (scheme, host, prefix)
    }

    /// Reads `https://host:port/prefix`, with or without a slash at its end.
    ///
    /// - Throws: the reason why the text is not such an address.
    package init(address: String) throws(HostAndPort.Refusal) {
        let url = try ServerURL(address)
        (scheme, host, prefix) = (url.isSecure ? "https" : "http", "\(url.server)", url.rest)
        if prefix.hasSuffix("/") { prefix.removeLast() }
        guard !url.hasUser, Self.isHost(host) else {
            throw HostAndPort.Refusal(description: "a link has no user, and a host of letters, digits, '.', '-' and '_'")
        }
        guard prefix.isEmpty || Self.isPrefix(prefix) else {
            throw HostAndPort.Refusal(description: "behind the host there may be plain segments, such as /image")
        }
    }

    /// The address as a text, without a slash at its end.
    package var address: String { "\(scheme)://\(host)\(prefix)" }

    /// The longest host with port, and the longest prefix, in bytes.
    private static let longest = 255

    /// Whether a text from a client or proxy is valid in a link as `host` or `host:port`.
    package static func isHost(_ text: String) -> Bool {
        1...longest ~= text.utf8.count && text.allBytes { isAlphanumeric($0) || ".-:[]_".utf8.contains($0) }
    }

    /// Whether a text is valid in a link before the path: `/` and plain segments, none of them empty, `.` or `..`.
    package static func isPrefix(_ text: some StringProtocol) -> Bool {
        guard 2...longest ~= text.utf8.count, text.utf8.first == UInt8(ascii: "/") else { return false }
        return text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { segment in
            !segment.allSatisfy { $0 == UInt8(ascii: ".") } && segment.allSatisfy { isAlphanumeric($0) || "-._~".utf8.contains($0) }
        }
    }

    /// The host and port of a server that a client reached without sending a `Host` header.
    ///
    /// - Parameters:
    ///   - name: the server's configured name. In nginx it may also be a pattern, `_` or empty.
    ///   - address: the address that was reached; nginx gives `unix:` and a path for a socket.
    package static func server(name: String?, address: String?, port: String?, scheme: String) -> String {
        let port = port.flatMap { Int($0) }.flatMap { $0 == (scheme == "https" ? 443 : 80) ? nil : ":\($0)" } ?? ""
        if let name, isHost(name), !name.hasPrefix("."), name.utf8.contains(where: isAlphanumeric) { return name + port }
        guard let address, !address.hasPrefix("unix:"), isHost(address) else { return "localhost" + port }
        return (address.contains(":") && !address.hasPrefix("[") ? "[\(address)]" : address) + port
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }
}
