internal import ArgumentParser
internal import Foundation
internal import Persistence
internal import Schema

/// The commands that upgrade the tables: in one step, or in three while an older Glance still runs.
///
/// This release only adds to the tables of earlier ones, so the first step does everything. The second does nothing, and the third notes
/// that no older Glance uses the database any more.
extension DB {
    struct Sync: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Upgrades the database to the tables of this release.",
            discussion: "A database of any Glance since Ocata is upgraded with its content.")
        @OptionGroup var arguments: ConfigurationArguments

        @ArgumentParser.Option(name: .customLong("version"), help: "Ignored, as in Glance.")
        var version: String?

        func run() throws {
            let database = try arguments.database()
            let migrations = Migrations(database)
            if try !migrations.isAllDone {
                try migrations.tellingExpand()
                try migrations.tellingMigrate()
                try migrations.tellingContract()
                print("Database is synced successfully.")
            }
            try ReportViews(database).installTelling()
        }
    }

    struct Upgrade: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Upgrades the database to a revision.")
        @OptionGroup var arguments: ConfigurationArguments

        @ArgumentParser.Option(name: .customLong("version"), help: "The revision; heads for this release's.")
        var version = "heads"

        func run() throws {
            let database = try arguments.database()
            let migrations = Migrations(database)
            switch version {
            case "heads", Schema.alembicRevision:
                try migrations.apply(announce)
                try ReportViews(database).installTelling()
            case Schema.expandedRevision:
                try migrations.expand(announce)
                try ReportViews(database).installTelling()
            case _ where GlanceRevisions.revisions.contains(version):
                guard GlanceRevisions.reach(version, from: try migrations.state().revisions) else {
                    throw Refused(
                        description:
                            "This release cannot create the tables of \(version); run `glance-manage db sync` for its own.")
                }
            default: throw UnknownRevision(name: version)
            }
            try migrations.tellUpgrade(to: version)
        }
    }

    struct Expand: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds what this release needs, while an older Glance still runs.", discussion: "The first of three steps.")
        @OptionGroup var arguments: ConfigurationArguments

        func run() throws {
            let database = try arguments.database()
            let migrations = Migrations(database)
            if try !migrations.isAllDone { try migrations.tellingExpand() }
            try ReportViews(database).installTelling()
        }
    }

    struct Migrate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Migrates data for this release.", discussion: "The second of three steps; in this release it has nothing to do."
        )
        @OptionGroup var arguments: ConfigurationArguments

        func run() throws {
            let migrations = try arguments.migrations()
            if try !migrations.isAllDone { try migrations.tellingMigrate() }
        }
    }

    struct Contract: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Notes that no older Glance uses the database any more.", discussion: "The last of three steps; it removes nothing."
        )
        @OptionGroup var arguments: ConfigurationArguments

        func run() throws {
            let migrations = try arguments.migrations()
            if try !migrations.isAllDone { try migrations.tellingContract() }
        }
    }

    /// A step that cannot be done yet, or an operation that does not exist.
    struct Refused: Error, CustomStringConvertible {
        let description: String
    }
}

/// Reports a migration on standard error, because standard output has Glance's texts.
private func announce(_ step: MigrationStep) {
    guard let text = step.text else { return }
    FileHandle.standardError.write(Data("\(text)\n".utf8))
}

extension MigrationStep {
    /// Rows from which on a change of a table takes long.
    private static let many = 100_000

    fileprivate var text: String? {
        switch self {
        case .begins(let migration, let rows, let stopsCluster):
            guard let table = migration.alteredTable, rows >= Self.many, !migration.onlyDropsIndexes else {
                return "applying \(migration.name)"
            }
            let indexes = migration.addedIndexes
            let what = indexes > 0 ? "\(indexes) index\(indexes == 1 ? "" : "es") of \(table)" : "a change of \(table)"
            return """
                applying \(migration.name): \(what), which has about \(rows) rows. This may take minutes, and space on the disk; \
                \(stopsCluster ? "the cluster does nothing else meanwhile" : "the service may go on meanwhile").
                """
        case .waits(let migration):
            return """
                \(migration.name) waits for transactions that use \(migration.alteredTable ?? "its table"), such as a backup's. Others are let \
                through; it is tried again every few seconds.
                """
        case .ends(let migration, let seconds):
            return seconds < 2 ? nil : "applied \(migration.name) in \(seconds) s"
        }
    }
}

extension Migrations {
    /// Whether nothing is left to do; then it prints so.
    fileprivate var isAllDone: Bool {
        get throws {
            guard try state().isComplete else { return false }
            print("Database is up to date. No migrations needed.")
            return true
        }
    }

    fileprivate func tellingExpand() throws {
        if try state().isExpanded { return print("Database expansion is up to date. No expansion needed.") }
        try expand(announce)
        try tellUpgrade(to: Schema.expandedRevision)
    }

    fileprivate func tellingMigrate() throws {
        guard try state().isExpanded else {
            throw DB.Refused(
                description: """
                    Data migration did not run. Data migration cannot be run before database expansion. Run database expansion first using \
                    "glance-manage db expand"
                    """)
        }
        print("Database migration is up to date. No migration needed.")
    }

    fileprivate func tellingContract() throws {
        guard try state().isExpanded else {
            throw DB.Refused(
                description: """
                    Database contraction did not run. Database contraction cannot be run before database expansion. Run database expansion \
                    first using "glance-manage db expand"
                    """)
        }
        try contract()
        try tellUpgrade(to: Schema.alembicRevision)
    }

    fileprivate func tellUpgrade(to version: String) throws {
        let revisions = try state().revisions.joined(separator: ", ")
        print("Upgraded database\(version == "heads" ? "" : " to: \(version)"), current revision(s): \(revisions)")
    }
}
