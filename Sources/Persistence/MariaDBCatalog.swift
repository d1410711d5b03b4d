internal import Domain

/// The catalog in MariaDB, in Glance's own tables.
package struct MariaDBCatalog: Sendable {
    let database: Database
    /// Locations are read with every image, because the answer shows them.
    let showsLocations: Bool

    package init(_ database: Database, showsLocations: Bool = false) {
        self.database = database
        self.showsLocations = showsLocations
    }
}
