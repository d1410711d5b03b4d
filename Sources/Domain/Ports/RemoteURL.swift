internal import Text

/// The URL of data on an HTTP server, taken apart so that nginx can be told of it. It is not decoded.
package struct RemoteURL {
    /// `http` or `https`.
    package let scheme: String
    /// A name, or an address without brackets.
    package let host: String
    package let port: Int
    /// The host and the port as the URL has them.
    package let authority: String
    /// The path and the query.
    package let target: String

    /// The longest URL in bytes.
    private static let longest = 8192

    /// - Returns: nil for a text with other bytes than those of a URL, with a user, without a host, or with another scheme.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.longest, text.utf8.allSatisfy({ 0x21...0x7E ~= $0 && !"\"#<>\\^`{|}".utf8.contains($0) }),
            let scheme = ["http", "https"].first(where: { text.hasPrefix("\($0)://") })
        else { return nil }
        let rest = text.dropFirst(scheme.utf8.count + 3)
        let end = rest.firstIndex { "/?".contains($0) } ?? rest.endIndex
        let (authority, target) = (rest[..<end], rest[end...])
        // nginx knows no zones of addresses.
        guard let place = try? HostAndPort(authority), !place.host.contains("%") else { return nil }
        (self.scheme, host, port) = (scheme, place.host, place.port ?? (scheme == "https" ? 443 : 80))
        self.authority = String(authority)
        self.target = target.first == "/" ? String(target) : "/\(target)"
    }

    /// The host, if it is an address.
    package var address: NetworkAddress? { NetworkAddress(host) }

    /// The URL with a server's address in the place of the host.
    package func at(_ address: NetworkAddress) -> String {
        let host = address.bytes.count == 4 ? "\(address)" : "[\(address)]"
        return "\(scheme)://\(host):\(port)\(target)"
    }
}
