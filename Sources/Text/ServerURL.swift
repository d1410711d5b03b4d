/// The URL of an HTTP server: its scheme, the server, and the rest, which is not looked into.
package struct ServerURL: Sendable, Equatable {
    /// Whether the scheme is https, and not http.
    package let isSecure: Bool
    package let server: HostAndPort
    /// Whether a user stands before the host.
    package let hasUser: Bool
    /// The path and the query as they are written; may be empty.
    package let rest: String

    /// The longest URL in bytes.
    private static let longest = 2048

    /// - Throws: the reason why the text is no URL of http or https that names a server.
    package init(_ text: String) throws(HostAndPort.Refusal) {
        let beginning = text.prefix(8).lowercased()
        let scheme = ["http", "https"].first { beginning.hasPrefix("\($0)://") }
        guard let scheme else { throw HostAndPort.Refusal(description: "it does not begin with http:// or https://") }
        guard text.utf8.count <= Self.longest, text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F && $0 != "\\" }) else {
            throw HostAndPort.Refusal(
                description: "it is longer than \(Self.longest) bytes, or has a blank, a control character or a backslash in it")
        }
        let behind = text.dropFirst(scheme.count + 3)
        var authority = behind.prefix { !"/?#".contains($0) }
        rest = String(behind[authority.endIndex...])
        hasUser = authority.contains("@")
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        isSecure = scheme == "https"
        server = try HostAndPort(authority)
    }

    /// Host and port, which is the scheme's own if the URL has none.
    package var authority: String { server.port == nil ? "\(server):\(isSecure ? 443 : 80)" : "\(server)" }
}

/// A value that an error may show: empty if it may hold a password, otherwise in quotation marks, with a blank behind it.
package func shownAddress(_ text: String) -> String { text.contains("@") ? "" : "'\(text.prefix(200))' " }

/// A text without the slashes at its end.
package func withoutSlashes(_ text: String) -> String {
    var text = text[...]
    while text.last == "/" { text.removeLast() }
    return String(text)
}
