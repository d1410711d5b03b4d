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
            abstract: "Brings the database to the tables of this release.",
            discussion: "A database of a Glance since Ocata is brought there with all that lies in it.")
        @OptionGroup var arguments: ConfigurationArguments

        @ArgumentParser.Option(name: .customLong("version"), help: "Not looked at, as with Glance: there is one way only.")
        var version: String?

        func run() throws {
            let migrations = try arguments.migrations()
            if try migrations.isAllDone { return }
            try migrations.tellingExpand()
            try migrations.tellingMigrate()
            try migrations.tellingContract()
            print("Database is synced successfully.")
        }
    }

    struct Upgrade: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Brings the database to a revision.")
        @OptionGroup var arguments: ConfigurationArguments

        @ArgumentParser.Option(name: .customLong("version"), help: "The revision; heads, for this release's.")
        var version = "heads"

        func run() throws {
            let migrations = try arguments.migrations()
            switch version {
            case "heads", Schema.alembicRevision: try migrations.apply(each: announce)
            case Schema.expandedRevision: try migrations.expand(each: announce)
            case _ where GlanceRevisions.revisions.contains(version):
                guard GlanceRevisions.reach(version, from: try migrations.state().revisions) else {
                    throw Refused(
                        description:
                            "This release makes no tables of older ones, such as of \(version); `db sync` brings the database to its own.")
                }
            default: throw UnknownRevision(name: version)
            }
            try migrations.tellUpgrade(to: version)
        }
    }

    struct Expand: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds what this release needs, while an older Glance goes on.", discussion: "The first of three steps.")
        @OptionGroup var arguments: ConfigurationArguments

        func run() throws {
            let migrations = try arguments.migrations()
            if try !migrations.isAllDone { try migrations.tellingExpand() }
        }
    }

    struct Migrate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Moves data to where this release looks for them.", discussion: "The second of three steps; there is nothing to move."
        )
        @OptionGroup var arguments: ConfigurationArguments

        func run() throws {
            let migrations = try arguments.migrations()
            if try !migrations.isAllDone { try migrations.tellingMigrate() }
        }
    }

    struct Contract: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Notes that no older Glance is there any more.", discussion: "The last of three steps; there is nothing to take away."
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
private func announce(_ migration: Schema.Migration) { FileHandle.standardError.write(Data("applying \(migration.name)\n".utf8)) }

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
        try expand(each: announce)
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
