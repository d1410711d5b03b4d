internal import Text

extension Address {
    /// Reads a SQLAlchemy URL, as in Glance's `[database] connection`:
    /// `mysql+pymysql://user:password@host:port/database?unix_socket=…&charset=…&ssl_ca=…`. Several servers of one cluster stand in the place of
    /// the host, separated by commas (`host1:port,host2:port`), or each in a `host=` of the query, in the order in which they are tried.
    ///
    /// The password may contain the separators of the other parts (`/ ? : # %`) unescaped. Source: SQLAlchemy 2, `engine/url.py`,
    /// `_parse_url`; these functions follow its regular expression part by part.
    ///
    /// - Throws: a description of the error, without the password or any other value.
    package init(url: String) throws(AddressError) {
        guard let schemeEnd = url.firstRange(of: "://"),
            url[..<schemeEnd.lowerBound].allSatisfy({ $0.isLetter || $0.isNumber || "_+".contains($0) })
        else { throw AddressError("it does not begin with mysql+pymysql://") }
        let dialect = url[..<schemeEnd.lowerBound].prefix { $0 != "+" }
        guard dialect == "mysql" || dialect == "mariadb" else { throw AddressError("it is not the address of a MariaDB or MySQL database") }
        // An option file that the URL names may provide what the URL leaves out.
        (host, port) = ("", 0)
        defer {
            if host.isEmpty { host = "127.0.0.1" }
            if port == 0 { port = 3306 }
            for index in others.indices where others[index].port == 0 { others[index].port = 3306 }
        }
        var rest = url[schemeEnd.upperBound...]
        var password: Substring?
        if let credentials = Self.credentials(in: rest) {
            user = try Self.unquoted(credentials.user, "the user")
            password = credentials.password
            rest = rest[rest.index(after: credentials.end)...]
        }
        var place = rest.prefix { $0 != "/" && $0 != "?" }
        // A password that contains an `@`, as SQLAlchemy read it before version 1.4: a host never contains one.
        if let at = place.lastIndex(of: "@"), let begin = password?.startIndex {
            password = url[begin..<at]
            place = place[place.index(after: at)...]
        }
        if let password { self.password = try Self.unquoted(password, "the password") }
        try readPlace(place)
        rest = rest[place.endIndex...]
        if rest.first == "/" {
            let name = rest.dropFirst().prefix { $0 != "?" }
            database = try Self.unquoted(name, "the database")
            rest = rest[name.endIndex...]
        }
        try readWords(of: rest.dropFirst())
    }

    /// The user and password, and where they end; nil if there are none. The password, behind the first colon, ends at the first `@`.
    private static func credentials(in text: Substring) -> (user: Substring, password: Substring?, end: Substring.Index)? {
        let user = text.prefix { $0 != ":" && $0 != "/" }
        if user.endIndex < text.endIndex, text[user.endIndex] == ":", let at = text[user.endIndex...].firstIndex(of: "@") {
            return (user, text[text.index(after: user.endIndex)..<at], at)
        }
        return user.lastIndex(of: "@").map { (text[..<$0], nil, $0) }
    }

    /// Reads the servers.
    private mutating func readPlace(_ text: Substring) throws(AddressError) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        var places: [Place] = []
        for part in parts {
            let place = try Self.place(part)
            guard parts.count == 1 || !place.host.isEmpty else { throw Self.noHost }
            places.append(place)
        }
        take(places)
    }

    /// Takes the servers; a port that is 0 is the usual one.
    mutating func take(_ places: [Place]) {
        (host, port) = (places[0].host, places[0].port)
        others = Array(places.dropFirst())
    }

    /// Reads host and port, which may both be left out: the host is then empty, the port 0.
    static func place(_ text: Substring) throws(AddressError) -> Place {
        let text = text.last == ":" ? text.dropLast() : text
        if text.isEmpty { return Place(host: "", port: 0) }
        do throws(HostAndPort.Refusal) {
            // A URL that has a port alone leaves the host to an option file.
            let isWithoutHost = text.first == ":"
            let place = try HostAndPort(isWithoutHost ? "localhost\(text)" : text, isFreePort: true)
            return Place(host: isWithoutHost ? "" : place.host, port: UInt32(place.port ?? 0))
        } catch {
            throw AddressError("\(error); write %40 for an @ in the password")
        }
    }

    private static let noHost = AddressError(
        "what should be the host is neither a name nor an address; write %40 for an @ in the password, and [ ] round an IPv6 address")

    /// Decodes percent signs as Python's `unquote` does: one without two hexadecimal digits behind it stands for itself.
    ///
    /// - Parameter part: the name of the part for the error, if the text is not UTF-8 or contains NUL.
    static func unquoted(_ text: Substring, _ part: String) throws(AddressError) -> String {
        let bytes = percentDecodedBytes(text)
        guard let text = String(utf8: bytes.span) else { throw AddressError("\(part) is no UTF-8") }
        guard !bytes.contains(0) else { throw AddressError("\(part) has a NUL (%00) in it") }
        return text
    }
}
