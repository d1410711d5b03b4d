/// Where a MariaDB server is, who we are to it, and what the connection must be like.
package struct Address: Sendable, Equatable {
    package var host = "127.0.0.1"
    package var port: UInt32 = 3306
    /// A UNIX socket, taken instead of host and port.
    package var socket: String?
    package var user = ""
    package var password = ""
    package var database = ""
    /// How the connection is encrypted; nil where that is not asked for.
    package var tls: TLS?
    /// The local address that connections come from.
    package var bindAddress: String?
    /// SQL that is run on each new connection, before this program's own settings.
    package var initCommand: String?
    /// Seconds that the operator wants a connection to wait for the server, each nil where nothing is said.
    package var connectTimeout, readTimeout, writeTimeout: UInt32?

    package init() {}

    /// What an encrypted connection needs. Files are PEM.
    package struct TLS: Sendable, Equatable {
        /// The certificate authorities that the server's certificate must come from: a file, a folder; nil for the system's.
        package var authority, authorityFolder: String?
        /// What this program proves itself with.
        package var certificate, key, keyPassword: String?
        /// Names of ciphers, separated by colons.
        package var cipher: String?
        /// Certificates that were called back: a file, a folder.
        package var revoked, revokedFolder: String?
        /// Whether the server's certificate must come from one of the authorities.
        package var verifiesChain = false
        /// Whether it must bear the host's name too.
        package var verifiesName = false

        package init() {}
    }

    /// Reads a SQLAlchemy URL, as Glance's `[database] connection` holds it:
    /// `mysql+pymysql://user:password@host:port/database?unix_socket=…&charset=…&ssl_ca=…`.
    ///
    /// Source: SQLAlchemy, "Database URLs" and `engine/url.py`: user, password and query values are percent-encoded.
    ///
    /// - Throws: what is wrong, without the password or any other value.
    package init(url: String) throws(AddressError) {
        guard let schemeEnd = url.firstRange(of: "://") else { throw AddressError("it does not begin with mysql+pymysql://") }
        let dialect = url[..<schemeEnd.lowerBound].prefix { $0 != "+" }
        guard dialect == "mysql" || dialect == "mariadb" else { throw AddressError("it is not the address of a MariaDB or MySQL database") }
        var rest = url[schemeEnd.upperBound...]

        if let at = Self.endOfCredentials(in: rest) {
            let credentials = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = try Self.unquoted(credentials[0], "the user")
            if credentials.count == 2 { password = try Self.unquoted(credentials[1], "the password") }
            rest = rest[rest.index(after: at)...]
        }
        let query = rest.firstIndex(of: "?").map { rest[rest.index(after: $0)...] } ?? ""
        rest = rest.prefix { $0 != "?" }
        if let slash = rest.firstIndex(of: "/") {
            database = try Self.unquoted(rest[rest.index(after: slash)...], "the database")
            rest = rest[..<slash]
        }
        try readPlace(rest)
        try readWords(of: query)
    }

    /// Host and port.
    private mutating func readPlace(_ text: Substring) throws(AddressError) {
        var rest = text
        if rest.first == "[", let end = rest.firstIndex(of: "]") {
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...]
        } else {
            let name = rest.prefix { $0 != ":" }
            if !name.isEmpty { host = String(name) }
            rest = rest[name.endIndex...]
        }
        guard !rest.isEmpty else { return }
        guard rest.first == ":", let port = UInt32(rest.dropFirst()), port < 65536 else {
            throw AddressError("the port is no number below 65536")
        }
        self.port = port
    }

    /// Where user and password end; nil where there are none. A password may hold `/`, `?` and `:` as they are, and the query an `@`.
    private static func endOfCredentials(in text: Substring) -> Substring.Index? {
        let user = text.prefix { !":/@?".contains($0) }
        guard user.endIndex < text.endIndex, text[user.endIndex] == "@" || text[user.endIndex] == ":" else { return nil }
        if text[user.endIndex] == ":" {
            let port = text[user.endIndex...].dropFirst().prefix { $0.isNumber }
            if port.endIndex == text.endIndex || "/?".contains(text[port.endIndex]) { return nil }
        }
        guard let first = text.firstIndex(of: "@") else { return nil }
        let place = text[first...].prefix { $0 != "/" && $0 != "?" }
        return place.lastIndex(of: "@")
    }

    /// - Parameter part: of the URL, named where the text is no percent-encoded UTF-8.
    static func unquoted(_ text: Substring, _ part: String) throws(AddressError) -> String {
        var bytes: [UInt8] = []
        var source = text.utf8.makeIterator()
        while let byte = source.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = source.next().flatMap(hexDigit), let low = source.next().flatMap(hexDigit) else {
                throw AddressError("\(part) has a '%' that no two hexadecimal digits follow; write %25 for a percent sign")
            }
            bytes.append(high << 4 | low)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw AddressError("\(part) is no UTF-8") }
        return text
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init)
    }
}

/// Why a URL is no address of a database. Names words of the URL, and never a value: one of them is the password.
package struct AddressError: Error, CustomStringConvertible, Equatable {
    package let description: String
    init(_ description: String) { self.description = description }
}
