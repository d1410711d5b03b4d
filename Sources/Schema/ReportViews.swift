internal import Foundation
package import Domain
internal import MariaDB
package import Persistence

/// Makes, replaces, drops and grants the views for reports.
///
/// The table `vitrine_reports` names the views that were made here; a view or table of the same name that somebody else made is left alone.
package struct ReportViews: Sendable {
    private let database: Database
    private let reports: [Schema.Report]
    private let former: [String]

    /// - Parameters:
    ///   - reports: the views of this release.
    ///   - former: the names of views that earlier releases had and this one has not. A release does not drop views of later ones.
    package init(_ database: Database, reports: [Schema.Report] = Schema.reports, former: [String] = Schema.formerReports) {
        (self.database, self.reports, self.former) = (database, reports, former)
    }

    // MARK: making

    /// Makes or replaces all views, and drops those that this release no longer has. A second caller waits for the first.
    ///
    /// - Returns: a sentence for each reason for which views could not be made.
    /// - Throws: `.unavailable` if the database cannot be reached.
    package func install() throws(Fault) -> [String] {
        var failures = Failures(isCluster: false)
        let worker = UUID().uuidString
        try database.alone("Making the views for reports", waiting: Self.patience) { connection in
            failures = Failures(isCluster: connection.isReplicated)
            if connection.isReplicated { try takeTurn(as: worker) }
            defer { if connection.isReplicated { try? turns.releaseLeaderLease(Self.turn, by: worker) } }
            let (present, ours) = try (Set(connection.all(Self.present)), try noted(on: connection))
            for report in reports {
                guard ours.contains(report.name) || !present.contains(report.name) else {
                    failures.foreign.append(report.name)
                    continue
                }
                if !ours.contains(report.name) { try connection.run(Self.note, .text(report.name)) }
                do throws(MariaDBError) {
                    try connection.execute(report.sql)
                } catch {
                    if !ours.contains(report.name) { try connection.run(Self.forget, .text(report.name)) }
                    try failures.add(report.name, error)
                }
            }
            for name in former where ours.contains(name) {
                do throws(MariaDBError) {
                    try drop(name, on: connection)
                } catch {
                    try failures.add(name, error)
                }
            }
        }
        return failures.sentences
    }

    /// At a node of a cluster, waits until no other node makes views: statements that meet would undo one another, again and again.
    private func takeTurn(as worker: String) throws(Fault) {
        while try !turns.acquireLeaderLease(Self.turn, by: worker, seconds: 60) { usleep(200_000) }
    }

    private var turns: MariaDBCatalog { MariaDBCatalog(database) }
    private static let turn = "report views"

    /// Seconds for which a view waits for those who read it. Meanwhile others who want to read it wait too.
    private static let patience: UInt32 = 5

    /// Views that could not be made, by reason.
    private struct Failures {
        /// Whether a conflict may be with another node that makes the same views; then all are made once more.
        let isCluster: Bool
        var foreign: [String] = []
        var denied: [String] = []
        var busy: [String] = []
        var others: [String] = []

        mutating func add(_ name: String, _ error: MariaDBError) throws {
            switch error.number {
            case _ where error.isUnavailable || isCluster && error.isConflict: throw error
            case 1205: busy.append(name)
            // 1347: a table has the name now.
            case 1347: foreign.append(name)
            case _ where error.isDenial: denied.append(name)
            default: others.append("\(name) (MariaDB's error \(error.number))")
            }
        }

        var sentences: [String] {
            func list(_ names: [String]) -> String { names.joined(separator: ", ") }
            return [
                denied.isEmpty
                    ? nil
                    : """
                    \(denied.count) views for reports were not made, because the account of [database] connection has no right to: grant \
                    it CREATE VIEW and DROP on this database, and run `glance-manage db sync` again.
                    """,
                busy.isEmpty
                    ? nil
                    : "Views for reports that are being read were not replaced; run `glance-manage db sync` again later: \(list(busy)).",
                foreign.isEmpty
                    ? nil
                    : """
                    Views or tables that somebody else made have the names of views for reports, and were left alone; rename them and run \
                    `glance-manage db sync` again: \(list(foreign)).
                    """,
                others.isEmpty ? nil : "Views for reports could not be made: \(list(others)).",
            ].compactMap(\.self)
        }
    }

    // MARK: looking

    /// What is wrong with the views; both are empty if nothing is.
    package struct State: Sendable {
        /// The views that are not there, or that somebody else made.
        package let missing: [String]
        /// The views that cannot be read, because the account that made them is gone or a table has changed.
        package let broken: [String]
    }

    /// Looks at every view, without reading rows.
    package func state() throws(Fault) -> State {
        try database.read("Looking at the views for reports") { connection in
            let (present, ours) = try (Set(connection.all(Self.present)), try noted(on: connection))
            let usable = reports.map(\.name).filter { present.contains($0) && ours.contains($0) }
            let broken = try usable.filter { name in
                do throws(MariaDBError) {
                    try connection.execute("SELECT 1 FROM \(quotedIdentifier(name)) LIMIT 0")
                    return false
                } catch {
                    if error.isUnavailable { throw error }
                    return true
                }
            }
            return State(missing: reports.map(\.name).filter { !usable.contains($0) }, broken: broken)
        }
    }

    // MARK: dropping

    /// Drops all views that were made here, also those of other releases.
    ///
    /// - Returns: their names.
    /// - Throws: `.forbidden` if the database's account may not drop them.
    package func drop() throws(Fault) -> [String] {
        var dropped: [String] = []
        try database.alone("Dropping the views for reports", waiting: 60) { connection in
            for name in try noted(on: connection) {
                do throws(MariaDBError) {
                    try drop(name, on: connection)
                } catch {
                    guard error.isDenial else { throw error }
                    throw Fault(
                        .forbidden, "The account of [database] connection may not drop \(name): grant it DROP on this database.",
                        cause: error)
                }
                dropped.append(name)
            }
        }
        return dropped
    }

    private func drop(_ name: String, on connection: Connection) throws(MariaDBError) {
        do throws(MariaDBError) {
            try connection.execute("DROP VIEW IF EXISTS \(quotedIdentifier(name))")
        } catch {
            // 1347, or 1965: the name is that of a table now, which somebody else made.
            guard error.number == 1347 || error.number == 1965 else { throw error }
        }
        try connection.run(Self.forget, .text(name))
    }

    // MARK: granting

    /// Statements that let an account read views for reports.
    package struct Grants: Sendable {
        package let account: ReportAccount
        /// The views that the account may read.
        package let views: [String]
        /// The views that the account must not read.
        package let withheld: [String]
        /// The views that are not there, so that nobody can be let read them.
        package let missing: [String]
        fileprivate let database: String

        /// Statements that never make an account: a server may be set to make one without a password.
        package var statements: [String] {
            ["SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_CREATE_USER')"]
                + views.map { "GRANT SELECT ON \(quotedIdentifier(database)).\(quotedIdentifier($0)) TO \(account.sql)" }
        }

        /// Statements that take back what may have been granted before.
        package var revocations: [String] {
            withheld.map { "REVOKE SELECT ON \(quotedIdentifier(database)).\(quotedIdentifier($0)) FROM \(account.sql)" }
        }
    }

    /// Plans the grants for an account.
    ///
    /// - Parameter withheld: names of views that the account must not read.
    /// - Throws: `.notFound` for a name that no view has, and if there are no views.
    package func grants(to account: ReportAccount, without withheld: [String]) throws(Fault) -> Grants {
        let names = reports.map(\.name)
        if let unknown = withheld.first(where: { !names.contains($0) }) {
            throw Fault(.notFound, "There is no view \(unknown); the views are \(names.joined(separator: ", ")).")
        }
        return try database.read("Looking for the views for reports") { connection in
            let (present, ours) = try (Set(connection.all(Self.present)), try noted(on: connection))
            let usable = names.filter { present.contains($0) && ours.contains($0) }
            guard !usable.isEmpty, let schema = try connection.first(Self.database) else {
                throw Fault(.notFound, "There are no views for reports in this database; run `glance-manage db sync` first.")
            }
            return Grants(
                account: account, views: usable.filter { !withheld.contains($0) }, withheld: usable.filter { withheld.contains($0) },
                missing: names.filter { !usable.contains($0) }, database: schema)
        }
    }

    /// Runs the grants, and takes back what the account must not have.
    ///
    /// - Throws: `.forbidden` if the database's account may not grant, `.notFound` if the account does not exist.
    package func apply(_ grants: Grants) throws(Fault) {
        try database.alone("Granting the views for reports") { connection in
            do throws(MariaDBError) {
                for statement in grants.statements { try connection.execute(statement) }
                for statement in grants.revocations { try revoke(statement, on: connection) }
            } catch {
                if error.isDenial {
                    throw Fault(
                        .forbidden,
                        "The account of [database] connection may not grant rights: run the printed statements as an administrator of MariaDB.",
                        cause: error)
                }
                guard [1133, 1141, 1269, 1410].contains(error.number) else { throw error }
                throw Fault(.notFound, "There is no account \(grants.account.sql): make it with CREATE USER first.", cause: error)
            }
        }
    }

    private func revoke(_ statement: String, on connection: Connection) throws(MariaDBError) {
        do throws(MariaDBError) {
            try connection.execute(statement)
        } catch {
            // 1147: it was not granted.
            guard error.number == 1147 else { throw error }
        }
    }

    // MARK: SQL

    /// The views that were made here, sorted by name; none in a database of an earlier release.
    private func noted(on connection: Connection) throws(MariaDBError) -> [String] {
        try connection.first(Self.hasNotes) == nil ? [] : try connection.all(Self.ours)
    }

    private static let hasNotes = Query(
        "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'vitrine_reports'"
    ) { row throws(MariaDBError) in try row.int(0) }
    private static let ours = Query("SELECT name FROM vitrine_reports ORDER BY name") { row throws(MariaDBError) in try row.text(0) }
    private static let present = Query(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE 'report\\_%'"
    ) { row throws(MariaDBError) in try row.text(0) }
    private static let database = Query("SELECT DATABASE()") { row throws(MariaDBError) in try row.text(0) }
    private static let note = "INSERT IGNORE INTO vitrine_reports (name, installed_at) VALUES (?, UTC_TIMESTAMP())"
    private static let forget = "DELETE FROM vitrine_reports WHERE name = ?"
}

/// An account of MariaDB that reads reports.
package struct ReportAccount: Sendable, Equatable {
    package let user: String
    package let host: String

    /// - Throws: `.invalid` for a name that no account can have.
    package init(user: String, host: String) throws(Fault) {
        for (what, text, most) in [("user", user, 80), ("host", host, 60)] {
            guard !text.isEmpty, text.unicodeScalars.count <= most, text.last != " ",
                text.unicodeScalars.allSatisfy({ 0x20...0xFFFF ~= $0.value && !(0x7F...0x9F ~= $0.value) })
            else { throw Fault(.invalid, "The \(what) is not one that an account of MariaDB can have.") }
        }
        (self.user, self.host) = (user, host)
    }

    /// The account as a statement names it. Backticks hold in every SQL mode, unlike apostrophes, within which a backslash may count.
    package var sql: String { "\(quotedIdentifier(user))@\(quotedIdentifier(host))" }
}

extension MariaDBError {
    /// Whether the account lacks a right.
    ///
    /// 1044 to a database, 1045 to the server, 1142 to a table, 1143 to a column, 1227 a privilege of the server, 1370 a routine.
    fileprivate var isDenial: Bool { [1044, 1045, 1142, 1143, 1227, 1370].contains(number) }
}
