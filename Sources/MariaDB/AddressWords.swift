/// The parameters of a database URL: those of SQLAlchemy and of the drivers that sites with Glance use.
///
/// Source: SQLAlchemy, `dialects/mysql/{mysqldb,pymysql,mysqlconnector,mariadbconnector}.py`; PyMySQL, `connections.py`.
extension Address {
    /// Parameters of Python drivers, and of properties that are fixed here: text is always utf8mb4, time UTC, the SQL mode strict.
    private static let harmless: Set<String> = [
        "charset", "collation", "use_unicode", "binary_prefix", "local_infile", "allow_local_infile", "autocommit", "client_flag",
        "client_flags", "cursorclass", "conv", "converter_class", "buffered", "raw", "use_pure", "consume_results",
        "get_warnings", "raise_on_warnings", "compress", "max_allowed_packet", "program_name", "defer_connect", "sql_mode", "time_zone",
        "force_ipv6", "multi_statements", "named_pipe", "pool_name", "pool_size", "pool_reset_session", "pool_reset_connection", "plugin",
        "auth_plugin", "auth_plugin_map",
    ]

    /// Parameters for ways of authentication that are not supported. Ignoring them would open another connection than the operator wants.
    private static let unsupported: Set<String> = [
        "option_files", "option_groups", "server_public_key", "server_public_key_path",
        "tls_version", "tls_versions", "tls_ciphersuites", "failover", "krb_service_principal",
    ]

    /// The parameters about encryption, before they are combined.
    private struct Wish {
        var tls = TLS()
        var isWanted = false
        var isDisabled = false
        var chain, name: Bool?
    }

    mutating func readWords(of query: Substring) throws(AddressError) {
        var wish = Wish()
        var words: Set<String> = []
        var (optionFile, optionGroup): (String?, String?)
        var places: [Place] = []
        // If an `@` follows, the word may be the end of a password with a `?` in it.
        func shown(_ word: String) -> String { query.contains("@") ? "…" : String(word.prefix(40)) }
        for pair in query.split(separator: "&") {
            // Like SQLAlchemy, ignore a word without a value.
            let parts = pair.replacing("+", with: " ").split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[1].isEmpty else { continue }
            let word = try Self.unquoted(parts[0], "the query")
            let value = try Self.unquoted(parts[1], "the value of \(shown(word))")
            if word == "host", !value.isEmpty {
                for part in value.split(separator: ",", omittingEmptySubsequences: false) { places.append(try Self.place(part)) }
                continue
            }
            guard words.insert(word).inserted else { throw AddressError("'\(shown(word))' is there twice") }
            if word == "read_default_file" || word == "read_default_group" {
                if word == "read_default_file" { optionFile = value } else { optionGroup = value }
                continue
            }
            if try isPlace(word, value) { continue }
            if try isTime(word, value) { continue }
            if try isEncryption(word, value, &wish) { continue }
            guard !Self.unsupported.contains(word) else { throw AddressError("'\(word)' is not supported") }
            guard Self.harmless.contains(word) else {
                throw AddressError("'\(shown(word))' is a word that is not known here; look for a slip, or leave it out")
            }
        }
        if !places.isEmpty {
            guard places.allSatisfy({ !$0.host.isEmpty }) else { throw AddressError("'host' names no host") }
            if places[0].port == 0 { places[0].port = port }
            take(places)
        }
        if optionFile != nil || optionGroup != nil {
            try take(try OptionFile(optionFile ?? "/etc/my.cnf", group: optionGroup ?? "client"), &wish)
        }
        try settle(wish)
    }

    /// Takes what the URL leaves out from an option file. Source: PyMySQL, `Connection.__init__`; unlike there, a host in the URL takes
    /// precedence over a socket in the file.
    private mutating func take(_ file: OptionFile, _ wish: inout Wish) throws(AddressError) {
        if user.isEmpty { user = file["user"] ?? "" }
        if password.isEmpty { password = file["password"] ?? "" }
        if database.isEmpty { database = file["database"] ?? "" }
        if host.isEmpty, socket == nil { socket = file["socket"] }
        if host.isEmpty { host = file["host"] ?? "" }
        if port == 0, let text = file["port"] { port = try Self.number(text, "port", most: 65535) }
        bindAddress = bindAddress ?? file["bind-address"]
        for (word, field) in TLS.files where wish.tls[keyPath: field] == nil {
            guard let value = file[word.replacing("_", with: "-")] else { continue }
            (wish.tls[keyPath: field], wish.isWanted) = (value, true)
        }
    }

    /// Reads a parameter that names a place.
    ///
    /// - Returns: false if the word is about something else.
    private mutating func isPlace(_ word: String, _ value: String) throws(AddressError) -> Bool {
        switch word {
        case "unix_socket": if !value.isEmpty { socket = value }
        case "port": if !value.isEmpty { port = try Self.number(value, word, most: 65535) }
        case "user", "username": if !value.isEmpty { user = value }
        case "password", "passwd": if !value.isEmpty { password = value }
        case "database", "db": if !value.isEmpty { database = value }
        case "bind_address": bindAddress = value.isEmpty ? nil : value
        case "init_command": initCommand = value.isEmpty ? nil : value
        default: return false
        }
        return true
    }

    private mutating func isTime(_ word: String, _ value: String) throws(AddressError) -> Bool {
        guard let field = Self.times[word] else { return false }
        if !value.isEmpty { self[keyPath: field] = try Self.number(value, word, most: 31_536_000) }
        return true
    }

    private static var times: [String: WritableKeyPath<Address, UInt32?>] {
        [
            "connect_timeout": \.connectTimeout, "connection_timeout": \.connectTimeout, "read_timeout": \.readTimeout,
            "write_timeout": \.writeTimeout,
        ]
    }

    private func isEncryption(_ word: String, _ value: String, _ wish: inout Wish) throws(AddressError) -> Bool {
        if let field = TLS.files[word] {
            if !value.isEmpty { (wish.tls[keyPath: field], wish.isWanted) = (value, true) }
            return true
        }
        guard ["ssl", "ssl_disabled", "ssl_verify_cert", "ssl_verify_identity", "ssl_check_hostname", "ssl_mode"].contains(word) else {
            return false
        }
        guard !value.isEmpty else { return true }
        switch word {
        case "ssl": if try Self.flag(value, word) { wish.isWanted = true }
        case "ssl_disabled": wish.isDisabled = try Self.flag(value, word)
        case "ssl_verify_cert":
            // PyMySQL also accepts the names of Python's `ssl` module; for a client both mean the same.
            switch value.lowercased() {
            case "required", "optional": wish.chain = true
            case "none": wish.chain = false
            default: wish.chain = try Self.flag(value, word)
            }
            wish.isWanted = true
        case "ssl_mode": try Self.apply(mode: value, to: &wish)
        default:
            wish.name = try Self.flag(value, word)
            wish.isWanted = true
        }
        return true
    }

    private static func apply(mode: String, to wish: inout Wish) throws(AddressError) {
        switch mode.uppercased() {
        case "DISABLED": wish.isDisabled = true
        case "PREFERRED": break
        case "REQUIRED": wish.isWanted = true
        case "VERIFY_CA": (wish.isWanted, wish.chain, wish.name) = (true, true, wish.name ?? false)
        case "VERIFY_IDENTITY": (wish.isWanted, wish.chain, wish.name) = (true, true, true)
        default: throw AddressError("'ssl_mode' is none of DISABLED, PREFERRED, REQUIRED, VERIFY_CA and VERIFY_IDENTITY")
        }
    }

    /// Derives the checks that Glance's connection makes for the same parameters: an authority alone means chain and name;
    /// `ssl_verify_cert` means the chain.
    private mutating func settle(_ wish: Wish) throws(AddressError) {
        guard wish.isWanted, !wish.isDisabled else { return }
        let hasAuthority = wish.tls.authority != nil || wish.tls.authorityFolder != nil
        guard wish.tls.certificate != nil || wish.tls.key == nil else { throw AddressError("'ssl_key' is there without 'ssl_cert'") }
        var tls = wish.tls
        tls.verifiesName = wish.name ?? (hasAuthority && wish.chain == nil)
        // A matching name proves nothing if the chain is not verified.
        tls.verifiesChain = tls.verifiesName || wish.chain ?? hasAuthority
        guard !tls.verifiesName || wish.chain != false else {
            throw AddressError("'ssl_verify_cert' is off while the server's name is to be verified, which needs its certificate verified")
        }
        self.tls = tls
    }

    /// Reads a boolean. Source: SQLAlchemy, `util.asbool`.
    private static func flag(_ value: String, _ word: String) throws(AddressError) -> Bool {
        switch value.lowercased() {
        case "true", "yes", "on", "y", "t", "1": return true
        case "false", "no", "off", "n", "f", "0": return false
        default: throw AddressError("'\(word)' is neither true nor false")
        }
    }

    private static func number(_ value: String, _ word: String, most: UInt32) throws(AddressError) -> UInt32 {
        guard let number = UInt32(value), 1...most ~= number else { throw AddressError("'\(word)' is no number from 1 to \(most)") }
        return number
    }
}

extension Address.TLS {
    /// The files and folders that the connection needs, with the parameters that name them.
    package var paths: [(word: String, path: String)] {
        Self.files.filter { $0.key != "ssl_key_password" && $0.key != "ssl_cipher" }.sorted { $0.key < $1.key }
            .compactMap { word, field in self[keyPath: field].map { (word, $0) } }
    }

    fileprivate static var files: [String: WritableKeyPath<Address.TLS, String?>] {
        [
            "ssl_ca": \.authority, "ssl_capath": \.authorityFolder, "ssl_cert": \.certificate, "ssl_key": \.key,
            "ssl_key_password": \.keyPassword, "ssl_cipher": \.cipher, "ssl_crl": \.revoked, "ssl_crlpath": \.revokedFolder,
        ]
    }
}
