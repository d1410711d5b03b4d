package import Cryptography
package import Domain
internal import MariaDB

/// The catalog in MariaDB, in Glance's own tables.
package struct MariaDBCatalog: Sendable {
    let database: Database
    /// Whether locations are read with every image because answers contain them.
    let showsLocations: Bool
    /// Hours for which a task is shown after its end.
    let taskHours: Int
    /// Whether deleted images keep their bytes until they are scrubbed.
    let delaysDeletion: Bool
    /// Nil if no notifications are sent.
    let outbox: Outbox?
    /// Whether notifications become events when they are sent or dropped.
    let keepsEvents: Bool
    /// The form of location URLs in the database.
    let column: LocationColumn
    let fewMemberships = FewMemberships()

    /// - Parameter cipher: encrypts URLs of locations; nil if they are stored plain.
    package init(
        _ database: Database, showsLocations: Bool = false, taskHours: Int = 48, delaysDeletion: Bool = false, outbox: Outbox? = nil,
        keepsEvents: Bool = false, cipher: TextCipher? = nil
    ) {
        self.database = outbox == nil ? database : database.wakingAfterTransactions()
        self.showsLocations = showsLocations
        self.taskHours = taskHours
        self.delaysDeletion = delaysDeletion
        self.outbox = outbox
        self.keepsEvents = keepsEvents
        column = LocationColumn(cipher: cipher)
    }
}

extension MariaDBCatalog {
    /// - Parameter node: this node's name.
    package func cachedImages(of node: String) -> CachedImages { CachedImages(database, node: node) }
}

extension MariaDBCatalog {
    /// Waits until a node of a Galera cluster has what was committed at the others before, so that what is read next is not older than what
    /// a client was told there. Elsewhere it does nothing.
    ///
    /// - Returns: whether it is such a node.
    @discardableResult
    package func catchUp() throws(Fault) -> Bool { try database.catchUp() }

    /// Reads something that a caller names; if it is not there, once more when the node has caught up.
    func readingLate<Value>(_ doing: String, _ body: (Connection) throws -> Value) throws(Fault) -> Value {
        try database.read(doing) { connection in try connection.readingLate { try body(connection) } }
    }
}

extension Connection {
    /// Reads something that a caller names; if it is not there (`.notFound`), or is not what the caller waits for, once more when the node of a
    /// Galera cluster has what was committed at the others before.
    func readingLate<Value>(unless isEnough: (Value) -> Bool = { _ in true }, _ body: () throws -> Value) throws -> Value {
        guard isReplicated else { return try body() }
        do {
            let value = try body()
            if isEnough(value) { return value }
        } catch let fault as Fault where fault.kind == .notFound {}
        try catchUp()
        return try body()
    }
}

extension MariaDBCatalog: HealthProbe {
    package var healthName: String { "database" }

    package func checkHealth() throws(Fault) {
        let isOutside = try database.read("Asking the database") { connection in
            _ = try connection.first(Self.revision)
            return connection.isOutside
        }
        if isOutside { throw Fault(.unavailable, "The image database takes no changes now, and what is read may be old.") }
    }

    /// A node outside its Galera cluster answers what needs no table.
    private static let revision = Query("SELECT version_num FROM alembic_version LIMIT 1") { row throws(MariaDBError) in try row.text(0) }
}
