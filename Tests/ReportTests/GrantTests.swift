import MariaDB
import Schema
import TestSupport
import Testing

/// `glance-manage db grant_reports`: what an account for reports sees.
@Suite struct `An account for reports` {
    @Test func `sees the views and nothing else`() throws {
        let database = try ReportDatabase.synced()
        let user = "a\(database.name)"
        try database.execute("CREATE USER \(user)@`%`")
        let grant = try database.manage("db", "grant_reports", "--user", user, "--apply")
        #expect(grant.status == 0 && grant.errors == "", "\(grant.errors)")
        let reader = try database.connect(as: user)
        for report in Schema.reports { try reader.execute("SELECT * FROM \(report.name)") }

        #expect(
            try database.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()", on: reader)
                .map { $0[0]! }.sorted() == Schema.reports.map(\.name))
        let tables = try database.texts(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = '\(database.name)' AND table_type = 'BASE TABLE'")
        #expect(tables.contains("images") && tables.contains("vitrine_jobs"))
        for table in tables {
            for statement in ["SELECT 1 FROM \(table)", "DELETE FROM \(table)", "SHOW CREATE TABLE \(table)", "DROP TABLE \(table)"] {
                #expect(throws: MariaDBError.self, "\(statement)") { try reader.execute(statement) }
            }
        }
        for statement in [
            "SELECT * FROM mysql.user", "SHOW CREATE VIEW report_sharing", "DROP VIEW report_sharing", "CREATE TABLE t (a int)",
            "UPDATE report_sharing SET status = 'accepted'", "DELETE FROM report_public_catalogue",
            "CREATE OR REPLACE VIEW report_sharing AS SELECT 1 AS one", "GRANT SELECT ON report_sharing TO root@localhost",
        ] {
            #expect(throws: MariaDBError.self, "\(statement)") { try reader.execute(statement) }
        }
        #expect(try database.rows("SELECT COUNT(*) FROM information_schema.views WHERE view_definition <> ''", on: reader) == [["0"]])
    }

    @Test func `may be kept from some views, also later`() throws {
        let database = try ReportDatabase.synced()
        let user = "a\(database.name)"
        try database.execute("CREATE USER \(user)@localhost")
        #expect(try database.manage("db_grant_reports", "--user=\(user)", "--host=localhost", "--apply").status == 0)
        let reader = try database.connect(as: user)
        try reader.execute("SELECT * FROM report_sharing")
        let narrowed = try database.manage(
            "db", "grant_reports", "--user", user, "--host", "localhost", "--without", "report_sharing", "--apply")
        #expect(narrowed.status == 0 && !narrowed.text.contains("GRANT SELECT ON `\(database.name)`.`report_sharing`"))
        #expect(throws: MariaDBError.self) { try reader.execute("SELECT * FROM report_sharing") }
        try reader.execute("SELECT * FROM report_public_catalogue")
        // Once more: nothing is left to take back.
        #expect(
            try database.manage("db", "grant_reports", user, "localhost", "report_sharing", "--apply").status == 0)
        let unknown = try database.manage("db", "grant_reports", "--user", user, "--without", "report_shoring")
        #expect(unknown.status == 1 && unknown.errors.contains("no view report_shoring"))
    }

    @Test func `is not made, and its name cannot become SQL`() throws {
        let database = try ReportDatabase.synced()
        for user in ["x'y\(database.name)", "x`y\(database.name)", "x\\\(database.name)", "x'@'%' ; DROP TABLE images; -- "] {
            let absent = try database.manage("db", "grant_reports", "--user", user, "--apply")
            #expect(absent.status == 1)
            #expect(absent.errors.contains("no account") || absent.errors.contains("not one"), "\(absent.errors)")
            let text = user.replacing("`", with: "``")
            guard !user.hasSuffix(" ") else { continue }
            try database.execute("CREATE USER `\(text)`@`%`")
            let grant = try database.manage("db", "grant_reports", "--user", user)
            #expect(grant.status == 0)
            // As an administrator runs what was printed.
            try database.execute(
                grant.text.split(separator: "\n").filter { !$0.hasPrefix("--") }.map { String($0.dropLast()) })
            try database.connect(as: user).execute("SELECT * FROM report_sharing")
        }
        #expect(try database.texts("SELECT COUNT(*) FROM images") == ["0"])
        for wrong in ["", " ", "a\nb", "a\u{7F}b", String(repeating: "x", count: 200)] {
            #expect(try database.manage("db", "grant_reports", "--user=\(wrong)").status != 0)
        }
    }

    @Test func `is granted by an administrator where Glance's account may not`() throws {
        let database = try ReportDatabase.synced()
        let (user, owner) = ("a\(database.name)", "o\(database.name)")
        try database.execute(
            "CREATE USER \(user)@localhost", "CREATE USER \(owner)@localhost", "GRANT ALL ON \(database.name).* TO \(owner)@localhost")
        let refused = try database.manage("db", "grant_reports", "--user", user, "--host", "localhost", "--apply", as: owner)
        #expect(refused.status == 1 && refused.errors.contains("may not grant") && refused.text.contains("CREATE USER"))
        let none = try ReportDatabase()
        let early = try none.manage("db", "grant_reports", "--user", user)
        #expect(early.status == 1 && early.errors.contains("glance-manage db sync"))
    }
}
