package import Domain
internal import MariaDB
package import Schema

/// Brings a database to the tables of `sql/`, and tells how far it is.
package struct Migrations: Sendable {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    package struct State: Sendable {
        /// What Glance's own migrations left there; nil in a database that has no tables yet.
        package let alembicRevision: String?
        package let missing: [Schema.Migration]

        package var isComplete: Bool { alembicRevision == Schema.alembicRevision && missing.isEmpty }
    }

    package func state() throws(Fault) -> State {
        try database.read("Reading the state of the database") { connection in try state(on: connection) }
    }

    /// Applies what is missing, one file after another; each counts as soon as it is done. A second caller waits for the first.
    ///
    /// - Throws: `.conflict` for a database of another Glance release: its own tool must bring it to ours first.
    package func apply(each: (Schema.Migration) -> Void) throws(Fault) {
        try database.run("Bringing the database up to date", within: Self.patience) { connection in
            // A table that others read is theirs for as long as they read.
            try connection.execute("SET SESSION lock_wait_timeout = \(Self.patience), innodb_lock_wait_timeout = 50")
            guard try connection.first(Self.lock) == 1 else {
                throw Fault(.unavailable, "Somebody else brings the database up to date.")
            }
            defer { _ = try? connection.first(Self.unlock) }
            let state = try state(on: connection)
            if let revision = state.alembicRevision, revision != Schema.alembicRevision {
                throw Fault(
                    .conflict,
                    "The database is at Glance's revision \(revision); bring it to \(Schema.alembicRevision) with glance-manage of Glance 2024.1 or later first."
                )
            }
            for migration in state.missing {
                each(migration)
                try connection.execute(migration.sql)
                try connection.run("INSERT INTO vitrine_migrations (name, applied_at) VALUES (?, UTC_TIMESTAMP())", .text(migration.name))
            }
            if state.alembicRevision == nil {
                try connection.run("INSERT INTO alembic_version (version_num) VALUES (?)", .text(Schema.alembicRevision))
            }
        }
    }

    /// Seconds that one file may take: an index over millions of rows. A server that is gone is noticed long before, by the socket.
    private static let patience: UInt32 = 6 * 3600

    private func state(on connection: Connection) throws(MariaDBError) -> State {
        let tables = Set(try connection.all(Self.ourTables))
        let revision = tables.contains("alembic_version") ? try connection.first(Self.revision) : nil
        let applied = tables.contains("vitrine_migrations") ? Set(try connection.all(Self.applied)) : []
        // Where Glance made its own tables, those files have nothing to add.
        let isGlances = revision == Schema.alembicRevision
        let missing = Schema.migrations.filter { !applied.contains($0.name) && !(isGlances && $0.makesGlanceTable) }
        return State(alembicRevision: revision, missing: missing)
    }

    private static let lock = Query("SELECT GET_LOCK(CONCAT('vitrine_migrations.', DATABASE()), 60)") { row throws(MariaDBError) in
        try row.intOrNil(0)
    }
    private static let unlock = Query("SELECT RELEASE_LOCK(CONCAT('vitrine_migrations.', DATABASE()))") { row throws(MariaDBError) in
        try row.intOrNil(0)
    }
    private static let ourTables = Query(
        """
        SELECT table_name FROM information_schema.tables
         WHERE table_schema = DATABASE() AND table_name IN ('alembic_version', 'vitrine_migrations')
        """
    ) { row throws(MariaDBError) in try row.text(0) }
    private static let revision = Query("SELECT version_num FROM alembic_version") { row throws(MariaDBError) in try row.text(0) }
    private static let applied = Query("SELECT name FROM vitrine_migrations") { row throws(MariaDBError) in try row.text(0) }
}
