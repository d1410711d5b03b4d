internal import ArgumentParser
internal import OsloConfig
internal import Persistence
internal import Schema
internal import Service

/// The database's tables, and the metadata definitions in them.
struct DB: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "db", abstract: "Looks after the database.",
        subcommands: [Sync.self, Version.self, Check.self, LoadMetadefs.self, UnloadMetadefs.self, ExportMetadefs.self])

    struct Sync: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Brings the database to the tables of this release.")
        @OptionGroup var arguments: ConfigurationArguments

        func run() throws {
            try arguments.migrations().apply { print("applying \($0.name)") }
            print("Database is synced successfully.")
        }
    }

    struct Version: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints the revision that the database is at.")
        @OptionGroup var arguments: ConfigurationArguments

        func run() throws {
            print(try arguments.migrations().state().alembicRevision ?? "None")
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tells whether the database is at the tables of this release.",
            discussion: "Ends with 0 when it is, with 3 when `db sync` has something to add.")
        @OptionGroup var arguments: ConfigurationArguments

        func run() throws {
            let state = try arguments.migrations().state()
            guard !state.isComplete else { return print("Database is up to date. No migrations needed.") }
            for migration in state.missing { print("missing: \(migration.name)") }
            if let revision = state.alembicRevision, revision != Schema.alembicRevision { print("the database is at revision \(revision)") }
            throw ExitCode(3)
        }
    }
}

extension ConfigurationArguments {
    func configuration() throws -> Configuration { try Programs.configuration(files: configFile, directories: configDir) }

    func migrations() throws -> Migrations {
        Migrations(try Wiring(configuration(), program: "glance-manage").makeDatabase(for: 1))
    }
}
