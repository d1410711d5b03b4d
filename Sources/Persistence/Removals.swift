package import Domain
internal import MariaDB

extension MariaDBCatalog: RemovalBacklog {
    package func settle(_ removal: OwedRemoval) throws(Fault) {
        _ = try database.run("Settling the removal of image \(removal.image)") { connection in
            try connection.run("DELETE FROM vitrine_removals WHERE id = ?", .int(removal.number))
        }
    }

    package func overdue(atMost count: Int) throws(Fault) -> [OwedRemoval] {
        try database.read("Reading owed removals") { connection in
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
