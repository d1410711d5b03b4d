internal import Text

/// The addresses of brokers and the credentials for them.
package struct BrokerAddress: Sendable, Equatable {
    /// The brokers, in the order of the URL.
    package var hosts: [Host] = []
    /// The virtual host.
    package var virtualHost = "/"
    /// Whether connections use TLS.
    package var isEncrypted = false

    /// The address of one broker and the credentials for it.
    package struct Host: Sendable, Equatable {
        package var name: String
        package var port: Int32
        package var user: String
        package var password: String
    }

    /// Reads an oslo.messaging URL: `rabbit://user:password@host:port,user:password@host:port/virtual_host?ssl=1`.
    ///
    /// User, password and virtual host are percent-encoded. Missing parts have the broker's defaults.
    ///
    /// - Returns: nil for another transport, or an invalid URL.
    package init?(url: String) {
        guard let schemeEnd = url.firstRange(of: "://"), ["rabbit", "kombu"].contains(url[..<schemeEnd.lowerBound]) else { return nil }
        var rest = url[schemeEnd.upperBound...]
        if let question = rest.firstIndex(of: "?") {
            for pair in rest[rest.index(after: question)...].split(separator: "&") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                if parts[0] == "ssl", parts.count == 2 { isEncrypted = ["1", "true", "yes", "on"].contains(parts[1].lowercased()) }
            }
            rest = rest[..<question]
        }
        if let slash = rest.firstIndex(of: "/") {
            let name = Self.unquoted(rest[rest.index(after: slash)...])
            guard Self.fits(name) else { return nil }
            if !name.isEmpty { virtualHost = name }
            rest = rest[..<slash]
        }
        for text in rest.split(separator: ",") {
            guard let host = Host(text) else { return nil }
            hosts.append(host)
        }
        if hosts.isEmpty, let host = Host("") { hosts = [host] }
    }

    /// Percent-decodes a text. A percent sign without two digits stays, and invalid UTF-8 becomes `U+FFFD`. Source: Python, `unquote`.
    fileprivate static func unquoted(_ text: Substring) -> String {
        String(decoding: percentDecodedBytes(text), as: UTF8.self)
    }

    /// Whether a text can be passed to C and fits into a short string of AMQP.
    fileprivate static func fits(_ text: String) -> Bool { !text.utf8.contains(0) && text.utf8.count <= 255 }
}

extension BrokerAddress.Host {
    fileprivate init?(_ text: Substring) {
        self.init(name: "localhost", port: 5672, user: "guest", password: "guest")
        var rest = text
        if let at = rest.lastIndex(of: "@") {
            let credentials = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            (user, password) = (
                BrokerAddress.unquoted(credentials[0]), credentials.count == 2 ? BrokerAddress.unquoted(credentials[1]) : ""
            )
            guard BrokerAddress.fits(user), BrokerAddress.fits(password) else { return nil }
            rest = rest[rest.index(after: at)...]
        }
        if rest.isEmpty { return }
        guard let place = try? HostAndPort(rest.first == ":" ? "\(name)\(rest)" : rest) else { return nil }
        name = place.host
        if let port = place.port { self.port = Int32(port) }
    }
}
