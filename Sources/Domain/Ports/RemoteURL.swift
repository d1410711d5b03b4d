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
        guard let place = Self.place(authority, defaultPort: scheme == "https" ? 443 : 80) else { return nil }
        (self.scheme, host, port) = (scheme, place.host, place.port)
        self.authority = String(authority)
        self.target = target.first == "/" ? String(target) : "/\(target)"
    }

    private static func place(_ authority: Substring, defaultPort: Int) -> (host: String, port: Int)? {
        var (host, port) = (authority, defaultPort)
        let isBracketed = authority.first == "["
        let colon = isBracketed ? authority.firstIndex(of: "]").map { authority.index(after: $0) } : authority.firstIndex(of: ":")
        guard let end = colon ?? (isBracketed ? nil : authority.endIndex) else { return nil }
        host = authority[..<end]
        if end != authority.endIndex {
            let digits = authority[end...].dropFirst()
            guard authority[end] == ":", 1...5 ~= digits.utf8.count, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
                let number = Int(digits), 1...65_535 ~= number
            else { return nil }
            port = number
        }
        guard isBracketed else { return isName(host) ? (String(host), port) : nil }
        let address = host.dropFirst().dropLast()
        return NetworkAddress(address)?.bytes.count == 16 ? (String(address), port) : nil
    }

    private static func isName(_ text: Substring) -> Bool {
        1...253 ~= text.utf8.count
            && text.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 || "-._".utf8.contains($0) }
    }

    /// The host, if it is an address.
    package var address: NetworkAddress? { NetworkAddress(host) }

    /// The URL with a server's address in the place of the host.
    package func at(_ address: NetworkAddress) -> String {
        let host = address.bytes.count == 4 ? "\(address)" : "[\(address)]"
        return "\(scheme)://\(host):\(port)\(target)"
    }
}
