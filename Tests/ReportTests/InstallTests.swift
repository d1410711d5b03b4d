import Foundation
import MariaDB
import Persistence
import Schema
import TestSupport
import Testing

/// `glance-manage db sync`, `db check` and `db drop_reports` with the views.
@Suite struct `The views for reports` {
    static let names = Schema.reports.map(\.name)

    @Test func `are made by db sync, and dropped and made again without a change of a table`() throws {
        let database = try ReportDatabase.synced()
        #expect(try database.views == Self.names)
        let tables = try database.tables
        let again = try database.manage("db", "sync")
        #expect(again.status == 0 && again.text == "Database is up to date. No migrations needed.\n" && again.errors == "")
        let check = try database.manage("db", "check")
        #expect(check.status == 0 && check.text == "Database is up to date. No upgrades needed.\n" && check.errors == "")

        try database.execute("CREATE VIEW report_of_the_site AS SELECT 1 AS one")
        let drop = try database.manage("db", "drop_reports")
        #expect(drop.status == 0 && drop.text.contains("Dropped \(Self.names.count) views"))
        #expect(try database.views == ["report_of_the_site"])
        let nothing = try database.manage("db_drop_reports")
        #expect(nothing.status == 0 && nothing.text == "There are no views for reports.\n")
        let remark = try database.manage("db", "check")
        #expect(remark.status == 0 && remark.errors.contains("Views for reports are missing") && remark.errors.contains(Self.names[0]))
        #expect(try database.manage("db", "expand").status == 0)
        #expect(try database.views == (Self.names + ["report_of_the_site"]).sorted())
        #expect(try database.tables == tables)
        #expect(try database.manage("db", "upgrade").status == 0)
    }

    @Test(arguments: Schema.reports.map(\.name)) func `have the columns of their header, and an example that runs`(_ name: String) throws {
        let database = try Self.empty.get()
        let report = try #require(Schema.reports.first { $0.name == name })
        let columns = try database.texts(
            """
            SELECT column_name FROM information_schema.columns WHERE table_schema = '\(database.name)' AND table_name = '\(name)'
             ORDER BY ordinal_position
            """)
        #expect(columns == report.columns.map(\.name))
        try database.execute(report.example, "SELECT * FROM \(name)")
    }
    static let empty = Result { try ReportDatabase.synced() }

    @Test func `do not take the place of a view or table of the site`() throws {
        let database = try ReportDatabase()
        try database.execute("CREATE VIEW report_sharing AS SELECT 1 AS one", "CREATE TABLE report_public_catalogue (one int)")
        let sync = try database.manage("db", "sync")
        #expect(sync.status == 0)
        let warnings = sync.errors.split(separator: "\n").filter { $0.hasPrefix("warning: ") }
        #expect(warnings.count == 1 && warnings[0].hasSuffix("again: report_public_catalogue, report_sharing."))
        #expect(try database.texts("SELECT one FROM report_sharing") == ["1"])
        #expect(try database.manage("db", "drop_reports").status == 0)
        #expect(try database.views == ["report_sharing"])
        try database.execute("DROP VIEW report_sharing", "DROP TABLE report_public_catalogue")
        #expect(try database.manage("db", "sync").errors == "")
        #expect(try database.views == Self.names)
    }

    @Test func `whose name the site has given to a table since are forgotten`() throws {
        let database = try ReportDatabase.synced()
        try database.execute("DROP VIEW report_sharing", "CREATE TABLE report_sharing (one int)", "INSERT INTO report_sharing VALUES (1)")
        let sync = try database.manage("db", "sync")
        #expect(sync.status == 0 && sync.errors.contains("left alone") && sync.errors.contains("report_sharing"))
        #expect(try database.manage("db", "drop_reports").status == 0)
        #expect(try database.texts("SELECT one FROM report_sharing") == ["1"])
        #expect(try database.views == [])
    }

    @Test func `of an earlier release are dropped, those of a later one are not`() throws {
        let database = try ReportDatabase.synced()
        try database.execute(
            "CREATE VIEW report_former AS SELECT 1 AS one", "CREATE VIEW report_later AS SELECT 1 AS one",
            "CREATE VIEW report_of_site AS SELECT 1 AS one",
            "INSERT INTO vitrine_reports VALUES ('report_former', UTC_TIMESTAMP()), ('report_later', UTC_TIMESTAMP())")
        let views = ReportViews(
            Database(Pool(try Address(url: database.server.url(of: database.name)))), former: ["report_former", "report_of_site"])
        #expect(try views.install() == [])
        #expect(try database.views == (Self.names + ["report_later", "report_of_site"]).sorted())
        #expect(try views.drop() == (Self.names + ["report_later"]).sorted())
        #expect(try database.views == ["report_of_site"])
    }

    @Test func `are no reason for db sync to fail when the account may not make them`() throws {
        let database = try ReportDatabase()
        let user = "u\(database.name)"
        try database.execute(
            "CREATE USER \(user)@localhost", "GRANT ALL ON \(database.name).* TO \(user)@localhost",
            "REVOKE CREATE VIEW ON \(database.name).* FROM \(user)@localhost")
        let sync = try database.manage("db", "sync", as: user)
        #expect(sync.status == 0 && sync.text.contains("Database is synced successfully."))
        let warnings = sync.errors.split(separator: "\n").filter { $0.hasPrefix("warning: ") }
        #expect(warnings.count == 1 && warnings[0].contains("CREATE VIEW"))
        #expect(try database.views == [])
        #expect(try database.texts("SELECT name FROM vitrine_reports") == [])
        let check = try database.manage("db", "check", as: user)
        #expect(check.status == 0 && check.errors.contains("missing"))
        try database.execute("GRANT CREATE VIEW ON \(database.name).* TO \(user)@localhost")
        #expect(try database.manage("db", "sync", as: user).errors == "")
        #expect(try database.views == Self.names)

        try database.execute("REVOKE DROP ON \(database.name).* FROM \(user)@localhost")
        let refused = try database.manage("db", "drop_reports", as: user)
        #expect(refused.status == 1 && refused.errors.contains("may not drop"))
        let replaced = try database.manage("db", "sync", as: user)
        #expect(replaced.status == 0 && replaced.errors.split(separator: "\n").count == 1 && replaced.errors.contains("DROP"))
        #expect(try database.views == Self.names)
    }

    @Test func `are mended by db sync when the account that made them is gone`() throws {
        let database = try ReportDatabase()
        let (former, user) = ("f\(database.name)", "u\(database.name)")
        for name in [former, user] {
            try database.execute("CREATE USER \(name)@localhost", "GRANT ALL ON \(database.name).* TO \(name)@localhost")
        }
        #expect(try database.manage("db", "sync", as: former).status == 0)
        try database.execute("DROP USER \(former)@localhost")
        let check = try database.manage("db", "check", as: user)
        #expect(check.status == 0 && check.errors.contains("cannot be read") && check.errors.split(separator: "\n").count == 1)
        let sync = try database.manage("db", "sync", as: user)
        #expect(sync.status == 0 && sync.errors == "")
        #expect(try database.manage("db", "check", as: user).errors == "")
        #expect(
            try database.texts("SELECT DISTINCT definer FROM information_schema.views WHERE table_schema = '\(database.name)'") == [
                "\(user)@localhost"
            ])
    }

    @Test func `are made by one of two that begin at once`() async throws {
        let database = try ReportDatabase()
        let ends = try await atOnce(2) { _ in
            let sync = try database.manage("db", "sync")
            return (sync.status, sync.errors)
        }
        #expect(ends.allSatisfy { $0.0 == 0 && !$0.1.contains("warning") }, "\(ends)")
        #expect(try database.views == Self.names)
    }

    @Test func `that somebody is reading are replaced later`() throws {
        let database = try ReportDatabase.synced()
        let reader = try database.server.connect(to: database.name)
        try reader.execute("SET SESSION idle_transaction_timeout = 600")
        try reader.execute("START TRANSACTION")
        try reader.execute("SELECT * FROM report_sharing")
        let sync = try database.manage("db", "sync")
        #expect(sync.status == 0 && sync.errors.contains("run `glance-manage db sync` again later: report_sharing."))
        try reader.execute("COMMIT")
        #expect(try database.manage("db", "sync").errors == "")
    }

    @Test func `stay out of the way of Glance's own glance-manage`() throws {
        let manages = try GlanceManages()
        let name = manages.theirs
        let server = try SharedMariaDB.running()
        let ours = { (words: String...) in
            try Command("\(TestGlance.programs)/glance-manage", ["--config-file", manages.configuration(of: name)] + words)
        }
        func theirs() throws {
            let lines = ["db sync", "db check", "db purge --age_in_days 1", "db purge_images_table --age_in_days 1", "db version"]
            for (line, end) in zip(lines, try manages.theirs(lines.map { "--config-file CONF \($0)" })) {
                #expect(end.status == 0, "\(line): \(end)")
            }
        }
        try theirs()
        #expect(try ours("db", "sync").status == 0)
        func views() throws -> [String] {
            try server.connect(to: name).all(
                Query("SELECT table_name FROM information_schema.views WHERE table_schema = '\(name)' ORDER BY 1") {
                    row throws(MariaDBError) in try row.text(0)
                })
        }
        #expect(try views().sorted() == Self.names)
        try theirs()
        #expect(try ours("db", "sync").errors == "")
        #expect(try views().sorted() == Self.names)
    }
}
