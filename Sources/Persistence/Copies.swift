package import Domain
internal import MariaDB

extension MariaDBCatalog {
    package func order(_ copy: OrderedCopy) throws(Fault) {
        _ = try database.run("Ordering the data of image \(copy.image)") { connection in
            try connection.run(
                """
                REPLACE INTO vitrine_copies (image_id, url, ordered_at, request_id, global_request_id)
                VALUES (?, ?, UTC_TIMESTAMP(6), ?, ?)
                """, .text(copy.image.text), .text(copy.url), .text(copy.trace?.requestID), .text(copy.trace?.globalRequestID))
        }
        database.wakeUp.wakeUp()
    }

    package func waitingCopies(atMost count: Int) throws(Fault) -> [OrderedCopy] {
        try database.read("Reading ordered copies") { connection in
            let ordered = try connection.all(Self.orders, .int(Int64(count)))
            for order in ordered where order.isOver {
                try connection.run(
                    "DELETE FROM vitrine_copies WHERE image_id = ? AND BINARY url = ?", .text(order.copy.image.text), .text(order.copy.url))
            }
            return ordered.filter { !$0.isOver }.map(\.copy)
        }
    }

    /// Images whose copies are being made are left out.
    private static let orders = Query(
        """
        SELECT c.image_id, c.url, c.request_id, c.global_request_id, i.id IS NULL OR i.deleted = 1 OR i.status <> 'queued'
          FROM vitrine_copies c LEFT JOIN images i ON i.id = c.image_id
         WHERE \(isWaitingCopy)
         ORDER BY c.ordered_at
         LIMIT ?
        """
    ) { row throws(MariaDBError) in
        let global = try row.textOrNil(3)
        let trace = try row.textOrNil(2).map { Trace(requestID: $0, globalRequestID: global) }
        return (copy: OrderedCopy(image: ImageID(try row.text(0)), url: try row.text(1), trace: trace), isOver: try row.flag(4))
    }
}
