package import Domain
internal import MariaDB

extension MariaDBCatalog: RemovalBacklog {
    package func isOwed(_ removal: OwedRemoval) throws(Fault) -> Bool {
        try database.run("Asking for the removal of image \(removal.image)") { connection in
            try connection.run(Self.forgetWhatIsUsed, .int(removal.number))
            return try connection.first(Self.isDue, .int(removal.number)) != nil
        }
    }

    package func settle(_ removal: OwedRemoval) throws(Fault) {
        _ = try database.run("Settling the removal of image \(removal.image)") { connection in
            try connection.run("DELETE FROM vitrine_removals WHERE id = ?", .int(removal.number))
        }
    }

    package func overdue(atMost count: Int) throws(Fault) -> [OwedRemoval] {
        try database.run("Reading owed removals") { connection in
            try connection.all(Self.overdueRemovals, .int(Int64(count)))
        }
    }

    /// Notes that the bytes at a URL are to go.
    func owe(_ url: String, of id: ImageID, on connection: Connection) throws -> OwedRemoval {
        guard let number = try connection.first(Self.oweRemoval, .text(id.text), .text(url)) else {
            throw Fault(.unexpected, "Deleting image \(id) failed.")
        }
        return OwedRemoval(number: number, image: id, url: url)
    }

    /// The same for what an image has lost.
    func oweLost(from before: Image, to after: Image, on connection: Connection) throws -> [OwedRemoval] {
        let kept = Set(after.locations.map(\.url))
        return try before.locations.map(\.url).uniqued.filter { !kept.contains($0) }.map { try owe($0, of: after.id, on: connection) }
    }

    /// An image may get bytes at a place that it had others at before.
    private static let forgetWhatIsUsed =
        """
        DELETE r
          FROM vitrine_removals r
               JOIN images i ON i.id = r.image_id
               JOIN image_locations l FORCE INDEX (ix_image_locations_image_id) ON l.image_id = i.id
         WHERE r.id = ? AND i.deleted = 0 AND l.deleted = 0 AND CAST(l.value AS BINARY) = CAST(r.url AS BINARY)
        """

    /// Bytes on their way are noted before they have a place. A deleted image gets none.
    private static let isDue = Query(
        """
        SELECT 1
          FROM vitrine_removals r LEFT JOIN images i ON i.id = r.image_id
         WHERE r.id = ?
           AND (i.id IS NULL OR i.deleted = 1
                OR NOT EXISTS (SELECT 1 FROM vitrine_uploads u WHERE u.image_id = r.image_id)
                   AND NOT EXISTS (SELECT 1 FROM vitrine_jobs j WHERE j.image_id = r.image_id))
        """
    ) { row throws(MariaDBError) in try row.int(0) }

    private static let oweRemoval = Query(
        "INSERT INTO vitrine_removals (image_id, url, owed_since) VALUES (?, ?, UTC_TIMESTAMP(6)) RETURNING id"
    ) { row throws(MariaDBError) in try row.int(0) }

    private static let overdueRemovals = Query(
        """
        SELECT id, image_id, url
          FROM vitrine_removals
         WHERE owed_since < UTC_TIMESTAMP(6) - INTERVAL 60 SECOND
         ORDER BY owed_since
         LIMIT ?
        """
    ) { row throws(MariaDBError) in
        OwedRemoval(number: try row.int(0), image: ImageID(try row.text(1)), url: try row.text(2))
    }
}
