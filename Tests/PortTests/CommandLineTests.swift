import Domain
import Foundation
import TestSupport
import Testing

/// Command lines of deployment tools, run by Glance's own `glance-manage` and by the project's.
@Suite struct `Command lines of glance-manage` {
    /// From an empty database on.
    private static let upgrade = [
        "", "db", "--config-file CONF db", "--config-file CONF",
        "--config-file CONF db version", "--config-file CONF db_version", "--config-file CONF db check", "--config-file CONF db_check",
        "--config-file CONF db migrate", "--config-file CONF db_contract", "--config-file=CONF db expand", "--config-file CONF db check",
        "--config-file CONF db version", "--config-file CONF db_expand", "--config-file CONF db_migrate", "--config-file CONF db contract",
        "--config-file CONF db check", "--config-file CONF db sync", "--config-file CONF db_sync", "--config-file CONF db expand",
        "--config-file CONF db migrate", "--config-file CONF db contract", "--config-file CONF db version",
        "--config-file CONF db upgrade", "--config-file CONF db upgrade heads", "--config-file CONF db_upgrade heads",
        "--config-file CONF db upgrade --version heads", "--config-file CONF db upgrade queens_contract01",
        "--config-file CONF db upgrade 2024_1_contract01", "--config-file CONF db upgrade nosuch",
        "--config-file CONF db sync 5", "--config-file CONF db sync --version 5", "--config-file CONF db sync --vers=5",
        "--config-file CONF db_sync 5", "--config-file CONF db_sync 5 6", "--config-file CONF db_sync --version 5",
        "--config-file CONF db sync 5 6", "--config-file CONF db sync 5 --version 6", "--config-file CONF db version 5",
        "--config-file CONF db_version 5", "--config-file CONF db version --", "--config-file CONF db sync -- 5",
        "--config-file CONF db version_control nosuch", "--config-file CONF db version_control", "--config-file CONF db version",
        "--config-file CONF db check", "--config-file CONF db_version_control base", "--config-file CONF db version",
        "--config-file CONF db_version_control 2024_1_expand01", "--config-file CONF db version", "--config-file CONF db check",
        "--config-file CONF db version_control --version heads", "--config-file CONF db version", "--config-file CONF db check",
        "--config-file CONF db sync",
    ]

    /// For these only the status is compared.
    private static let spellings =
        [
            "nosuch", "db nosuch", "db_nosuch", "--nosuch db version", "db version --nosuch", "db sync -x", "-- db version",
            "db -- version",
            "--debug db version", "-d db version", "--deb db version", "--nodebug db version", "--debug=1 db version",
            "--use-syslog db version", "--use-json --nouse-json --log-date-format %Y db version",
            "--syslog-log-facility LOG_LOCAL1 db version",
            "--log-file LOGS/a.log db version", "--logfile LOGS/b.log --logdir LOGS db version", "--log-file=LOGS/c.log db_version",
            "--log_config", "--log-f", "db --version", "db check --version", "--conf CONF db version", "--config CONF db version",
            "--config_file CONF db version", "-h", "--help", "db -h", "db sync --help", "db_sync -h", "db purge -h", "--nou db version",
        ].map { "--config-file CONF \($0)" }
        + [
            "--config-f CONF db version", "--config-dir LOGS --config-file CONF db version",
            "--config-file CONF --config-file CONF db version",
            "--config-file /nowhere db version", "--config-dir /nowhere db version", "--config-file", "--config-file -d db version",
            "--version", "--vers", "--version db sync", "--debug --version", "--shell_completion nosuch",
        ]

    /// The same with tables.
    private static let work = [
        "db purge", "db purge 30", "db purge 30 100", "db purge 30 -1", "db purge 30 100 1", "db purge --age_in_days 30 --max_rows 100",
        "db purge --age 30 --max=-1", "db purge --max_rows -1 30", "db purge --max_rows 5 30", "db purge --age_in_days 30 40",
        "db purge --age_in_days x", "db purge x", "db purge 3 x", "db purge --age_in_days -1", "db purge --age_in_days 40000",
        "db purge -1", "db purge --age_in_days", "db purge --max_rows -2", "db purge --max_rows 2147483647",
        "db purge --max_rows 2147483648",
        "db purge --max_rows 0", "db purge --max-rows 5", "db purge_images_table", "db purge_images_table 0 -1",
        "db purge_images_table --age_in_days 0 --max_rows=-1", "db load_metadefs /nowhere", "db load_metadefs --path /nowhere",
        "db_load_metadefs /nowhere", "db load_metadefs LOGS", "db load_metadefs --prefer_new",
        "db load_metadefs --merge --prefer_new --over",
        "db load_metadefs FILES True", "db load_metadefs FILES", "db load_metadefs --path=FILES --merg", "db_load_metadefs FILES",
        "db_load_metadefs FILES/a.json True", "db_load_metadefs FILES/a.json True False", "db_load_metadefs FILES/a.json True True True",
        "db_load_metadefs FILES True True True True", "db_load_metadefs --path FILES", "db_load_metadefs WRONG", "db unload_metadefs",
        "db_unload_metadefs", "db_unload_metadefs x", "db unload_metadefs x",
    ].map { "--config-file CONF \($0)" }

    private let folder = "\(TestFolder.root)/lines-\(UInt64.random(in: 0 ... .max))"

    init() throws {
        for name in ["logs", "files", "wrong"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        try #"{"namespace": "Tests::A", "tags": [{"name": "x"}]}"#.write(
            toFile: "\(folder)/files/a.json", atomically: true, encoding: .utf8)
        try "{".write(toFile: "\(folder)/files/b.json", atomically: true, encoding: .utf8)
        try "[]".write(toFile: "\(folder)/wrong/c.json", atomically: true, encoding: .utf8)
    }

    private func filled(_ lines: [String]) -> [String] {
        lines.map { line in
            [("LOGS", "logs"), ("FILES", "files"), ("WRONG", "wrong")].reduce(line) {
                $0.replacingOccurrences(of: $1.0, with: "\(folder)/\($1.1)")
            }
        }
    }

    @Test func `bring a database up as Glance's do, word by word and status by status`() throws {
        let manages = try GlanceManages()
        let (theirs, ours) = (try manages.theirs(Self.upgrade), try manages.ours(Self.upgrade))
        #expect(theirs.count == Self.upgrade.count)
        for (line, (their, our)) in zip(Self.upgrade, zip(theirs, ours)) {
            #expect(our.status == their.status, "\(line)")
            // The list of commands has other words here.
            if their.status != 2 { #expect(our.output == their.output, "\(line)") }
        }
        #expect(try manages.ours(["--config-file CONF db_upgrade"]).first?.status == 0)
    }

    @Test func `are spelt in every way that Glance takes, and end with its status`() throws {
        let manages = try GlanceManages()
        let lines = filled(Self.spellings + ["--config-file CONF db sync"] + Self.work)
        let (theirs, ours) = (try manages.theirs(lines), try manages.ours(lines))
        #expect(theirs.count == lines.count)
        for (line, (their, our)) in zip(lines, zip(theirs, ours)) { #expect(our.status == their.status, "\(line)") }
        #expect(FileManager.default.fileExists(atPath: "\(folder)/logs/a.log"))
    }

    @Test func `may have Glance's options behind the command too`() throws {
        let manages = try GlanceManages()
        let log = "\(folder)/logs/behind.log"
        let lines = [
            "db sync --config-file CONF", "db_version --config-file=CONF --debug", "db --config-file CONF check -d",
            "db purge --config-file CONF --log-file \(log)", "db_purge --config-file CONF --max_rows 5",
            "db load_metadefs \(folder)/files --config-file CONF",
            "--config-file CONF db export_metadefs \(folder)/logs", "--config-file CONF db_export_metadefs \(folder)/logs/",
            "--config-file CONF --use-stderr --verbose -v db version", "--shell_completion bash", "--config-file CONF policy list",
            "--config-file CONF scrub",
            "policy list --config-file CONF", "--config-file CONF nginx",
        ]
        for (line, end) in zip(lines, try manages.ours(lines)) { #expect(end.status == 0, "\(line): \(end)") }
        #expect(try String(contentsOfFile: log, encoding: .utf8).contains("Deleted 0 row(s) from table image_tags"))
        #expect(FileManager.default.fileExists(atPath: "\(folder)/logs/TestsA.json"))
    }

    @Test(arguments: ["glance-api", "glance-registry", "glance-tasks", "glance-manage"])
    func `are alike where other programs take them`(_ program: String) throws {
        func run(_ words: String...) throws -> Command { try Command("\(TestGlance.programs)/\(program)", words) }
        let (theirs, ours) = (try PyPIGlance.run("glance-manage", ["--version"]), try run("--debug", "--version"))
        #expect(ours.status == 0 && ours.text == theirs.text)
        #expect(ours.errors == "Vitrine \(Version.current), in the place of Glance \(theirs.text)")
        #expect(try run("--config-file").status == 2)
        let missing = try run("--log-fil=\(folder)/logs/other.log", "--config-f", "/nowhere/of-\(program).conf", "--debug")
        #expect(missing.status == (program == "glance-manage" ? 2 : 1))
        if program != "glance-manage" { #expect(missing.errors.contains("/nowhere/of-\(program).conf")) }
    }

    // MARK: what lies in the database

    /// Glance's tables with their columns and, of the indexes, Glance's own. Tables of the artifacts API, unused since Pike, are removed by
    /// Glance and kept here.
    private static let shape = """
        SELECT CONCAT(table_name, '.', column_name, ' ', column_type, ' ', is_nullable, ' ', COALESCE(column_default, '-'))
          FROM information_schema.columns
         WHERE table_schema = DATABASE() AND table_name NOT LIKE 'vitrine%' AND table_name NOT LIKE 'artifact%'
           AND table_name NOT LIKE 'report\\_%'
         UNION
        SELECT CONCAT(table_name, ' ', index_name, ' ', seq_in_index, ' ', column_name, ' ', non_unique) FROM information_schema.statistics
         WHERE table_schema = DATABASE() AND table_name NOT LIKE 'vitrine%' AND index_name NOT LIKE 'vitrine%'
           AND table_name NOT LIKE 'artifact%'
         ORDER BY 1
        """

    @Test(arguments: ["ocata_contract01", "queens_contract01", "rocky_contract02", "ussuri_contract01", "zed_contract01"])
    func `bring the database of an older Glance to where Glance brings it`(_ revision: String) throws {
        let manages = try GlanceManages()
        for database in [manages.theirs, manages.ours] {
            let ends = try manages.theirs(["--config-file CONF db upgrade \(revision)"], on: database)
            #expect(ends.map(\.status) == [0])
        }
        try manages.execute([
            """
            INSERT INTO images (id, name, status, visibility, min_disk, min_ram, created_at, deleted, protected)
            VALUES ('3f4a4c5e-1c53-4f0a-9f0b-1d2c3b4a5f60', 'old', 'queued', 'public', 0, 0, UTC_TIMESTAMP(), 0, 0)
            """
        ])
        let lines =
            revision.hasPrefix("queens")
            ? ["check", "expand", "version", "check", "migrate", "contract", "version", "check"] : ["check", "sync", "version", "check"]
        let words = lines.map { "--config-file CONF db \($0)" }
        #expect(try manages.ours(words) == manages.theirs(words))
        #expect(try manages.rows(Self.shape, of: manages.ours) == manages.rows(Self.shape, of: manages.theirs))
        #expect(try manages.rows("SELECT CONCAT(name, os_hidden) FROM images", of: manages.ours) == ["old0"])
    }

    @Test func `load Glance's own metadata definitions as Glance does`() throws {
        let manages = try GlanceManages()
        let path = try PyPIGlance.answer(to: "import json, sys; print(json.dumps(sys.prefix + '/etc/glance/metadefs'))").string ?? ""
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).count > 20)
        for lines in [
            ["db sync", "db_load_metadefs \(path)"], ["db load_metadefs \(path) "], ["db load_metadefs --path \(path) --merge"],
            ["db_load_metadefs \(path) True True"], ["db_load_metadefs \(path)/ True \(path.isEmpty) "],
            ["db load_metadefs --path \(path) --merge --overwrite"],
        ] {
            let words = lines.map { "--config-file CONF \($0)" }
            #expect(try manages.ours(words).map(\.status) == manages.theirs(words).map(\.status))
            for sql in Self.definitions {
                // JSON texts are compared by their values.
                func values(_ database: String) throws -> [JSONValue] {
                    try manages.rows(sql, of: database).map { try JSONValue(parsing: Array($0.utf8)) }
                }
                let (ours, theirs) = (try values(manages.ours), try values(manages.theirs))
                #expect(!theirs.isEmpty)
                #expect(ours == theirs)
            }
        }
    }

    /// Everything but the times. If a file has no visibility, Glance stores none, which means the same.
    private static let definitions = [
        """
        SELECT JSON_ARRAY(namespace, display_name, description, COALESCE(visibility, 'private'), protected, owner)
          FROM metadef_namespaces ORDER BY namespace
        """,
        """
        SELECT JSON_ARRAY(n.namespace, o.name, o.description, JSON_QUERY(o.json_schema, '$'))
          FROM metadef_objects o JOIN metadef_namespaces n ON n.id = o.namespace_id ORDER BY n.namespace, o.name
        """,
        """
        SELECT JSON_ARRAY(n.namespace, p.name, JSON_QUERY(p.json_schema, '$'))
          FROM metadef_properties p JOIN metadef_namespaces n ON n.id = p.namespace_id ORDER BY n.namespace, p.name
        """,
        "SELECT JSON_ARRAY(name, protected) FROM metadef_resource_types ORDER BY name",
        """
        SELECT JSON_ARRAY(n.namespace, t.name, x.prefix, x.properties_target)
          FROM metadef_namespace_resource_types x JOIN metadef_namespaces n ON n.id = x.namespace_id
               JOIN metadef_resource_types t ON t.id = x.resource_type_id
         ORDER BY n.namespace, t.name
        """,
    ]
}
