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
    /// The form of location URLs in the database.
    let column: LocationColumn

    /// - Parameter cipher: encrypts URLs of locations; nil if they are stored plain.
    package init(
        _ database: Database, showsLocations: Bool = false, taskHours: Int = 48, delaysDeletion: Bool = false, outbox: Outbox? = nil,
        cipher: TextCipher? = nil
    ) {
        self.database = outbox == nil ? database : database.wakingAfterTransactions()
        self.showsLocations = showsLocations
        self.taskHours = taskHours
        self.delaysDeletion = delaysDeletion
        self.outbox = outbox
        column = LocationColumn(cipher: cipher)
    }
}

extension MariaDBCatalog {
    /// - Parameter node: this node's name.
    package func cachedImages(of node: String) -> CachedImages { CachedImages(database, node: node) }
}

extension MariaDBCatalog: HealthProbe {
    package var healthName: String { "database" }

    package func checkHealth() throws(Fault) {
        _ = try database.read("Asking the database") { connection in try connection.first(Self.one) }
    }

    private static let one = Query("SELECT 1") { row throws(MariaDBError) in try row.int(0) }
}
