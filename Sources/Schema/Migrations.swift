package import Domain
internal import Glibc
internal import MariaDB
package import Persistence

/// Creates and upgrades the tables of `sql/`, and reports what is missing.
package struct Migrations: Sendable {
    private let database: Database
    private let patience: Double

    /// Seconds for which a change of a table waits for those who use it, and for which they are let through before it tries again.
    private let tableWait: UInt32

    /// - Parameter patience: the seconds for which a change is repeated after a node of a Galera cluster was lost.
    package init(_ database: Database, patience: Double = Database.clusterPatience, tableWait: UInt32 = 5) {
        (self.database, self.patience, self.tableWait) = (database, patience, tableWait)
    }

    /// The state of a database.
    package struct State: Sendable {
        /// The revisions noted by Glance's own migrations, or by these in their place; empty for a database without tables.
        package let revisions: [String]
        package let missing: [Schema.Migration]

        /// Whether everything exists that this release reads and writes.
        package var isExpanded: Bool {
            missing.isEmpty && (revisions.contains(Schema.expandedRevision) || revisions.contains(Schema.alembicRevision))
        }
        /// Whether, besides, no revision of an older Glance is noted any more.
        package var isComplete: Bool { missing.isEmpty && revisions.contains(Schema.alembicRevision) }
    }

    /// Reads the state of the database.
    package func state() throws(Fault) -> State {
        try database.read("Reading the state of the database") { connection in try state(on: connection) }
    }

    /// Applies the missing migrations, and notes that the database is at this release.
    ///
    /// - Throws: `.conflict` for a database of a Glance that is too old, or newer than this release.
    package func apply(_ tell: (MigrationStep) -> Void) throws(Fault) {
        try expand(tell)
        try contract()
    }

    /// Applies the missing migrations one after another; each counts as soon as it is done. A second caller waits for the first.
    ///
    /// Migrations only add, so that a Glance of the previous release keeps working beside it. A change of a table waits for the
    /// transactions that use it, and meanwhile nobody else can begin to. So it waits for a few seconds only, lets the others through, and
    /// tries again.
    ///
    /// - Throws: `.conflict` for a database of a Glance that is too old, or newer than this release.
    package func expand(_ tell: (MigrationStep) -> Void) throws(Fault) {
        try database.alone("Bringing the database up to date", waiting: tableWait, repeating: patience) { connection in
            let state = try state(on: connection)
            let age = try GlanceRevisions.age(of: state.revisions)
            if age == .older {
                for sql in GlanceRevisions.additions { try connection.execute(sql) }
            }
            for migration in state.missing {
                try apply(migration, on: connection, tell)
                try connection.run(
                    "INSERT IGNORE INTO vitrine_migrations (name, applied_at) VALUES (?, UTC_TIMESTAMP())", .text(migration.name))
            }
            if age != .ours { try note(state.revisions.filter(GlanceRevisions.isContraction) + [Schema.expandedRevision], on: connection) }
        }
    }

    private func apply(_ migration: Schema.Migration, on connection: Connection, _ tell: (MigrationStep) -> Void) throws(MariaDBError) {
        var rows: Int64?
        if let table = migration.alteredTable { rows = try connection.first(Self.rows, .text(table)) }
        tell(.begins(migration, rows: rows ?? 0, stopsCluster: connection.isReplicated))
        let began = ContinuousClock.now
        var hasWaited = false
        while true {
            do throws(MariaDBError) {
                try connection.execute(migration.sql)
                break
            } catch {
                // At a node of a cluster `alone` begins anew.
                guard error.number == MariaDBError.lockTimeout, !connection.isReplicated else { throw error }
                if !hasWaited { tell(.waits(migration)) }
                hasWaited = true
                sleep(tableWait)
            }
        }
        tell(.ends(migration, seconds: (ContinuousClock.now - began).components.seconds))
    }

    /// Notes that no older Glance uses the database any more. Nothing is removed.
    package func contract() throws(Fault) {
        try database.alone("Ending the upgrade of the database", repeating: patience) { connection in
            let state = try state(on: connection)
            guard state.isExpanded else { throw Fault(.conflict, "The database is not expanded.") }
            if !state.isComplete || state.revisions.count > 1 { try note([Schema.alembicRevision], on: connection) }
        }
    }

    /// Sets the noted revision, whatever the database contains; nil for none.
    package func stamp(_ revision: String?) throws(Fault) {
        try database.alone("Placing the database under version control") { connection in
            // The table may not exist yet.
            for migration in Schema.migrations where migration.name.hasSuffix("alembic_version") { try connection.execute(migration.sql) }
            try note([revision].compactMap(\.self), on: connection)
        }
    }

    private func note(_ revisions: [String], on connection: Connection) throws {
        try connection.transaction {
            try connection.run("DELETE FROM alembic_version")
            for revision in revisions { try connection.run("INSERT INTO alembic_version (version_num) VALUES (?)", .text(revision)) }
        }
    }

    private func state(on connection: Connection) throws(MariaDBError) -> State {
        let tables = Set(try connection.all(Self.ourTables))
        let revisions = tables.contains("alembic_version") ? try connection.all(Self.revisions) : []
        let applied = tables.contains("vitrine_migrations") ? Set(try connection.all(Self.applied)) : []
        // If Glance created its own tables, these files have nothing to add.
        let isGlances = revisions.contains(Schema.alembicRevision) || revisions.contains(Schema.expandedRevision)
        let missing = Schema.migrations.filter { !applied.contains($0.name) && !(isGlances && $0.makesGlanceTable) }
        return State(revisions: revisions, missing: missing)
    }

    private static let ourTables = Query(
        """
        SELECT table_name FROM information_schema.tables
         WHERE table_schema = DATABASE() AND table_name IN ('alembic_version', 'vitrine_migrations')
        """
    ) { row throws(MariaDBError) in try row.text(0) }
    /// An estimate.
    private static let rows = Query(
        """
        SELECT CAST(COALESCE(table_rows, 0) AS SIGNED) FROM information_schema.tables
         WHERE table_schema = DATABASE() AND table_name = ?
        """
    ) { row throws(MariaDBError) in try row.int(0) }
    private static let revisions = Query("SELECT version_num FROM alembic_version ORDER BY version_num") { row throws(MariaDBError) in
        try row.text(0)
    }
    private static let applied = Query("SELECT name FROM vitrine_migrations") { row throws(MariaDBError) in try row.text(0) }
}
