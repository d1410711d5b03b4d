import MariaDB
import Persistence
import Schema
import TestSupport
import Testing

/// What the check of a project's quotas reads.
@Suite struct `The usage of a project` {
    @Test func `counts copies to stores without a look at imports that have ended`() throws {
        let server = try SharedMariaDB.running()
        let name = "u\(UInt32.random(in: 0...UInt32.max))"
        try server.createDatabase(name)
        let database = Database(Pool(try Address(url: server.url(of: name))))
        try Migrations(database).apply { _ in }
        let connection = try server.connect(to: name)
        try connection.execute(
            """
            INSERT INTO images (id, status, created_at, deleted, min_disk, min_ram, visibility, owner, size)
            SELECT CONCAT('i-', seq), 'active', '2020-01-01', 0, 0, 0, 'private', 'acme', 10 FROM seq_1_to_1000
            """)
        try connection.execute(
            """
            INSERT INTO image_properties (image_id, name, value, created_at, deleted)
            SELECT CONCAT('i-', seq), 'os_glance_importing_to_stores', IF(seq = 500, 'ceph', ''), '2020-01-01', 0 FROM seq_1_to_1000
            """)
        let catalog = MariaDBCatalog(database)
        let read = try RowsRead.of("image_properties", in: name) {
            let usage = try catalog.usage(of: "acme")
            #expect(usage.imageStageTotal == 10 && usage.imageCountUploading == 1 && usage.imageCountTotal == 1000)
        }
        #expect(read < 100, "\(read)")
    }
}
