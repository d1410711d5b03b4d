import Foundation
import MariaDB
import Schema
import TestSupport
import Testing
import Threading

/// What goes wrong: one sentence on standard error, and a status that is not 0.
@Suite struct `A report that cannot be made` {
    /// Checks that a command ended with a status and one line that contains a text, and printed nothing else.
    private func expect(
        _ command: Command, _ status: Int32, _ text: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(command.status == status, "\(command.errors)", sourceLocation: sourceLocation)
        #expect(command.errors.contains(text), "\(command.errors)", sourceLocation: sourceLocation)
        #expect(command.errors.hasSuffix("\n") && command.errors.dropLast().contains("\n") == false, sourceLocation: sourceLocation)
        #expect(command.output.isEmpty, sourceLocation: sourceLocation)
        #expect(!command.errors.contains("SELECT `") && !command.errors.contains("MariaDBError"), sourceLocation: sourceLocation)
    }

    // swift-format-ignore
    @Test(arguments: [
        ("acounting", "there is no report 'acounting'; did you mean accounting?"),
        ("report_shraing", "did you mean sharing?"),
        ("xyzzy-plugh-frobnicate", "`glance-manage report list` names all"),
        ("property_values --project acme", "has no project to choose by; these have one: account_images, accounting, "),
        ("usage_by_store --since 2026-01-01", "has no time to choose by; these have one: account_images, accounting, "),
        ("growth_daily --until 2026-01-01T12:00", "the report growth_daily has whole days; give a date alone"),
        ("images --since yesterday", "'yesterday' is not a time; give 2026-11-23"),
        ("images --since 2026-02-30", "'2026-02-30' is not a time"),
        ("images --until 2026-01-01T24:00", "is not a time"),
        ("images --until 2026-01-01T10:00:60", "is not a time"),
        ("images --until 2026-01-01T10:00:00+02:00", "is not a time"),
        ("images --since 2026-03-01 --until 2026-03-01", "2026-03-01 00:00:00 is not after --since"),
        ("images --limit 0", "argument --limit: 0 is less than 1"),
        ("images --timeout 100000000", "argument --timeout: 100000000 is not from 0 to 86400"),
        ("images --columns name,colour", "has no column 'colour'; it has image_id, name"),
        ("images --columns ,", "no column is named"),
        ("images --sort name:up", "'up' is neither asc nor desc"),
        ("images --sort colour", "has no column 'colour'"),
        ("accounting --since 2026-01-01 --sort project", "accounting of a period has its own columns and order"),
        ("overview --project acme", "the overview shows everything"),
    ])
    func `because of the command line ends with 2`(_ line: String, _ reason: String) throws {
        // The database is not even asked.
        let words = ["report"] + line.split(separator: " ").map(String.init)
        let command = try Command(
            "\(TestGlance.programs)/glance-manage", words,
            environment: ["OS_DATABASE__CONNECTION": "mysql+pymysql://root@localhost/none?unix_socket=/nowhere"])
        expect(command, 2, reason)
    }

    @Test func `because of a format that does not exist ends with 2`() throws {
        let command = try ReportDatabase().manage("report", "images", "--format", "xml")
        #expect(command.status == 2 && command.errors.contains("'xml' is invalid") && command.output.isEmpty)
    }

    @Test(arguments: ["table", "csv", "json", "html"]) func `in a database without tables says so`(_ format: String) throws {
        let database = try ReportDatabase()
        let reason = "The database has no tables of the image service; run `glance-manage db sync`."
        expect(try database.manage("report", "accounting", "--format", format), 1, reason)
        expect(try database.manage("report", "overview", "--format", format), 1, reason)
    }

    @Test func `in a database of Glance's own, or of an earlier release, says so`() throws {
        let database = try ReportDatabase()
        try database.execute(Schema.migrations.filter(\.makesGlanceTable).map(\.sql))
        try database.execute("INSERT INTO alembic_version VALUES ('2024_1_contract01')")
        expect(
            try database.manage("report", "sharing"), 1,
            "The database is at an older revision (2024_1_contract01, and ")
        expect(try database.manage("report", "accounting", "--since", "2026-01-01"), 1, "so it has no report_accounting; run")
    }

    @Test func `without the views says so`() throws {
        let database = try ReportDatabase.synced()
        _ = try database.manage("db", "drop_reports").succeeded()
        expect(try database.manage("report", "sharing"), 1, "The database has no report_sharing; run `glance-manage db sync`.")
    }

    @Test func `without rights says so`() throws {
        let database = try ReportDatabase.synced()
        let user = "\(database.name)_reader"
        try database.execute("CREATE USER `\(user)`@`localhost`", "GRANT SELECT ON report_sharing TO `\(user)`@`localhost`")
        expect(try database.manage("report", "overview", "--format", "html", as: user), 1, "The database user may not read report_")
        try database.execute("GRANT SELECT ON report_usage_by_store TO `\(user)`@`localhost`")
        expect(
            try database.manage("report", "images", as: user), 1,
            "The database user may not read report_images; `glance-manage db grant_reports` prints")
        #expect(try database.manage("report", "sharing", as: user).status == 0)
        // The page of all shows what the user may see, and names the rest.
        let page = try Referee.page(database.manage("report", "overview", "--format", "html", as: user).output)
        #expect(page["words"]?.string?.contains("may not read") == true && page["tags"]?["table"]?.int == nil)
        try database.execute("CREATE USER `\(user)2`@`localhost` IDENTIFIED BY 'secret'")
        expect(
            try database.manage("report", "sharing", as: "\(user)2"), 1,
            "The database does not accept the user and password of [database] connection.")
    }

    @Test func `in a database that does not exist, or cannot be reached, says so`() throws {
        func report(_ url: String) throws -> Command {
            try Command("\(TestGlance.programs)/glance-manage", ["report", "sharing"], environment: ["OS_DATABASE__CONNECTION": url])
        }
        expect(try report(SharedMariaDB.running().url(of: "nothing_here")), 1, "The database of [database] connection does not exist")
        expect(
            try report("mysql+pymysql://root@localhost/x?unix_socket=/nowhere"), 1,
            "The image database cannot be reached now; see [database] connection")
    }

    // swift-format-ignore
    @Test(arguments: [
        ("DEFINER = `ghost`@`nowhere` SQL SECURITY DEFINER VIEW report_sharing AS SELECT id AS image_id FROM images", "The database user that made the view report_sharing is gone"),
        ("VIEW report_sharing AS SELECT id AS image_id FROM passing", "The view report_sharing reads a table or column that is missing"),
        ("VIEW report_sharing AS SELECT 1 AS something", "The view report_sharing is one of another release; run `glance-manage db sync`."),
    ])
    func `because of a view that is broken says so, and db sync mends it`(_ view: String, _ reason: String) throws {
        let database = try ReportDatabase.synced()
        try database.execute("CREATE TABLE passing (id int)", "CREATE OR REPLACE \(view)", "DROP TABLE passing")
        expect(try database.manage("report", "sharing"), 1, reason)
        #expect(try database.manage("db", "sync").status == 0)
        #expect(try database.manage("report", "sharing").status == 0)
    }

    @Test func `in time says so`() throws {
        let database = try ReportDatabase.synced()
        let lock = try database.blockSharing()
        expect(
            try database.manage("report", "sharing", "--columns", "image_id", "--timeout", "1"), 1,
            "Reading report_sharing took more than 1 s; narrow it down, or allow more with --timeout.")
        _ = lock
    }

    @Test(arguments: ["table", "csv", "json", "html"]) func `for a reader who has gone ends quietly`(_ format: String) throws {
        let database = try ReportDatabase.synced()
        let images = (0..<4000).map { ReportImage(name: String(repeating: "x", count: 200), created: 1_772_323_200 + $0) }
        try database.add(images)
        let line = "'\(TestGlance.programs)/glance-manage' report images --format \(format) --limit 4000 | head -n 2; echo ${PIPESTATUS[0]}"
        let command = try Command("bash", ["-c", line], environment: database.environment)
        let lines = command.text.split(whereSeparator: \.isNewline)
        #expect(command.errors.isEmpty && lines.last == "141" && lines.count == 3)
    }

    @Test func `onto a full disk says so`() throws {
        let database = try ReportDatabase.synced()
        let command = try Command(
            "bash", ["-c", "'\(TestGlance.programs)/glance-manage' report images > /dev/full"], environment: database.environment)
        expect(command, 1, "The output cannot be written: No space left on device.")
    }

    @Test(arguments: [SIGINT, SIGTERM]) func `because it is interrupted ends quietly, and its statement ends too`(_ number: CInt) throws {
        let database = try ReportDatabase.synced()
        let lock = try database.blockSharing()
        let script = """
            import json, os, subprocess, sys, time
            program, socket, database, number = sys.argv[1:5]
            ask = ['mariadb', '--no-defaults', '-uroot', '-S', socket, '-N', '-e',
                   "SELECT COUNT(*) FROM information_schema.processlist WHERE db = '%s' AND info LIKE '%%`report_sharing`%%'" % database]
            def waits(count):
                for _ in range(1200):
                    if subprocess.check_output(ask).strip() == str(count).encode(): return True
                    time.sleep(0.1)
                return False
            report = subprocess.Popen([program, 'report', 'sharing', '--columns', 'image_id'], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            began = waits(1)
            report.send_signal(int(number))
            output, errors = report.communicate()
            print(json.dumps({'began': began, 'status': report.returncode, 'output': output.decode(), 'errors': errors.decode(), 'ended': waits(0)}))
            """
        let text = String(decoding: try JSONEncoder().encode(database.environment), as: UTF8.self)
        let wrapped = "import json, os, sys\nos.environ.update(json.loads(sys.argv.pop(1)))\n" + script
        let end = try Referee.judge(
            wrapped, [], [text, "\(TestGlance.programs)/glance-manage", database.server.socket, database.name, String(number)])
        #expect(end["began"]?.bool == true && end["ended"]?.bool == true)
        #expect(end["status"]?.int == Int64(-number) && end["output"]?.string == "" && end["errors"]?.string == "")
        _ = lock
    }
}

/// Reports beside a service that is used.
@Suite struct `A long report` {
    @Test func `blocks no upload, and shows one state`() throws {
        let glance = try TestGlance()
        let database = ReportDatabase(glance)
        #expect(try database.manage("db", "sync").status == 0)
        let first = try glance.hasActiveImage()
        // The report has its snapshot, has read nothing, and waits.
        let lock = try database.blockSharing("SELECT id AS image_id, name AS name FROM images")
        let end = Monitor(Result<Command, any Error>?.none)
        Thread.detachNewThread {
            let result = Result { try database.manage(["report", "sharing", "--columns", "image_id", "--format", "json"]) }
            end.with { $0 = result }
        }
        #expect(eventually { (try? glance.isWaiting(in: "`report_sharing`")) == true })
        // Another image, and every change of the one that the report is about to read.
        let second = try glance.hasActiveImage()
        #expect(try glance.patch(first, #"[{"op": "replace", "path": "/name", "value": "changed"}]"#).status == 200)
        #expect(try glance.send("DELETE", "/v2/images/\(second)").status == 204)
        #expect(try glance.isWaiting(in: "`report_sharing`"))
        try lock.execute("DO RELEASE_ALL_LOCKS()")
        let report = try end.wait { $0 }.get().succeeded()
        #expect(try report.json.array?.map { $0["image_id"]?.string } == [first])
    }
}

extension ReportDatabase {
    /// The database of a service.
    fileprivate init(_ glance: TestGlance) {
        server = try! SharedMariaDB.running()
        name = glance.databaseName
    }

    /// Puts a view in the place of `report_sharing` that is answered when the returned connection gives up its lock.
    fileprivate func blockSharing(_ select: String = "SELECT id AS image_id FROM images") throws -> Connection {
        let connection = try server.connect(to: name)
        try connection.execute("DO GET_LOCK('\(name)', 0)")
        try execute(
            "CREATE OR REPLACE VIEW report_sharing AS SELECT found.* FROM (SELECT GET_LOCK('\(name)', 600) AS waited) w JOIN (\(select)) found WHERE w.waited >= 0"
        )
        return connection
    }
}
