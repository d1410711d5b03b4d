package import Domain
internal import MariaDB

extension MariaDBCatalog: RemovalBacklog {
    package func settle(_ removal: OwedRemoval) throws(Fault) {
        _ = try database.run("Settling the removal of image \(removal.image)") { connection in
            try connection.run("DELETE FROM vitrine_removals WHERE id = ?", .int(removal.number))
        }
    }

    package func settle(_ removals: [OwedRemoval]) throws(Fault) {
        guard !removals.isEmpty else { return }
        try database.run("Settling \(removals.count) removals") { connection in
            try connection.execute("DELETE FROM vitrine_removals WHERE id IN (\(Self.numbers(of: removals)))")
        }
    }

    package func postpone(_ removals: [OwedRemoval], haveFailed: Bool) throws(Fault) {
        guard !removals.isEmpty else { return }
        // In this order: a later assignment sees what an earlier one made.
        let change =
            haveFailed
            ? "next_try = UTC_TIMESTAMP(6) + INTERVAL LEAST(600, 10 * POW(2, LEAST(tries, 6))) SECOND, tries = tries + 1"
            : "next_try = UTC_TIMESTAMP(6) + INTERVAL 30 SECOND"
        try database.run("Postponing \(removals.count) removals") { connection in
            try connection.execute("UPDATE vitrine_removals SET \(change) WHERE id IN (\(Self.numbers(of: removals)))")
        }
    }

    /// Written into the text, as a statement that is prepared knows how many it takes.
    private static func numbers(of removals: [OwedRemoval]) -> String { removals.map { String($0.number) }.joined(separator: ",") }

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
        let kept = after.locations.map(\.url)
        return try before.locations.map(\.url).uniqued.filter { !kept.has($0) }.map { try owe($0, of: after.id, on: connection) }
    }

    private static let oweRemoval = Query(
        "INSERT INTO vitrine_removals (image_id, url, owed_since) VALUES (?, ?, UTC_TIMESTAMP(6)) RETURNING id"
    ) { row throws(MariaDBError) in try row.int(0) }

    private static let overdueRemovals = Query(
        """
        SELECT id, image_id, url
          FROM vitrine_removals
         WHERE next_try <= UTC_TIMESTAMP(6) AND owed_since < UTC_TIMESTAMP(6) - INTERVAL 60 SECOND
         ORDER BY next_try, owed_since
         LIMIT ?
        """
    ) { row throws(MariaDBError) in
        OwedRemoval(number: try row.int(0), image: ImageID(try row.text(1)), url: try row.text(2))
    }
}
