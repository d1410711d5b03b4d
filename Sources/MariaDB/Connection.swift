internal import CMariaDB
internal import Glibc

/// A connection to MariaDB, used by one thread at a time.
package final class Connection {
    /// Prepared statements by their text. The texts are few, because they do not depend on what clients send.
    private var statements: [String: Statement] = [:]
    private let raw: UnsafeMutablePointer<MYSQL>
    /// Whether an error occurred after which the connection cannot be used.
    private(set) var isBroken = false
    /// The index of its server among those of the pool's address.
    var server = 0
    /// Whether the server is a node of a Galera cluster: locks hold at that node alone, and what others have committed may be seen late.
    package private(set) var isReplicated = false
    /// Whether the server is a node outside its Galera cluster, which answers reads with what it knew when it left, and refuses all else. The
    /// site allows that by MariaDB's `wsrep_dirty_reads`.
    package private(set) var isOutside = false
    /// Whether a transaction was begun and not ended. The server may have ended it since.
    private var isInTransaction = false
    /// Statements beyond the cached ones, until the transaction ends: see `statement(_:)`.
    private var passing: [Statement] = []

    private static let cachedStatements = 256

    /// Initialises libmariadb, with the first connection of the process. `mysql_server_init` is not thread-safe; Swift runs this once.
    private static let libraryIsReady: Bool = mysql_server_init(0, nil, nil) == 0

    /// Opens a connection with utf8mb4, UTC and a strict SQL mode, in which values that do not fit their column are errors.
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
        // Programs that this one starts do not inherit the socket.
        _ = fcntl(CInt(mysql_get_socket(raw)), F_SETFD, FD_CLOEXEC)
        if address.socket == nil { watchSocket() }
        isReplicated = try askWhetherReplicated(acceptsOldReads: address.acceptsOldReads)
        if isReplicated, let wait = address.syncWait { try execute("SET SESSION wsrep_sync_wait = \(wait)") }
    }

    deinit {
        (statements, passing) = ([:], [])  // before the connection that they belong to
        mysql_close(raw)
    }

    /// Waiting for a lock ends before the limit for an answer, so that a locked row does not look like a lost connection; the transaction
    /// is then retried. The server ends a transaction whose connection is idle for 20 s, so that its locks end. Subqueries are asked once for
    /// each row here, so MariaDB need not look each one up among those that it has asked.
    private static let settings = """
        SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_ZERO_DATE',
            optimizer_switch = 'subquery_cache=off',
            innodb_lock_wait_timeout = LEAST(@@GLOBAL.innodb_lock_wait_timeout, 2),
            lock_wait_timeout = LEAST(@@GLOBAL.lock_wait_timeout, 8), idle_transaction_timeout = 20
        """

    /// Limits in seconds for waiting for the server.
    package struct Timeouts: Sendable {
        /// To make a connection.
        package var connect: UInt32
        /// Until an answer begins, and between two parts of it. It must exceed the session's limits for locks.
        package var answer: UInt32
        /// To send a statement.
        package var write: UInt32

        package init(connect: UInt32 = 5, answer: UInt32 = 10, write: UInt32 = 10) {
            (self.connect, self.answer, self.write) = (connect, answer, write)
        }

        /// The limits in the address, and the defaults where it has none.
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

    /// Runs statements whose answers may take longer than usual.
    package func allowing<Value>(_ seconds: UInt32, _ body: () throws(MariaDBError) -> Value) throws(MariaDBError) -> Value {
        let usual = limit
        defer { limit = usual }
        limit = max(limit, seconds)
        return try body()
    }

    /// Whether the server answers a ping within some seconds.
    func answers(within seconds: UInt32) -> Bool {
        let usual = limit
        defer { limit = usual }
        limit = seconds
        if mysql_ping(raw) != 0 { isBroken = true }
        return !isBroken
    }

    // MARK: setting up

    /// - Throws: an error of connecting for a node outside its cluster, which takes connections and no statements, unless old reads are
    ///   accepted and the site allows them.
    private func askWhetherReplicated(acceptsOldReads: Bool) throws(MariaDBError) -> Bool {
        let session: [String?]
        do throws(MariaDBError) {
            session = try answer(to: "SELECT @@wsrep_on, @@wsrep_dirty_reads")
        } catch {
            // MySQL does not know the variables.
            guard error.number == 1193 else { throw error }
            return false
        }
        guard session[0] == "1" else { return false }
        let allowsOldReads = session[1] == "1"
        isOutside = try answer(to: "SHOW STATUS LIKE 'wsrep_ready'").contains("OFF")
        if isOutside && !(allowsOldReads && acceptsOldReads) { throw Self.outsideCluster }
        // With it, MariaDB would not wait for the writes of other nodes.
        if !isOutside && allowsOldReads { try execute("SET SESSION wsrep_dirty_reads = OFF") }
        return true
    }

    private static let outsideCluster = MariaDBError(
        number: MariaDBError.outside, message: "the node is outside its Galera cluster", sql: MariaDBError.connecting)

    /// Waits until a node of a Galera cluster has what was committed at the others before. Elsewhere it does nothing.
    package func catchUp() throws(MariaDBError) {
        guard isReplicated else { return }
        if isOutside { throw Self.outsideCluster }
        try execute("SET STATEMENT wsrep_sync_wait = 1 FOR SELECT 1")
    }

    /// The only row of a query, while the connection is set up.
    private func answer(to sql: String) throws(MariaDBError) -> [String?] {
        guard mysql_real_query(raw, sql, UInt(sql.utf8.count)) == 0, let result = mysql_store_result(raw) else {
            throw MariaDBError(number: mysql_errno(raw), message: String(cString: mysql_error(raw)), sql: MariaDBError.connecting)
        }
        defer { mysql_free_result(result) }
        guard let row = mysql_fetch_row(result) else { return [] }
        return (0..<Int(mysql_num_fields(result))).map { column in row[column].map { String(cString: $0) } }
    }

    private func encrypt(_ tls: Address.TLS) throws(MariaDBError) {
        vitrine_mysql_option_flag(raw, MYSQL_OPT_SSL_ENFORCE, 1)
        var (file, folder) = (tls.authority, tls.authorityFolder)
        if !tls.verifiesChain {
            // libmariadb verifies certificates if and only if it has an authority.
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

    /// The certificate authorities of Debian and Red Hat.
    private static let systemAuthorities = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]

    private static func notEncrypted(_ reason: String) -> MariaDBError {
        MariaDBError(number: UInt32(CR_SSL_CONNECTION_ERROR), message: reason, sql: MariaDBError.connecting)
    }

    /// Detects a server that vanished without closing the connection: after 30 s without a packet, by keep-alive, and after 20 s if it
    /// does not acknowledge what was sent.
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

    /// Runs a statement without a result.
    ///
    /// - Returns: the number of rows matched.
    @discardableResult
    package func run(_ sql: String, _ values: SQLValue...) throws(MariaDBError) -> Int {
        try run(sql, values)
    }

    @discardableResult
    /// Runs a statement without a result, and returns the number of rows matched.
    package func run(_ sql: String, _ values: [SQLValue]) throws(MariaDBError) -> Int {
        try repeatingConflicts { () throws(MariaDBError) in
            try noticingLoss { () throws(MariaDBError) in try statement(sql).run(values) }
        }
    }

    /// Passes the rows of a query to a closure as they arrive from the server.
    package func forEachRow<Element>(
        of query: Query<Element>, _ values: [SQLValue], _ body: (Element) throws(MariaDBError) -> Void
    ) throws(MariaDBError) {
        var hasRows = false
        try repeatingConflicts(unless: { hasRows }) { () throws(MariaDBError) in
            try noticingLoss { () throws(MariaDBError) in
                try statement(query.sql).forEachRow(values) { row throws(MariaDBError) in
                    hasRows = true
                    try body(try query.decode(row))
                }
            }
        }
    }

    /// Passes the rows of a query to a closure until it returns false. The server would send all remaining rows first, so the connection
    /// is closed in that case.
    ///
    /// - Parameter body: returns whether it wants another row.
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

    /// The columns of a statement's result. The statement is prepared and not run.
    package func columns(of sql: String) throws(MariaDBError) -> [ColumnDescription] {
        try noticingLoss { () throws(MariaDBError) in try statement(sql).columns.map(\.description) }
    }

    /// All rows of a query.
    package func all<Element>(_ query: Query<Element>, _ values: [SQLValue]) throws(MariaDBError) -> [Element] {
        var elements: [Element] = []
        try forEachRow(of: query, values) { elements.append($0) }
        return elements
    }

    /// All rows of a query.
    package func all<Element>(_ query: Query<Element>, _ values: SQLValue...) throws(MariaDBError) -> [Element] {
        try all(query, values)
    }

    /// The first row of a query; nil if there is none.
    package func first<Element>(_ query: Query<Element>, _ values: SQLValue...) throws(MariaDBError) -> Element? {
        try first(query, values)
    }

    /// The first row of a query; nil if there is none.
    package func first<Element>(_ query: Query<Element>, _ values: [SQLValue]) throws(MariaDBError) -> Element? {
        var first: Element?
        try forEachRow(of: query, values) { if first == nil { first = $0 } }
        return first
    }

    /// Runs a statement that cannot be prepared or is used once, such as DDL. It must not contain values from clients.
    package func execute(_ sql: String) throws(MariaDBError) {
        try noticingLoss { () throws(MariaDBError) in
            guard mysql_real_query(raw, sql, UInt(sql.utf8.count)) == 0 else {
                throw MariaDBError(number: mysql_errno(raw), message: String(cString: mysql_error(raw)), sql: sql)
            }
            if let result = mysql_store_result(raw) { mysql_free_result(result) }
        }
    }

    /// Whether the server has closed the connection since the last use. This only looks at the socket, without a round trip.
    var isHungUp: Bool {
        var byte: UInt8 = 0
        let count = recv(CInt(mysql_get_socket(raw)), &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
        return count >= 0 || (errno != EAGAIN && errno != EINTR)
    }

    // MARK: transactions

    /// Begins a transaction.
    ///
    /// From now on, each statement fails with a conflict (`isConflict`) if the server has ended the transaction unasked. Galera does that when a
    /// transaction of another node collides with this one, and the error that tells it may be lost with a statement that is prepared at
    /// that moment: the statements that follow would each be committed by themselves, and COMMIT would succeed.
    ///
    /// - Parameter statement: `START TRANSACTION`, with its characteristics if there are any.
    package func begin(_ statement: String = "START TRANSACTION") throws(MariaDBError) {
        try execute(statement)
        isInTransaction = true
    }

    /// Commits the transaction.
    package func commit() throws(MariaDBError) {
        endTransaction()
        try execute("COMMIT")
    }

    /// Ends the transaction without effect. Where the connection is gone, the server has done that.
    package func rollBack() {
        endTransaction()
        if !isBroken { try? execute("ROLLBACK") }
    }

    private func endTransaction() {
        isInTransaction = false
        passing = []
    }

    /// Runs statements as one transaction, which has no effect if the body throws.
    package func transaction(_ body: () throws -> Void) throws {
        try begin()
        do {
            try body()
            try commit()
        } catch {
            rollBack()
            throw error
        }
    }

    /// - Throws: a conflict if the transaction is no more.
    private func checkTransaction(after sql: String) throws(MariaDBError) {
        guard isInTransaction, raw.pointee.server_status & UInt32(SERVER_STATUS_IN_TRANS) == 0 else { return }
        throw MariaDBError(number: MariaDBError.deadlock, message: "the server has ended the transaction", sql: sql)
    }

    /// A statement, prepared on this connection once. After a new one was prepared within a transaction, a round trip finds out whether that
    /// has swallowed a conflict, because the answer to preparing does not tell. One that is not kept is closed after the transaction:
    /// closing has no answer at all.
    private func statement(_ sql: String) throws(MariaDBError) -> Statement {
        if let known = statements[sql] { return known }
        let statement = try Statement(sql, on: raw)
        if statements.count < Self.cachedStatements {
            statements[sql] = statement
        } else if isInTransaction {
            passing.append(statement)
        }
        if isInTransaction {
            guard mysql_ping(raw) == 0 else {
                throw MariaDBError(number: mysql_errno(raw), message: String(cString: mysql_error(raw)), sql: sql)
            }
            try checkTransaction(after: sql)
        }
        return statement
    }

    /// Repeats a statement that stands by itself while it conflicts with others: it has had no effect then.
    private func repeatingConflicts<Value>(
        unless isOver: () -> Bool = { false }, _ body: () throws(MariaDBError) -> Value
    ) throws(MariaDBError) -> Value {
        guard !isInTransaction else { return try body() }
        var pause = ConflictPause(atMost: Double(min(limit, Self.conflictPatience)))
        while true {
            do throws(MariaDBError) {
                return try body()
            } catch {
                guard error.isConflict, !isOver(), pause.wait() else { throw error }
            }
        }
    }

    /// Seconds for which a statement is repeated.
    private static let conflictPatience: UInt32 = 10

    private func noticingLoss<Value>(_ body: () throws(MariaDBError) -> Value) throws(MariaDBError) -> Value {
        do throws(MariaDBError) {
            let value = try body()
            try checkTransaction(after: "(a statement of a transaction)")
            return value
        } catch {
            // After an error of the client library, the next bytes from the server may belong to the previous answer.
            if error.isUnavailable || 2000..<3000 ~= error.number { isBroken = true }
            throw error
        }
    }
}
