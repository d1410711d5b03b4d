internal import ArgumentParser
internal import Assembly
internal import Foundation
internal import Options
internal import OsloConfig
internal import Persistence
internal import Schema

/// `db`: upgrades the tables, loads metadata definitions, and purges deleted rows.
///
/// Standard output and exit status are those of Glance 33's `glance-manage`, which tools read.
struct DB: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "db", abstract: "Upgrades and maintains the database.",
        discussion:
            "Each command also has an old name: `db_sync` is `db sync`. Values may be given without the names of their options.",
        subcommands: [
            Check.self, Contract.self, DropReports.self, Expand.self, ExportMetadefs.self, GrantReports.self, LoadMetadefs.self,
            Migrate.self, Purge.self, PurgeImages.self, RefreshReports.self, Sync.self, UnloadMetadefs.self, Upgrade.self, Version.self,
            VersionControl.self,
        ])

    struct Version: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints the revision of the database.")
        @OptionGroup var arguments: ConfigurationArguments

        func run() throws {
            let revisions = try arguments.migrations().state().revisions
            guard revisions.isEmpty else { return print(revisions.joined(separator: "\n")) }
            print(
                """
                Database is either not under migration control or under legacy migration control, please run "glance-manage db sync" to \
                place the database under alembic migration control.
                """)
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks whether the database has the tables of this release.",
            discussion: "Exits with 0 if it has, with 3 if `db expand` is needed, with 5 if `db contract` is needed.")
        @OptionGroup var arguments: ConfigurationArguments

        func run() throws {
            let database = try arguments.database()
            let state = try Migrations(database).state()
            if state.isComplete {
                print("Database is up to date. No upgrades needed.")
                return ReportViews(database).remark()
            }
            if state.isExpanded {
                print("Your database is not up to date. Your next step is to run `glance-manage db contract`.")
                throw ExitCode(5)
            }
            print("Your database is not up to date. Your first step is to run `glance-manage db expand`.")
            let missing = state.missing.map { "missing: \($0.name)\n" }.joined()
            FileHandle.standardError.write(Data(missing.utf8))
            throw ExitCode(3)
        }
    }

    struct VersionControl: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "version_control", abstract: "Sets the noted revision of the database, whatever it contains.")
        @OptionGroup var arguments: ConfigurationArguments

        @ArgumentParser.Option(name: .customLong("version"), help: "The revision; heads for this release's, base for none.")
        var version = "liberty"

        func run() throws {
            let revision: String?
            switch version {
            case "heads": revision = Schema.alembicRevision
            case "base": revision = nil
            case _ where GlanceRevisions.revisions.contains(version): revision = version
            default: throw UnknownRevision(name: version)
            }
            try arguments.migrations().stamp(revision)
            print("Placed database under migration control at revision: \(version)")
        }
    }
}

struct UnknownRevision: Error, CustomStringConvertible {
    let name: String
    var description: String { "Can't locate revision identified by '\(name)'" }
}

extension ConfigurationArguments {
    func configuration() throws -> Configuration { try ProgramConfiguration.read(files: configFile, directories: configDir) }

    func database() throws -> Database { try CompositionRoot(configuration(), program: "glance-manage").database }

    func migrations() throws -> Migrations { Migrations(try database()) }
}
