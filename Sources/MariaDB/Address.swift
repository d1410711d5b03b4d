/// Where a MariaDB server is and who we are to it.
package struct Address: Sendable, Equatable {
    package var host = "127.0.0.1"
    package var port: UInt32 = 3306
    /// A UNIX socket, taken instead of host and port.
    package var socket: String?
    package var user = ""
    package var password = ""
    package var database = ""
    /// Certificate authority for a connection that must be encrypted.
    package var certificateAuthority: String?

    package init() {}

    /// Reads a SQLAlchemy URL, as Glance's `[database] connection` holds it:
    /// `mysql+pymysql://user:password@host:port/database?unix_socket=…&charset=…&ssl_ca=…`.
    ///
    /// Source: SQLAlchemy, "Database URLs": user, password and query values are percent-encoded.
    ///
    /// - Returns: nil for another database, or what is no such URL.
    package init?(url: String) {
        guard let schemeEnd = url.firstRange(of: "://") else { return nil }
        let dialect = url[..<schemeEnd.lowerBound].prefix { $0 != "+" }
        guard dialect == "mysql" || dialect == "mariadb" else { return nil }
        var rest = url[schemeEnd.upperBound...]

        if let question = rest.firstIndex(of: "?") {
            for pair in rest[rest.index(after: question)...].split(separator: "&") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, let value = Self.unquoted(parts[1]) else { return nil }
                switch parts[0] {
                case "unix_socket": socket = value
                case "ssl_ca": certificateAuthority = value
                default: break  // charset and the rest are the driver's own affair; we always speak utf8mb4
                }
            }
            rest = rest[..<question]
        }
        if let slash = rest.firstIndex(of: "/") {
            guard let name = Self.unquoted(rest[rest.index(after: slash)...]) else { return nil }
            database = name
            rest = rest[..<slash]
        }
        if let at = rest.lastIndex(of: "@") {
            let credentials = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let user = Self.unquoted(credentials[0]) else { return nil }
            self.user = user
            if credentials.count == 2 {
                guard let password = Self.unquoted(credentials[1]) else { return nil }
                self.password = password
            }
            rest = rest[rest.index(after: at)...]
        }
        if rest.first == "[", let end = rest.firstIndex(of: "]") {
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...]
        } else {
            let name = rest.prefix { $0 != ":" }
            if !name.isEmpty { host = String(name) }
            rest = rest[name.endIndex...]
        }
        if rest.first == ":" {
            guard let port = UInt32(rest.dropFirst()), port < 65536 else { return nil }
            self.port = port
        } else if !rest.isEmpty {
            return nil
        }
    }

    private static func unquoted(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var source = text.utf8.makeIterator()
        while let byte = source.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = source.next().flatMap(hexDigit), let low = source.next().flatMap(hexDigit) else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init)
    }
}
