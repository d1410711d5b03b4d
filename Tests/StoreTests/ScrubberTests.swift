import Domain
import Logging
import MariaDB
import Operations
import Persistence
import Stores
import TestSupport
import Testing

/// Images with a delayed deletion, some of which cannot be scrubbed now.
@Suite(.serialized, .sharesServices) struct `The scrubber` {
    private let glance: TestGlance
    private let catalog: MariaDBCatalog
    private let folder: String

    init() throws {
        glance = try .of(Self.self)
        let database = Database(Pool(try Address(url: SharedMariaDB.running().url(of: glance.databaseName))))
        catalog = MariaDBCatalog(database, delaysDeletion: true)
        folder = try Files.fresh()
        // What the other test left.
        try scrubber(catalog).scrub()
    }

    private func scrubber(_ catalog: some MaintenanceCatalog) throws -> Scrubber {
        let stores = StoreSet(try FileStore([.init(path: folder)]))
        return Scrubber(catalog: catalog, stores: stores, patience: 0, logger: Logger(label: "test"))
    }

    /// The catalog, in which some images cannot be held.
    private func catalog(stuck: [ImageID]) -> FailingCatalog {
        FailingCatalog(catalog) { call, image in
            guard call == "endDeletion", let image, stuck.contains(image) else { return nil }
            return Fault(.unavailable, "The image database is too busy now.")
        }
    }

    /// - Returns: the images, in the order of their ids.
    private func sevenDeleted() throws -> [ImageID] {
        let images = (0..<7).map { _ in ImageID.fresh() }.sorted { $0.text < $1.text }
        for id in images {
            _ = try catalog.insert(ImageDraft(id: id, owner: "acme"))
            try catalog.move(id, from: .queued, to: .active)
            try glance.place(id.text, at: "file://\(folder)/\(id)", "{}")
            #expect(try catalog.delete(id, visibleTo: .service) { _ in }.isEmpty)
        }
        return images
    }

    private func waiting() throws -> [ImageID] { try catalog.pendingDeletions(olderThan: 0, after: nil, atMost: 100).map(\.image) }

    @Test func `goes on past an image that cannot be dealt with now`() throws {
        let images = try sevenDeleted()
        let stuck = [images[0], images[3], images[4]]
        var noted: [ImageID] = []
        #expect(try scrubber(catalog(stuck: stuck)).scrub { noted.append($0.image) } == 4)
        #expect(try waiting() == stuck && noted == [1, 2, 5, 6].map { images[$0] })
    }

    @Test func `ends when none can be`() throws {
        let images = try sevenDeleted()
        #expect(throws: Fault.of(.unavailable)) { try scrubber(catalog(stuck: images)).scrub() }
        #expect(try waiting() == images)
    }

    @Test func `ends between two images when its process ends`() throws {
        let images = try sevenDeleted()
        var count = 0
        #expect(try scrubber(catalog).scrub({ _ in count += 1 }, until: { count == 3 }) == 3)
        #expect(try waiting() == Array(images[3...]))
    }

    @Test func `reads each image that waits once, in however many pages`() throws {
        try glance.execute(
            """
            INSERT INTO images (id, status, created_at, deleted, deleted_at, min_disk, min_ram, visibility, os_hidden)
            SELECT UUID(), 'pending_delete', '2020-01-01' + INTERVAL seq DIV 7 SECOND, 1, '2020-01-02', 0, 0,
                   ELT(1 + seq % 4, 'public', 'private', 'shared', 'community'), seq % 8 DIV 4
              FROM seq_1_to_1000
            """)
        var found: [ImageID] = []
        let read = try RowsRead.of("images", in: glance.databaseName) {
            var last: PendingDeletion?
            while case let page = try catalog.pendingDeletions(olderThan: 0, after: last, atMost: 10), !page.isEmpty {
                found += page.map(\.image)
                last = page.last
            }
        }
        try glance.execute("DELETE FROM images WHERE created_at < '2021-01-01'")
        #expect(found.count == 1000 && Set(found).count == 1000)
        #expect(read < 3000, "\(read)")
    }
}
