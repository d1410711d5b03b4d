internal import ArgumentParser
internal import Domain
internal import Foundation
internal import Schema

/// The commands for the views `report_…`, which `db sync` makes.
extension DB {
    struct DropReports: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "drop_reports", abstract: "Drops the views for reports.",
            discussion: """
                Views that `db sync` did not make stay, and so do all tables. The next `db sync` makes the views again. Rights on them stay \
                with the accounts that have them.
                """)
        @OptionGroup var arguments: ConfigurationArguments

        func run() throws {
            let names = try ReportViews(arguments.database()).drop()
            print(names.isEmpty ? "There are no views for reports." : "Dropped \(names.count) views: \(names.joined(separator: ", ")).")
        }
    }

    struct GrantReports: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "grant_reports", abstract: "Lets an account of MariaDB read the views for reports, and nothing else.",
            discussion: """
                Prints the statements; with --apply it runs them too, which needs an account in [database] connection that may grant. The \
                account itself is made, and taken away, by an administrator of MariaDB.
                """)
        @OptionGroup var arguments: ConfigurationArguments

        @ArgumentParser.Option(name: .customLong("user"), help: "The user name of the account.")
        var user: String
        @ArgumentParser.Option(name: .customLong("host"), help: "The host that it comes from; % for any.")
        var host = "%"
        @ArgumentParser.Option(name: .customLong("without"), help: "Views that it must not read, separated by commas.")
        var without = ""
        @Flag(help: "Run the statements.")
        var apply = false

        func run() throws {
            let account = try ReportAccount(user: user, host: host)
            let views = ReportViews(try arguments.database())
            let withheld = without.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            let grants = try views.grants(to: account, without: withheld)
            print("-- An administrator makes the account: CREATE USER \(account.sql) IDENTIFIED BY '...' WITH MAX_STATEMENT_TIME 60;")
            for statement in grants.statements { print("\(statement);") }
            for statement in grants.revocations { print("-- If it was granted before: \(statement);") }
            if !grants.missing.isEmpty {
                warn("Views that are not there cannot be granted; run `glance-manage db sync`: \(grants.missing.joined(separator: ", ")).")
            }
            guard apply else { return }
            try views.apply(grants)
            print("-- \(account.sql) may read \(grants.views.count) views.")
        }
    }
}

extension ReportViews {
    /// Makes the views. What cannot be made is a warning, since the service does not need them.
    func installTelling() throws {
        for sentence in try install() { warn(sentence) }
    }

    /// Prints what is wrong with the views, which changes no exit status: the service does not need them.
    func remark() {
        do throws(Fault) {
            let state = try state()
            if !state.missing.isEmpty {
                warn("Views for reports are missing; `glance-manage db sync` makes them: \(state.missing.joined(separator: ", ")).")
            }
            if !state.broken.isEmpty {
                warn(
                    """
                    Views for reports cannot be read, because the account that made them is gone or a table has changed; `glance-manage db \
                    sync` makes them anew: \(state.broken.joined(separator: ", ")).
                    """)
            }
        } catch {
            warn("The views for reports could not be looked at: \(error.message)")
        }
    }
}

/// Writes a sentence to standard error, since programs read standard output.
private func warn(_ sentence: String) { FileHandle.standardError.write(Data("warning: \(sentence)\n".utf8)) }
