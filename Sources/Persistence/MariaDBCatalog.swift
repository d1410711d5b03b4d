package import Cryptography
package import Domain
internal import MariaDB

/// The catalog in MariaDB, in Glance's own tables.
package struct MariaDBCatalog: Sendable {
    let database: Database
    /// Locations are read with every image, because the answer shows them.
    let showsLocations: Bool
    /// Hours that a task is told of after its end.
    let taskHours: Int
    /// Images that are deleted keep their bytes until they are scrubbed.
    let delaysDeletion: Bool
    /// Nil where nobody is told of changes.
    let outbox: Outbox?
    /// How URLs of locations are written.
    let column: LocationColumn

    /// - Parameter cipher: by which URLs of locations are encrypted; nil where they are not.
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
    /// - Parameter node: what this node is called.
    package func cachedImages(of node: String) -> CachedImages { CachedImages(database, node: node) }
}

extension MariaDBCatalog: HealthProbe {
    package var healthName: String { "database" }

    package func checkHealth() throws(Fault) {
        _ = try database.read("Asking the database") { connection in try connection.first(Self.one) }
    }

    private static let one = Query("SELECT 1") { row throws(MariaDBError) in try row.int(0) }
}
