/// Where brokers are and who we are to them.
package struct BrokerAddress: Sendable, Equatable {
    package var hosts: [Host] = []
    package var virtualHost = "/"
    package var isEncrypted = false

    package struct Host: Sendable, Equatable {
        package var name: String
        package var port: Int32
        package var user: String
        package var password: String
    }

    /// Reads a URL of oslo.messaging's: `rabbit://user:password@host:port,user:password@host:port/virtual_host?ssl=1`.
    ///
    /// User, password and virtual host are percent-encoded. What is left out is a broker's own default.
    ///
    /// - Returns: nil for another transport, or what is no such URL.
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
            guard let name = Self.unquoted(rest[rest.index(after: slash)...]), Self.fits(name) else { return nil }
            if !name.isEmpty { virtualHost = name }
            rest = rest[..<slash]
        }
        for text in rest.split(separator: ",") {
            guard let host = Host(text) else { return nil }
            hosts.append(host)
        }
        if hosts.isEmpty, let host = Host("") { hosts = [host] }
    }

    fileprivate static func unquoted(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            // As Python's `unquote` has it, a percent sign without two digits stands for itself.
            if byte == UInt8(ascii: "%"), rest.count >= 2, let high = hexDigit(rest[rest.startIndex]),
                let low = hexDigit(rest[rest.startIndex + 1])
            {
                bytes.append(high << 4 | low)
                rest.removeFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Goes to C whole, and into a short string of AMQP.
    fileprivate static func fits(_ text: String) -> Bool { !text.utf8.contains(0) && text.utf8.count <= 255 }

    private static func hexDigit(_ byte: UInt8) -> UInt8? { Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init) }
}

extension BrokerAddress.Host {
    fileprivate init?(_ text: Substring) {
        self.init(name: "localhost", port: 5672, user: "guest", password: "guest")
        var rest = text
        if let at = rest.lastIndex(of: "@") {
            let credentials = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let user = BrokerAddress.unquoted(credentials[0]),
                let password = credentials.count == 2 ? BrokerAddress.unquoted(credentials[1]) : "",
                BrokerAddress.fits(user), BrokerAddress.fits(password)
            else { return nil }
            (self.user, self.password) = (user, password)
            rest = rest[rest.index(after: at)...]
        }
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            name = String(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...]
        } else {
            let host = rest.prefix { $0 != ":" }
            if !host.isEmpty { name = String(host) }
            rest = rest[host.endIndex...]
        }
        if rest.isEmpty { return }
        guard rest.first == ":", let port = Int32(rest.dropFirst()), 1...65535 ~= port, BrokerAddress.fits(name) else { return nil }
        self.port = port
    }
}
