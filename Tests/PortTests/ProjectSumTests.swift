import Domain
import Foundation
import MariaDB
import Persistence
import Schema
import TestSupport
import Testing

/// How a claim of a project of very many images is judged: by sums that are kept, as exactly as by all its images.
@Suite struct `The sums of a large project` {
    private let connection: Connection
    private let catalog: MariaDBCatalog
    private let name = "u\(UInt32.random(in: 0...UInt32.max))"

    private static let images: Int64 = 1200
    private static let size: Int64 = 10
    /// Bytes of the images that a project has at first.
    private static let bytes = images * size

    init() throws {
        let server = try SharedMariaDB.running()
        try server.createDatabase(name)
        let database = Database(Pool(try Address(url: server.url(of: name))))
        try Migrations(database).apply { _ in }
        connection = try server.connect(to: name)
        catalog = MariaDBCatalog(database)
    }

    /// Gives a project images that have not changed for years.
    private func fill(_ project: String) throws {
        try connection.execute(
            """
            INSERT INTO images (id, status, created_at, updated_at, deleted, min_disk, min_ram, visibility, owner, size)
            SELECT CONCAT('\(project)-', seq), 'active', '2020-01-01', '2020-01-01', 0, 0, 0, 'private', '\(project)', \(Self.size)
              FROM seq_1_to_\(Self.images)
            """)
        try connection.execute(
            """
            INSERT INTO image_locations (image_id, value, created_at, updated_at, deleted)
            SELECT CONCAT('\(project)-', seq), 'file:///image', '2020-01-01', '2020-01-01', 0 FROM seq_1_to_\(Self.images)
            """)
    }

    /// Whether an image is accepted beside what a project has. It has no bytes yet, so the next claim meets the same.
    private func accepts(_ bytes: Int64, images: Int64 = 0, of project: String, _ limits: ProjectLimits) throws -> Bool {
        let claim = QuotaClaim(project: project, limits: limits, images: images, bytes: bytes)
        do throws(Fault) {
            _ = try catalog.insert(ImageDraft(id: .fresh(), owner: project), claiming: claim)
            return true
        } catch {
            guard error.isOverLimit else { throw error }
            return false
        }
    }

    /// Expects that a project's bytes are known to the last one.
    private func expect(_ used: Int64, of project: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try !accepts(1, of: project, ProjectLimits(imageSizeTotal: used)), "\(project)", sourceLocation: sourceLocation)
        #expect(try accepts(1, of: project, ProjectLimits(imageSizeTotal: used + 1)), "\(project)", sourceLocation: sourceLocation)
    }

    /// The images and bytes that are kept for a project.
    private func kept(_ project: String) throws -> [[Int64?]] {
        try connection.all(
            Query("SELECT images, bytes FROM vitrine_project_sums WHERE project = '\(project)'") { row throws(MariaDBError) in
                [try row.intOrNil(0), try row.intOrNil(1)]
            })
    }

    private static let far = ProjectLimits(imageSizeTotal: .max, imageCountTotal: .max)

    @Test func `are read in place of its images`() throws {
        try fill("acme")
        #expect(try accepts(1, images: 1, of: "acme", Self.far))
        #expect(try kept("acme") == [[Self.images, Self.bytes]])
        for table in ["images", "image_locations"] {
            let read = try RowsRead.of(table, in: name) {
                #expect(try accepts(1, images: 1, of: "acme", Self.far))
                let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")).id
                var claim = QuotaClaim(project: "acme", limits: ProjectLimits(imageSizeTotal: 1 << 40), bytes: nil)
                claim.most = 1 << 30
                let upload = Upload(image: image, token: "\(image)", pendingURL: "file:///pending")
                #expect(try catalog.begin(upload, by: "worker", claiming: claim) == 1 << 40 - Self.bytes)
            }
            #expect(read < 100, "\(table) \(read)")
        }
    }

    @Test func `are not kept of one with few images`() throws {
        try connection.execute(
            """
            INSERT INTO images (id, status, created_at, updated_at, deleted, min_disk, min_ram, visibility, owner, size)
            SELECT CONCAT('i-', seq), 'active', '2020-01-01', '2020-01-01', 0, 0, 0, 'private', 'acme', 10 FROM seq_1_to_500
            """)
        #expect(try accepts(1, of: "acme", Self.far))
        #expect(try kept("acme").isEmpty)
    }

    /// What a Glance beside us writes, and what an operator may; and what the project has by then. Of many, each concerns a project of its own.
    private static let changes: [(what: String, sql: [String], more: Int64)] = [
        (
            "an upload", [image("new", "UTC_TIMESTAMP()"), location("new")], 7
        ),
        (
            "a transaction that was long, of a machine whose clock is late",
            [image("new", "UTC_TIMESTAMP() - INTERVAL 20 HOUR"), location("new")], 7
        ),
        (
            "an image without a time", [image("new", "NULL"), location("new")], 7
        ),
        (
            "a copy to another store, which begins", [touch("1"), location("P-1", "pending")], 10
        ),
        (
            "a deletion",
            [
                "UPDATE image_locations SET status = 'deleted', deleted = 1, deleted_at = UTC_TIMESTAMP() WHERE image_id = 'P-1'",
                "UPDATE images SET status = 'deleted', deleted = 1, deleted_at = UTC_TIMESTAMP(), updated_at = UTC_TIMESTAMP() WHERE id = 'P-1'",
            ], -10
        ),
        (
            "a deletion without a time", ["UPDATE images SET status = 'deleted', deleted = 1 WHERE id = 'P-1'"], -10
        ),
        (
            "an image that is killed", ["UPDATE images SET status = 'killed', updated_at = UTC_TIMESTAMP() WHERE id = 'P-1'"], -10
        ),
        (
            isWrittenLater,
            ["UPDATE image_locations SET status = 'deleted', deleted = 1, deleted_at = UTC_TIMESTAMP() WHERE image_id = 'P-1'"], -10
        ),
        (
            "another size", ["UPDATE images SET size = 25, updated_at = UTC_TIMESTAMP() WHERE id = 'P-1'"], 15
        ),
        (
            "another name", [touch("1"), touch("2")], 0
        ),
        (
            "an image given away", ["UPDATE images SET owner = 'others', updated_at = UTC_TIMESTAMP() WHERE id = 'P-1'"], -10
        ),
        (
            "one given away and another one received",
            [
                "UPDATE images SET owner = 'others', updated_at = UTC_TIMESTAMP() WHERE id = 'P-1'",
                "UPDATE images SET owner = 'P', size = 30, updated_at = UTC_TIMESTAMP() WHERE id = 'theirs-1'",
            ], 20
        ),
        (
            "hidden images", ["UPDATE images SET os_hidden = 1, updated_at = UTC_TIMESTAMP() WHERE id IN ('P-1', 'P-2')"], 0
        ),
    ]

    /// Claims see it at once; `usage` sees it when the image is written.
    private static let isWrittenLater = "a location that is removed, of an image that is written later"

    private static func image(_ id: String, _ time: String) -> String {
        """
        INSERT INTO images (id, status, created_at, updated_at, deleted, min_disk, min_ram, visibility, owner, size)
        VALUES ('P-\(id)', 'active', UTC_TIMESTAMP(), \(time), 0, 0, 0, 'private', 'P', 7)
        """
    }

    private static func location(_ id: String, _ status: String = "active") -> String {
        """
        INSERT INTO image_locations (image_id, value, status, created_at, updated_at, deleted)
        VALUES ('\(id.hasPrefix("P-") ? id : "P-\(id)")', 'rbd://image', '\(status)', UTC_TIMESTAMP(), UTC_TIMESTAMP(), 0)
        """
    }

    private static func touch(_ id: String) -> String { "UPDATE images SET name = 'x', updated_at = UTC_TIMESTAMP() WHERE id = 'P-\(id)'" }

    @Test func `leave no difference, whatever others write into Glance's tables`() throws {
        try fill("theirs")
        for (number, change) in Self.changes.enumerated() {
            let project = "p\(number)"
            try fill(project)
            #expect(try accepts(1, of: project, Self.far))
            #expect(try kept(project) == [[Self.images, Self.bytes]])
            for sql in change.sql { try connection.execute(sql.replacing("'P", with: "'\(project)")) }
            if change.what != Self.isWrittenLater {
                let used = try catalog.usage(of: project)
                #expect(used.imageSizeTotal == Self.bytes + change.more, "\(change.what)")
                #expect(try connection.first(Self.count, .text(project)) == used.imageCountTotal, "\(change.what)")
            }
            try expect(Self.bytes + change.more, of: project)
            // The next claims are judged by what was kept with the last one.
            try expect(Self.bytes + change.more, of: project)
        }
    }

    private static let count = Query("SELECT COUNT(*) FROM images WHERE owner = ? AND deleted = 0 AND status <> 'killed'") {
        row throws(MariaDBError) in try row.int(0)
    }

    @Test func `are what its usage tells, until one of the images is deleted`() throws {
        try fill("acme")
        var bytes = Self.bytes
        func locationsRead() throws -> Int64 {
            let read = try RowsRead.of("image_locations", in: name) {
                let used = try catalog.usage(of: "acme").imageSizeTotal
                #expect(used == bytes)
            }
            return Int64(read)
        }
        #expect(try locationsRead() >= Self.images)
        // They were kept then.
        #expect(try locationsRead() < 100)
        for sql in [Self.image("new", "UTC_TIMESTAMP()"), Self.location("new")] {
            try connection.execute(sql.replacing("'P", with: "'acme"))
        }
        bytes += 7
        #expect(try locationsRead() < 100)
        try connection.execute("UPDATE images SET status = 'deleted', deleted = 1, updated_at = UTC_TIMESTAMP() WHERE id = 'acme-1'")
        bytes -= Self.size
        #expect(try locationsRead() >= Self.images)
        #expect(try locationsRead() < 100)
    }

    @Test func `are told where nothing can be written`() throws {
        try fill("acme")
        let server = try SharedMariaDB.running()
        try connection.execute("CREATE USER \(name)@localhost")
        try connection.execute("GRANT SELECT ON \(name).* TO \(name)@localhost")
        let reader = MariaDBCatalog(Database(Pool(try Address(url: server.url(of: name).replacing("//root@", with: "//\(name)@")))))
        for _ in 1...2 { #expect(try reader.usage(of: "acme").imageSizeTotal == Self.bytes) }
        #expect(try kept("acme").isEmpty)
    }

    @Test func `count images as well`() throws {
        try fill("acme")
        func accepts(_ limit: Int64) throws -> Bool { try self.accepts(0, images: 1, of: "acme", ProjectLimits(imageCountTotal: limit)) }
        #expect(try accepts(.max))
        try connection.execute("UPDATE images SET status = 'deleted', deleted = 1, updated_at = UTC_TIMESTAMP() WHERE id = 'acme-1'")
        // One is deleted, and one was made by the first claim.
        #expect(try !accepts(Self.images))
        #expect(try accepts(Self.images + 1))
        #expect(try !accepts(Self.images + 1))
    }

    @Test func `tell the rest of an upload of unknown length exactly, where it may matter`() throws {
        try fill("acme")
        #expect(try accepts(1, of: "acme", Self.far))
        func remaining(most: Int64?) throws -> Int64? {
            let image = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")).id
            var claim = QuotaClaim(project: "acme", limits: ProjectLimits(imageSizeTotal: Self.bytes + 100), bytes: nil)
            claim.most = most
            let upload = Upload(image: image, token: "\(image)", pendingURL: "file:///pending")
            return try catalog.begin(upload, by: "worker", claiming: claim)
        }
        var left: Int64?
        let read = try RowsRead.of("image_locations", in: name) { left = try remaining(most: nil) }
        #expect(left == 100 && read < 100, "\(read)")
        try connection.execute("UPDATE images SET status = 'deleted', deleted = 1, updated_at = UTC_TIMESTAMP() WHERE id = 'acme-1'")
        // No more can come than fits beside a number that is too great.
        #expect(try remaining(most: 100) == 100)
        #expect(try remaining(most: 101) == 100 + Self.size)
        try connection.execute("UPDATE images SET status = 'deleted', deleted = 1, updated_at = UTC_TIMESTAMP() WHERE id = 'acme-2'")
        #expect(try remaining(most: nil) == 100 + 2 * Self.size)
    }

    @Test func `include images that are created with an older time`() throws {
        try fill("acme")
        #expect(try accepts(1, of: "acme", Self.far))
        var draft = ImageDraft(id: .fresh(), owner: "acme")
        (draft.status, draft.size, draft.updatedAt) = (.active, 7, Timestamp(year: 2015, month: 1, day: 1))
        draft.locations = [ImageLocation(url: "http://127.0.0.1/1"), ImageLocation(url: "http://127.0.0.1/2")]
        _ = try catalog.insert(draft, claiming: nil)
        #expect(try kept("acme") == [[Self.images + 1, Self.bytes + 14]])
        try expect(Self.bytes + 14, of: "acme")
        // Also of a project of which nothing is kept.
        draft.id = .fresh()
        draft.owner = "bolt"
        _ = try catalog.insert(draft, claiming: nil)
        #expect(try kept("bolt") == [[nil, nil]])
        try expect(14, of: "bolt")
        draft.id = .fresh()
        draft.size = .max
        draft.owner = "acme"
        _ = try catalog.insert(draft, claiming: nil)
        #expect(try !accepts(1, of: "acme", Self.far))
    }

    @Test func `are not replaced by a count that missed such an image`() throws {
        try fill("acme")
        #expect(try accepts(1, of: "acme", Self.far))
        try connection.execute("UPDATE vitrine_project_sums SET since = since - INTERVAL 31 MINUTE")
        let other = try SharedMariaDB.running().connect(to: name)
        try other.begin()
        try other.execute(Self.image("old", "'2015-01-01'").replacing("'P", with: "'acme"))
        try other.execute(Self.location("old").replacing("'P", with: "'acme"))
        try other.execute("UPDATE vitrine_project_sums SET version = version + 1, images = images + 1, bytes = bytes + 7")
        let catalog = catalog
        let counting = Finished()
        Foundation.Thread.detachNewThread { counting.end(with: Result { try catalog.renewOldestSums() }) }
        let waits = Query(
            """
            SELECT COUNT(*) FROM information_schema.processlist
             WHERE db = '\(name)' AND info LIKE 'UPDATE vitrine_project_sums SET since%'
            """
        ) { row throws(MariaDBError) in try row.int(0) }
        #expect(try eventually { try connection.first(waits) == 1 })
        try other.commit()
        #expect(eventually { counting.isOver })
        #expect(try kept("acme") == [[Self.images + 1, Self.bytes + 7]])
        try expect(Self.bytes + 7, of: "acme")
    }

    private final class Finished: @unchecked Sendable {
        private let lock = NSLock()
        private var result: Result<Bool, any Error>?
        func end(with result: Result<Bool, any Error>) { lock.withLock { self.result = result } }
        var isOver: Bool { lock.withLock { result != nil } }
    }

    @Test(arguments: ["- INTERVAL 61 MINUTE", "+ INTERVAL 61 MINUTE"]) func `are not used when they are old`(_ change: String) throws {
        try fill("acme")
        #expect(try accepts(1, of: "acme", Self.far))
        try connection.execute("UPDATE vitrine_project_sums SET bytes = 0, since = since \(change)")
        try expect(Self.bytes, of: "acme")
        #expect(try kept("acme") == [[Self.images, Self.bytes]])
    }

    @Test func `are made anew before they are old`() throws {
        for project in ["acme", "bolt"] {
            try fill(project)
            #expect(try accepts(1, of: project, Self.far))
        }
        #expect(try !catalog.renewOldestSums())
        try connection.execute("UPDATE vitrine_project_sums SET bytes = 0, since = since - INTERVAL 31 MINUTE")
        try connection.execute("UPDATE images SET status = 'deleted', deleted = 1 WHERE owner = 'bolt' AND id > 'bolt-2'")
        for isThere in [true, true, false] { #expect(try catalog.renewOldestSums() == isThere) }
        #expect(try kept("acme") == [[Self.images, Self.bytes]])
        // Of few images nothing is kept.
        #expect(try kept("bolt") == [[nil, nil]])
    }

    @Test func `are judged while images are deleted`() throws {
        try fill("acme")
        let other = try SharedMariaDB.running().connect(to: name)
        try other.begin()
        try other.execute("INSERT INTO vitrine_project_turns (project, turn) VALUES ('acme', 1)")
        try other.execute("INSERT INTO vitrine_project_sums (project, version) VALUES ('acme', 0)")
        let alice = Caller(user: "alice", project: "acme", roles: ["member"], isAdmin: false)
        _ = try catalog.delete(ImageID("acme-1"), visibleTo: alice) { _ in }
        try other.commit()
        try expect(Self.bytes - Self.size, of: "acme")
    }
}
