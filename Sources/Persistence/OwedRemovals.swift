package import Domain
internal import MariaDB

extension MariaDBCatalog: OwedRemovalList {
    package func owedRemovals(after last: Int64, atMost count: Int) throws(Fault) -> [RecordedRemoval] {
        try database.read("Reading owed removals") { connection in
            try connection.all(Self.recordedRemovals, .int(last), .int(Int64(count))).map { row in
                RecordedRemoval(
                    OwedRemoval(
                        number: row.number, image: row.image, url: column.url(of: row.text), store: row.store, isOfDeleted: row.isOfDeleted),
                    owedSince: row.owedSince, tries: row.tries)
            }
        }
    }

    package func forget(_ removals: [RecordedRemoval]) throws(Fault) { try complete(removals.map(\.removal)) }

    private static let recordedRemovals = Query(
        """
        SELECT r.id, r.image_id, r.url, COALESCE(i.deleted, 1), r.owed_since, r.tries, r.store
          FROM vitrine_removals r LEFT JOIN images i ON i.id = r.image_id
         WHERE r.id > ?
         ORDER BY r.id
         LIMIT ?
        """
    ) { row throws(MariaDBError) in
        (
            number: try row.int(0), image: ImageID(try row.text(1)), text: try row.text(2), isOfDeleted: try row.int(3) != 0,
            owedSince: Timestamp(try row.time(4)), tries: Int(try row.int(5)), store: try row.textOrNil(6)
        )
    }
}
