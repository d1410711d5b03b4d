internal import CMariaDB
internal import Glibc

/// One connection to MariaDB, used by one thread at a time.
package final class Connection {
    /// Prepared once, used again: the texts of this program are few and do not vary with what a client sends.
    private var statements: [String: Statement] = [:]
    private let raw: UnsafeMutablePointer<MYSQL>
    /// An error that ends a connection for good was seen on it.
    private(set) var isBroken = false

    private static let cachedStatements = 256

    /// Sets the library up, with the first connection of the process. Its own set-up is not safe among threads; Swift runs this once.
    private static let libraryIsReady: Bool = mysql_server_init(0, nil, nil) == 0

    /// Opens a connection that speaks utf8mb4, keeps UTC and refuses what does not fit a column.
    package init(to address: Address, timeouts: Timeouts) throws(MariaDBError) {
        guard Self.libraryIsReady, let raw = mysql_init(nil) else { fatalError("out of memory") }
        self.raw = raw
        limit = timeouts.answer
        vitrine_mysql_option_uint(raw, MYSQL_OPT_CONNECT_TIMEOUT, timeouts.connect)
        vitrine_mysql_option_uint(raw, MYSQL_OPT_READ_TIMEOUT, timeouts.answer)
        vitrine_mysql_option_uint(raw, MYSQL_OPT_WRITE_TIMEOUT, timeouts.write)
        mysql_options(raw, MYSQL_SET_CHARSET_NAME, "utf8mb4")
        if let command = address.initCommand { mysql_options(raw, MYSQL_INIT_COMMAND, command) }
        mysql_options(raw, MYSQL_INIT_COMMAND, Self.settings)
        if let local = address.bindAddress { mysql_options(raw, MYSQL_OPT_BIND, local) }
        if let tls = address.tls { try encrypt(tls) }
        let connected = mysql_real_connect(
            raw, address.socket == nil ? address.host : nil, address.user, address.password, address.database,
            address.port, address.socket, UInt(CLIENT_FOUND_ROWS))
        guard connected != nil else {  // `deinit` closes it
            throw MariaDBError(number: mysql_errno(raw), message: String(cString: mysql_error(raw)), sql: MariaDBError.connecting)
        }
        guard address.tls == nil || mysql_get_ssl_cipher(raw) != nil else { throw Self.notEncrypted("the server does not encrypt") }
        // No program that this one starts has it.
        _ = fcntl(CInt(mysql_get_socket(raw)), F_SETFD, FD_CLOEXEC)
        if address.socket == nil { watchSocket() }
    }

    deinit {
        statements = [:]  // before the connection that they belong to
        mysql_close(raw)
    }

    /// The lock waits end before the answer's limit, so that a row that somebody holds is no lost connection; transactions are begun again.
    /// A transaction whose connection has fallen silent lets go of its rows.
    private static let settings = """
        SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_ZERO_DATE',
            innodb_lock_wait_timeout = LEAST(@@GLOBAL.innodb_lock_wait_timeout, 2),
            lock_wait_timeout = LEAST(@@GLOBAL.lock_wait_timeout, 8), idle_transaction_timeout = 20
        """

    /// Seconds that a connection waits for the server.
    package struct Timeouts: Sendable {
        package var connect: UInt32
        /// For an answer to begin, and between two pieces of it. Above the session's lock waits.
        package var answer: UInt32
        package var write: UInt32

        package init(connect: UInt32 = 5, answer: UInt32 = 10, write: UInt32 = 10) {
            (self.connect, self.answer, self.write) = (connect, answer, write)
        }

        /// As the address says, where it says anything.
        package init(_ address: Address) {
            self.init()
            connect = address.connectTimeout ?? connect
            answer = address.readTimeout ?? answer
            write = address.writeTimeout ?? write
        }
    }

    /// Seconds that the next answers may take.
    var limit: UInt32 {
        didSet { if limit != oldValue { vitrine_mysql_set_answer_limit(raw, CInt(clamping: limit)) } }
    }

    /// Whether the server answers within some seconds.
    func answers(within seconds: UInt32) -> Bool {
        let usual = limit
        defer { limit = usual }
        limit = seconds
        if mysql_ping(raw) != 0 { isBroken = true }
        return !isBroken
    }

    // MARK: setting up

    private func encrypt(_ tls: Address.TLS) throws(MariaDBError) {
        vitrine_mysql_option_flag(raw, MYSQL_OPT_SSL_ENFORCE, 1)
        var (file, folder) = (tls.authority, tls.authorityFolder)
        if !tls.verifiesChain {
            // libmariadb verifies as soon as it knows an authority, and only then.
            (file, folder) = (nil, nil)
        } else if file == nil && folder == nil {
            guard let system = Self.systemAuthorities.first(where: { access($0, R_OK) == 0 }) else {
                throw Self.notEncrypted("there are no certificate authorities of the system; name one with ssl_ca")
            }
            file = system
        }
        mysql_ssl_set(raw, tls.key, tls.certificate, file, folder, tls.cipher)
        if let password = tls.keyPassword { mysql_options(raw, MARIADB_OPT_TLS_PASSPHRASE, password) }
        if let revoked = tls.revoked { mysql_options(raw, MYSQL_OPT_SSL_CRL, revoked) }
        if let revoked = tls.revokedFolder { mysql_options(raw, MYSQL_OPT_SSL_CRLPATH, revoked) }
        if tls.verifiesName { vitrine_mysql_option_flag(raw, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, 1) }
    }

    /// Debian's, Red Hat's.
    private static let systemAuthorities = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]

    private static func notEncrypted(_ reason: String) -> MariaDBError {
        MariaDBError(number: UInt32(CR_SSL_CONNECTION_ERROR), message: reason, sql: MariaDBError.connecting)
    }

    /// A peer that is gone without a word is found out: in half a minute while an answer is waited for or none is, in twenty seconds
    /// while it does not confirm what was sent.
    private func watchSocket() {
        let socket = CInt(mysql_get_socket(raw))
        func set(_ level: CInt, _ option: CInt, _ value: CInt) {
            _ = withUnsafePointer(to: value) { setsockopt(socket, level, option, $0, socklen_t(MemoryLayout<CInt>.size)) }
        }
        set(SOL_SOCKET, SO_KEEPALIVE, 1)
        set(CInt(IPPROTO_TCP), TCP_KEEPIDLE, 10)
        set(CInt(IPPROTO_TCP), TCP_KEEPINTVL, 5)
        set(CInt(IPPROTO_TCP), TCP_KEEPCNT, 4)
        set(CInt(IPPROTO_TCP), TCP_USER_TIMEOUT, 20_000)
    }

    /// Runs a statement that reads nothing.
    ///
    /// - Returns: rows matched.
    @discardableResult
    package func run(_ sql: String, _ values: SQLValue...) throws(MariaDBError) -> Int {
        try run(sql, values)
    }

    @discardableResult
    package func run(_ sql: String, _ values: [SQLValue]) throws(MariaDBError) -> Int {
        try noticingLoss { () throws(MariaDBError) in try statement(sql).run(values) }
    }

    /// Hands over the rows of a query as they come from the server.
    package func forEachRow<Element>(
        of query: Query<Element>, _ values: [SQLValue], _ body: (Element) throws(MariaDBError) -> Void
    ) throws(MariaDBError) {
        try noticingLoss { () throws(MariaDBError) in
            try statement(query.sql).forEachRow(values) { row throws(MariaDBError) in try body(try query.decode(row)) }
        }
    }

    /// Hands over the rows of a query as long as `body` wants another. The server would send all others first, so then the
    /// connection ends with them.
    ///
    /// - Parameter body: whether there is to be another row.
    package func takeRows<Element>(
        of query: Query<Element>, _ values: [SQLValue], _ body: (Element) throws(MariaDBError) -> Bool
    ) throws(MariaDBError) {
        var isEnough = false
        do throws(MariaDBError) {
            try forEachRow(of: query, values) { (element: Element) throws(MariaDBError) -> Void in
                guard try !body(element) else { return }
                isEnough = true
                isBroken = true
                shutdown(CInt(mysql_get_socket(raw)), CInt(SHUT_RDWR))
                throw MariaDBError(number: MariaDBError.endedEarly, message: "enough rows were read", sql: query.sql)
            }
        } catch {
            if !isEnough { throw error }
        }
    }

    package func all<Element>(_ query: Query<Element>, _ values: [SQLValue]) throws(MariaDBError) -> [Element] {
        var elements: [Element] = []
        try forEachRow(of: query, values) { elements.append($0) }
        return elements
    }

    package func all<Element>(_ query: Query<Element>, _ values: SQLValue...) throws(MariaDBError) -> [Element] {
        try all(query, values)
    }

    package func first<Element>(_ query: Query<Element>, _ values: SQLValue...) throws(MariaDBError) -> Element? {
        try first(query, values)
    }

    package func first<Element>(_ query: Query<Element>, _ values: [SQLValue]) throws(MariaDBError) -> Element? {
        var first: Element?
        try forEachRow(of: query, values) { if first == nil { first = $0 } }
        return first
    }

    /// Runs a text that cannot be prepared or is used once: `COMMIT`, DDL. No value of a client may stand in it.
    package func execute(_ sql: String) throws(MariaDBError) {
        try noticingLoss { () throws(MariaDBError) in
            guard mysql_real_query(raw, sql, UInt(sql.utf8.count)) == 0 else {
                throw MariaDBError(number: mysql_errno(raw), message: String(cString: mysql_error(raw)), sql: sql)
            }
            if let result = mysql_store_result(raw) { mysql_free_result(result) }
        }
    }

    /// Whether the server has hung up since the last use: its end of the socket reads as closed. Asked without a round trip.
    var isHungUp: Bool {
        var byte: UInt8 = 0
        let count = recv(CInt(mysql_get_socket(raw)), &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
        return count >= 0 || (errno != EAGAIN && errno != EINTR)
    }

    private func statement(_ sql: String) throws(MariaDBError) -> Statement {
        if let known = statements[sql] { return known }
        let statement = try Statement(sql, on: raw)
        if statements.count < Self.cachedStatements { statements[sql] = statement }
        return statement
    }

    private func noticingLoss<Value>(_ body: () throws(MariaDBError) -> Value) throws(MariaDBError) -> Value {
        do throws(MariaDBError) {
            return try body()
        } catch {
            // An error of the client library leaves open what the server will say next.
            if error.isUnavailable || 2000..<3000 ~= error.number { isBroken = true }
            throw error
        }
    }
}
