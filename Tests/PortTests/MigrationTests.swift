import Domain
import Foundation
import MariaDB
import Persistence
import Schema
import TestSupport
import Testing
import Threading

@Suite(.sharesServices) struct `The database's tables` {
    /// Glance's tables with their columns, as `information_schema` shows them: name, type, and `?` if NULL is allowed.
    static let glanceTables: [(String, String)] = [
        ("alembic_version", "version_num varchar(32)"),
        (
            "images",
            """
            id varchar(36), name varchar(255)?, size bigint(20)?, status varchar(30), \(stamps), disk_format varchar(20)?, \
            container_format varchar(20)?, checksum varchar(32)?, owner varchar(255)?, min_disk int(11), min_ram int(11), \
            protected tinyint(1), virtual_size bigint(20)?, visibility enum('private','public','shared','community'), \
            os_hidden tinyint(1), os_hash_algo varchar(64)?, os_hash_value varchar(128)?
            """
        ),
        ("image_properties", "id int(11), image_id varchar(36), name varchar(255), value text?, \(stamps)"),
        ("image_tags", "id int(11), image_id varchar(36), value varchar(255), \(stamps)"),
        ("image_locations", "id int(11), image_id varchar(36), value text, \(stamps), meta_data text?, status varchar(30)"),
        ("image_members", "id int(11), image_id varchar(36), member varchar(255), can_share tinyint(1), \(stamps), status varchar(20)"),
        (
            "tasks",
            """
            id varchar(36), type varchar(30), status varchar(30), owner varchar(255), expires_at datetime?, \(stamps), \
            image_id varchar(36)?, request_id varchar(64)?, user_id varchar(64)?
            """
        ),
        ("task_info", "task_id varchar(36), input text?, result text?, message text?"),
        (
            "metadef_namespaces",
            """
            id int(11), namespace varchar(80), display_name varchar(80)?, description text?, visibility varchar(32)?, \
            protected tinyint(1)?, owner varchar(255), created_at datetime, updated_at datetime?
            """
        ),
        (
            "metadef_objects",
            """
            id int(11), namespace_id int(11), name varchar(80), description text?, required text?, json_schema text, \
            created_at datetime, updated_at datetime?
            """
        ),
        (
            "metadef_properties",
            "id int(11), namespace_id int(11), name varchar(80), json_schema text, created_at datetime, updated_at datetime?"
        ),
        ("metadef_tags", "id int(11), namespace_id int(11), name varchar(80), created_at datetime, updated_at datetime?"),
        ("metadef_resource_types", "id int(11), name varchar(80), protected tinyint(1), created_at datetime, updated_at datetime?"),
        (
            "metadef_namespace_resource_types",
            """
            resource_type_id int(11), namespace_id int(11), properties_target varchar(80)?, prefix varchar(80)?, \
            created_at datetime, updated_at datetime?
            """
        ),
        ("node_reference", "node_reference_id bigint(20), node_reference_url varchar(255)"),
        (
            "cached_images",
            """
            id bigint(20), image_id varchar(36), last_accessed datetime, last_modified datetime, size bigint(20), hits int(11), \
            checksum varchar(32)?, node_reference_id bigint(20)
            """
        ),
    ]
    private static let stamps = "created_at datetime, updated_at datetime?, deleted_at datetime?, deleted tinyint(1)"

    @Test(arguments: glanceTables) func `have Glance's columns`(_ table: String, _ columns: String) throws {
        let glance = try TestGlance.of(Self.self)
        let rows = try glance.rows(
            """
            SELECT CONCAT(column_name, ' ', column_type, IF(is_nullable = 'YES', '?', '')) FROM information_schema.columns
             WHERE table_schema = DATABASE() AND table_name = '\(table)' ORDER BY ordinal_position
            """)
        #expect(rows.map { $0[0]! }.joined(separator: ", ") == columns)
    }

    @Test func `are made once, and a second time nothing is left to do`() throws {
        let (name, migrations) = try emptyDatabase()
        #expect(try migrations.state().revisions == [])
        #expect(try manage(name, "db", "check").status == 3)
        #expect(try manage(name, "db", "sync").status == 0)
        #expect(try migrations.state().isComplete)
        #expect(try manage(name, "db", "sync").output == "Database is up to date. No migrations needed.\n")
        #expect(try manage(name, "db", "check").status == 0)
        #expect(try manage(name, "db", "version").output == "2024_1_contract01\n")
    }

    @Test func `of a Glance are taken over with all that lies in them`() throws {
        let (name, migrations) = try emptyDatabase()
        let connection = try SharedMariaDB.running().connect(to: name)
        // What Glance leaves: its tables at this release's revision, and none of this project's tables.
        for migration in Schema.migrations where migration.makesGlanceTable { try connection.execute(migration.sql) }
        try connection.execute("INSERT INTO alembic_version VALUES ('2024_1_contract01')")
        try connection.execute(
            """
            INSERT INTO images (id, name, status, visibility, min_disk, min_ram, created_at, deleted)
            VALUES ('3f4a4c5e-1c53-4f0a-9f0b-1d2c3b4a5f60', 'old', 'queued', 'public', 0, 0, UTC_TIMESTAMP(), 0)
            """)
        #expect(try !migrations.state().isComplete)
        #expect(try migrations.state().missing.allSatisfy { !$0.makesGlanceTable })
        let check = try manage(name, "db", "check")
        #expect(check.status == 3 && check.output.contains("missing: 0039-vitrine_removals_image"))
        #expect(try manage(name, "db", "expand").status == 0)
        #expect(try migrations.state().isComplete)
        let names = try connection.all(Query("SELECT name FROM images") { row throws(MariaDBError) in try row.text(0) })
        #expect(names == ["old"])
    }

    @Test(arguments: [("mitaka02", "before Ocata"), ("2031_1_contract01", "does not know")])
    func `of a Glance that is too old or too new are left alone`(_ revision: String, _ reason: String) throws {
        let (name, migrations) = try emptyDatabase()
        let connection = try SharedMariaDB.running().connect(to: name)
        try connection.execute("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY)")
        try connection.execute("INSERT INTO alembic_version VALUES ('\(revision)')")
        #expect(throws: Fault.of(.conflict)) { try migrations.apply { _ in } }
        let sync = try manage(name, "db", "sync")
        #expect(sync.status != 0 && sync.output.contains(revision) && sync.output.contains(reason))
        #expect(try manage(name, "db", "version").output == "\(revision)\n")
        let tables = try connection.all(Query("SHOW TABLES") { row throws(MariaDBError) in try row.text(0) })
        #expect(tables == ["alembic_version"])
    }

    @Test func `are made by one of two that begin at once`() async throws {
        let (name, migrations) = try emptyDatabase()
        let applied = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    try await withCheckedThrowingContinuation { continuation in
                        Thread.detachNewThread {
                            continuation.resume(
                                with: Result {
                                    var count = 0
                                    try Migrations(Database(Pool(Address(url: SharedMariaDB.running().url(of: name))))).apply { step in
                                        if case .begins = step { count += 1 }
                                    }
                                    return count
                                })
                        }
                    }
                }
            }
            var counts: [Int] = []
            for try await count in group { counts.append(count) }
            return counts.sorted()
        }
        #expect(applied == [0, Schema.migrations.count])
        #expect(try migrations.state().isComplete)
    }

    @Test func `lose indexes of ours by which nothing is looked for`() throws {
        let (name, migrations) = try emptyDatabase()
        try migrations.apply { _ in }
        let connection = try SharedMariaDB.running().connect(to: name)
        let indexes = Set(
            try connection.all(
                Query("SELECT index_name FROM information_schema.statistics WHERE table_schema = DATABASE()") { row throws(MariaDBError) in
                    try row.text(0)
                }))
        let dropped = [
            "vitrine_image_use_last_downloaded_at", "vitrine_jobs_token", "vitrine_removals_owed_since",
            "vitrine_verification_findings_image_id",
        ]
        #expect(indexes.isDisjoint(with: dropped))
        // Nobody is told that this takes long.
        #expect(Schema.migrations.filter(\.onlyDropsIndexes).map { $0.name.prefix(4) } == ["0056", "0057", "0058", "0059"])
        // What the metrics ask of removals needs no row.
        let plan = try connection.all(
            Query("EXPLAIN SELECT COUNT(*), MIN(owed_since) FROM vitrine_removals") { row throws(MariaDBError) in
                [try row.textOrNil(5), try row.textOrNil(9)]
            })
        #expect(plan == [["vitrine_removals_next_try", "Using index"]])
    }

    @Test func `are changed while others use them, who are let through`() throws {
        let (name, _) = try emptyDatabase()
        let server = try SharedMariaDB.running()
        let migrations = Migrations(Database(Pool(try Address(url: server.url(of: name)))), tableWait: 1)
        try migrations.apply { _ in }
        let (backup, client) = (try server.connect(to: name), try server.connect(to: name))
        try client.execute("ALTER TABLE images DROP INDEX vitrine_images_min_ram")
        try client.execute("DELETE FROM vitrine_migrations WHERE name = '0019-images_by_value'")
        try backup.execute("START TRANSACTION")
        let count = Query("SELECT COUNT(*) FROM images") { row throws(MariaDBError) in try row.int(0) }
        #expect(try backup.first(count) == 0)
        let steps = Monitor<[String]>([])
        let end = Monitor<Result<Void, any Error>?>(nil)
        let thread = try JoinableThread {
            let result = Result {
                try migrations.apply { step in
                    switch step {
                    case .begins(let migration, _, _): steps.with { $0.append("begins \(migration.name)") }
                    case .waits(let migration): steps.with { $0.append("waits for \(migration.alteredTable ?? "")") }
                    case .ends(let migration, _): steps.with { $0.append("ends \(migration.name)") }
                    }
                }
            }
            end.with { $0 = result }
        }
        #expect(eventually(within: 20) { steps.with { $0.last } == "waits for images" })
        // It is tried again while nobody else is kept out for long.
        #expect(try client.first(count) == 0)
        try backup.execute("COMMIT")
        thread.join()
        #expect(throws: Never.self) { try end.with { $0 }?.get() }
        #expect(steps.with { $0 } == ["begins 0019-images_by_value", "waits for images", "ends 0019-images_by_value"])
        #expect(try migrations.state().isComplete)
    }

    @Test func `of many rows are said to take long before they are changed`() throws {
        let (name, migrations) = try emptyDatabase()
        try migrations.apply { _ in }
        let connection = try SharedMariaDB.running().connect(to: name)
        try connection.execute(
            "INSERT INTO images (id, status, min_disk, min_ram, created_at, deleted) VALUES ('i', 'active', 0, 0, NOW(), 0)")
        try connection.execute("ALTER TABLE image_tags DROP INDEX vitrine_image_tags_value")
        try connection.execute("DELETE FROM vitrine_migrations WHERE name IN ('0020-image_tags_by_value', '0019-images_by_value')")
        for part in 0..<6 {
            try connection.execute(
                "INSERT INTO image_tags (image_id, value, created_at, deleted) SELECT 'i', \(part) * 20000 + seq, NOW(), 0 FROM seq_1_to_20000"
            )
        }
        try connection.execute("ANALYZE TABLE image_tags")
        let sync = try manage(name, "db", "sync")
        #expect(sync.status == 0)
        let told = "applying 0019-images_by_value\napplying 0020-image_tags_by_value: 1 index of image_tags, which has about 1"
        #expect(sync.output.contains(told))
    }

    private func emptyDatabase() throws -> (String, Migrations) {
        let name = "m\(UInt32.random(in: 0...UInt32.max))"
        let server = try SharedMariaDB.running()
        try server.createDatabase(name)
        return (name, Migrations(Database(Pool(try Address(url: server.url(of: name))))))
    }

    /// Runs `glance-manage` on a database.
    private func manage(_ database: String, _ words: String...) throws -> (status: Int32, output: String) {
        let command = try Command(
            "\(TestGlance.programs)/glance-manage", words,
            environment: ["OS_DATABASE__CONNECTION": try SharedMariaDB.running().url(of: database)])
        return (command.status, command.text + command.errors)
    }
}
