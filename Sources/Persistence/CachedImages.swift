package import Domain
internal import MariaDB

/// The contents of the nodes' image caches, in Glance's tables `node_reference` and `cached_images`.
package struct CachedImages: CacheRecords {
    private let database: Database
    /// The node's address, or its name if it has none.
    private let node: String

    package init(_ database: Database, node: String) { (self.database, self.node) = (database, node) }

    package func noteCached(_ id: ImageID, size: Int64, checksum: String?) throws(Fault) {
        _ = try database.run("Recording that image \(id) is cached") { connection in
            if try note(id, size, checksum, on: connection) > 0 { return }
            // The node's first entry; of two concurrent ones one wins.
            try connection.run("INSERT IGNORE INTO node_reference (node_reference_url) VALUES (?)", .text(node))
            try note(id, size, checksum, on: connection)
        }
    }

    @discardableResult
    private func note(_ id: ImageID, _ size: Int64, _ checksum: String?, on connection: Connection) throws -> Int {
        try connection.run(
            """
            INSERT INTO cached_images (image_id, last_accessed, last_modified, size, hits, checksum, node_reference_id)
            SELECT ?, UTC_TIMESTAMP(), UTC_TIMESTAMP(), ?, 0, ?, node_reference_id FROM node_reference WHERE node_reference_url = ?
            ON DUPLICATE KEY UPDATE last_accessed = VALUES(last_accessed), last_modified = VALUES(last_modified),
                                    size = VALUES(size), hits = 0, checksum = VALUES(checksum)
            """, .text(id.text), .int(size), .text(checksum), .text(node))
    }

    package func add(hits: [ImageID: Int]) throws(Fault) {
        try database.run("Counting readings from the cache") { connection in
            for (id, count) in hits {
                try connection.run(
                    """
                    UPDATE cached_images c JOIN node_reference n ON n.node_reference_id = c.node_reference_id
                       SET c.hits = c.hits + ?, c.last_accessed = UTC_TIMESTAMP()
                     WHERE c.image_id = ? AND n.node_reference_url = ?
                    """, .int(Int64(count)), .text(id.text), .text(node))
            }
        }
    }

    package func records() throws(Fault) -> [CacheRecord] {
        try database.read("Reading what is cached") { connection in try connection.all(Self.ofNode, .text(node)) }
    }

    private static let ofNode = Query(
        """
        SELECT c.id, c.image_id, c.hits, c.checksum
          FROM cached_images c JOIN node_reference n ON n.node_reference_id = c.node_reference_id
         WHERE n.node_reference_url = ?
        """
    ) { row throws(MariaDBError) in
        CacheRecord(number: try row.int(0), image: ImageID(try row.text(1)), hits: try row.int(2), checksum: try row.textOrNil(3))
    }

    package func forgetCached(_ ids: [ImageID]) throws(Fault) {
        try database.run("Forgetting what was cached") { connection in
            for id in ids {
                try connection.run(
                    """
                    DELETE c FROM cached_images c JOIN node_reference n ON n.node_reference_id = c.node_reference_id
                     WHERE c.image_id = ? AND n.node_reference_url = ?
                    """, .text(id.text), .text(node))
            }
        }
    }

    package func nodes(caching id: ImageID) throws(Fault) -> [String] {
        try database.read("Reading which nodes cache image \(id)") { connection in try connection.all(Self.nodesOfImage, .text(id.text)) }
    }

    private static let nodesOfImage = Query(
        """
        SELECT n.node_reference_url
          FROM cached_images c JOIN node_reference n ON n.node_reference_id = c.node_reference_id
         WHERE c.image_id = ?
         ORDER BY n.node_reference_id
        """
    ) { row throws(MariaDBError) in try row.text(0) }

    package func live(among ids: [ImageID]) throws(Fault) -> Set<ImageID> {
        try database.read("Asking for images that are cached") { connection in
            var live: Set<ImageID> = []
            for start in stride(from: 0, to: ids.count, by: Self.batch) {
                // The last id fills up, so that one statement is prepared.
                let some = ids[start..<min(start + Self.batch, ids.count)].map(\.text)
                let values = some + repeatElement(some[0], count: Self.batch - some.count)
                live.formUnion(try connection.all(Self.liveOnes, values.map { .text($0) }))
            }
            return live
        }
    }

    /// Images that one statement asks for.
    private static let batch = 100

    private static let liveOnes = Query(
        """
        SELECT id FROM images
         WHERE id IN (\(placeholders(batch))) AND deleted = 0 AND status IN ('active', 'deactivated')
        """
    ) { row throws(MariaDBError) in ImageID(try row.text(0)) }
}
