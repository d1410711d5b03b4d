package import Domain
internal import JSONDocument
internal import MariaDB

extension MariaDBCatalog {
    package func isOwed(_ removal: OwedRemoval) throws(Fault) -> Bool {
        try database.run("Asking for the removal of image \(removal.image)") { connection in
            try connection.catchUp()
            // An image may get new bytes at a URL that it has used before.
            let used = try connection.all(Self.usedLocations, .text(removal.image.text))
            guard used.allSatisfy(column.canRead) else {
                throw Fault(
                    .unavailable,
                    "A location of image \(removal.image) cannot be decrypted, so nothing of that image is removed: is "
                        + "[DEFAULT] metadata_encryption_key the key that it was encrypted with?")
            }
            if used.contains(where: { column.url(of: $0).isSame(as: removal.url) }) {
                try connection.run("DELETE FROM vitrine_removals WHERE id = ?", .int(removal.number))
            }
            return try connection.first(Self.isDue, .int(removal.number)) != nil
        }
    }

    package func complete(_ removal: OwedRemoval) throws(Fault) {
        _ = try database.run("Settling the removal of image \(removal.image)") { connection in
            try connection.run("DELETE FROM vitrine_removals WHERE id = ?", .int(removal.number))
        }
    }

    package func complete(_ removals: [OwedRemoval]) throws(Fault) {
        guard !removals.isEmpty else { return }
        try database.run("Settling \(removals.count) removals") { connection in
            for (list, values) in placeholderLists(of: removals.map { .int($0.number) }) {
                try connection.run("DELETE FROM vitrine_removals WHERE id IN \(list)", values)
            }
        }
    }

    package func postpone(_ removals: [OwedRemoval], haveFailed: Bool) throws(Fault) {
        guard !removals.isEmpty else { return }
        // The order matters: a later assignment sees the result of an earlier one.
        let change =
            haveFailed
            ? "next_try = UTC_TIMESTAMP(6) + INTERVAL LEAST(600, 10 * POW(2, LEAST(tries, 6))) SECOND, tries = tries + 1"
            : "next_try = UTC_TIMESTAMP(6) + INTERVAL 30 SECOND"
        try database.run("Postponing \(removals.count) removals") { connection in
            for (list, values) in placeholderLists(of: removals.map { .int($0.number) }) {
                try connection.run("UPDATE vitrine_removals SET \(change) WHERE id IN \(list)", values)
            }
        }
    }

    package func overdue(atMost count: Int) throws(Fault) -> [OwedRemoval] {
        try database.read("Reading owed removals") { connection in
            try connection.all(Self.overdueRemovals, .int(Int64(count))).map { row in
                OwedRemoval(
                    number: row.number, image: row.image, url: column.url(of: row.text), store: row.store, isOfDeleted: row.isOfDeleted)
            }
        }
    }

    /// Records that the bytes at locations must be removed: of each once.
    func owe(_ locations: [ImageLocation], of id: ImageID, isDeleted: Bool, on connection: Connection) throws -> [OwedRemoval] {
        var owed: [OwedRemoval] = []
        for (url, store) in locations.map({ ($0.url, $0.store) })
        where !owed.contains(where: { $0.url.isSame(as: url) && $0.store.map(ExactText.init) == store.map(ExactText.init) }) {
            let values: [SQLValue] = [.text(id.text), .text(column.text(for: url)), store.map { .text($0) } ?? .null]
            guard let number = try connection.first(Self.oweRemoval, values) else {
                throw Fault(.unexpected, "Deleting image \(id) failed.")
            }
            owed.append(OwedRemoval(number: number, image: id, url: url, store: store, isOfDeleted: isDeleted))
        }
        return owed
    }

    /// Records the removal of every location that an image has lost.
    func oweLost(from before: Image, to after: Image, on connection: Connection) throws -> [OwedRemoval] {
        let kept = after.locations.map(\.url)
        return try owe(before.locations.filter { !kept.has($0.url) }, of: after.id, isDeleted: false, on: connection)
    }

    private static let usedLocations = Query(
        """
        SELECT l.value
          FROM images i JOIN image_locations l FORCE INDEX (ix_image_locations_image_id) ON l.image_id = i.id
         WHERE i.id = ? AND i.deleted = 0 AND l.deleted = 0
        """
    ) { row throws(MariaDBError) in try row.text(0) }

    /// An upload's removal is recorded before it has a URL. A deleted image gets no URL.
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
        "INSERT INTO vitrine_removals (image_id, url, store, owed_since) VALUES (?, ?, ?, UTC_TIMESTAMP(6)) RETURNING id"
    ) { row throws(MariaDBError) in try row.int(0) }

    private static let overdueRemovals = Query(
        """
        SELECT r.id, r.image_id, r.url, COALESCE(i.deleted, 1), r.store
          FROM vitrine_removals r LEFT JOIN images i ON i.id = r.image_id
         WHERE \(isOverdue)
         ORDER BY r.next_try, r.owed_since
         LIMIT ?
        """
    ) { row throws(MariaDBError) in
        (
            number: try row.int(0), image: ImageID(try row.text(1)), text: try row.text(2), isOfDeleted: try row.int(3) != 0,
            store: try row.textOrNil(4)
        )
    }
}
