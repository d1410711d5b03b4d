package import Domain
internal import MariaDB

extension MariaDBCatalog {
    package func pendingDeletions(olderThan seconds: Int) throws(Fault) -> (images: Int, bytes: Int64) {
        try database.read("Counting deleted images", within: Database.long) { connection in
            try connection.first(Self.pendingCount, .int(Int64(seconds))) ?? (0, 0)
        }
    }

    package func pendingDeletions(
        olderThan seconds: Int, after last: PendingDeletion?, atMost count: Int
    ) throws(Fault) -> [PendingDeletion] {
        try database.read("Reading deleted images", within: Database.long) { connection in
            var found: [PendingDeletion] = []
            let first = last.map { Self.ranges.firstIndex(of: Range(visibility: $0.place.visibility, isHidden: $0.place.isHidden)) ?? 0 }
            for (number, range) in Self.ranges.enumerated().dropFirst(first ?? 0) where found.count < count {
                var start: [SQLValue] = [.time(DateTime(year: 1, month: 1, day: 1, hour: 0, minute: 0, second: 0)), .text("")]
                if let last, number == first { start = [last.place.createdAt.sqlValue, .text(last.image.text)] }
                let values =
                    [.text(range.visibility.rawValue), .flag(range.isHidden), .int(Int64(seconds)), start[0], start[0], start[1]]
                    + [.int(Int64(count - found.count))]
                for (image, bytes, createdAt) in try connection.all(Self.pending, values) {
                    let place = PendingDeletion.Place(range.visibility, isHidden: range.isHidden, createdAt: createdAt)
                    found.append(PendingDeletion(image: image, bytes: bytes, place: place))
                }
            }
            return found
        }
    }

    /// Images that stand beside each other in the index by status, in the order of their creation.
    private struct Range: Equatable {
        let visibility: Visibility
        let isHidden: Bool
    }

    private static let ranges = Visibility.allCases.flatMap { visibility in
        [false, true].map { Range(visibility: visibility, isHidden: $0) }
    }

    package func endDeletion(of id: ImageID) throws(Fault) -> [OwedRemoval] {
        try database.transaction("Scrubbing image \(id)") { connection in
            guard try connection.first(Self.holdPending, .text(id.text)) != nil else { return [] }
            let locations = try connection.all(Self.pendingLocations, .text(id.text))
            try connection.run(
                """
                UPDATE image_locations SET status = 'deleted', updated_at = UTC_TIMESTAMP()
                 WHERE image_id = ? AND status = 'pending_delete'
                """, .text(id.text))
            try connection.run("UPDATE images SET status = 'deleted', updated_at = UTC_TIMESTAMP() WHERE id = ?", .text(id.text))
            return try owe(
                locations.map { ImageLocation(url: column.url(of: $0.url), metadata: $0.metadata) }, of: id, isDeleted: true, on: connection
            )
        }
    }

    package func restore(_ id: ImageID) throws(Fault) {
        try checkPossible(id)
        try database.transaction("Restoring image \(id)") { connection in
            guard let moment = try connection.first(Self.holdPending, .text(id.text)) else {
                throw Fault(.notFound, "Image \(id) is not among those that wait for the scrubber.")
            }
            try connection.run(
                """
                UPDATE images SET status = 'active', deleted = 0, deleted_at = NULL, updated_at = UTC_TIMESTAMP() WHERE id = ?
                """, .text(id.text))
            try connection.run(
                """
                UPDATE image_locations SET status = 'active', deleted = 0, deleted_at = NULL, updated_at = UTC_TIMESTAMP()
                 WHERE image_id = ? AND status = 'pending_delete'
                """, .text(id.text))
            // Rows that were deleted with the image, which Glance marks a moment before or after it. Earlier deletions stay.
            for table in ["image_properties", "image_tags", "image_members"] {
                try connection.run(
                    """
                    UPDATE \(table) SET deleted = 0, deleted_at = NULL, updated_at = UTC_TIMESTAMP()
                     WHERE image_id = ? AND deleted = 1 AND deleted_at BETWEEN ? - INTERVAL 1 SECOND AND ? + INTERVAL 1 SECOND
                    """, .text(id.text), .time(moment), .time(moment))
            }
        }
    }

    /// Names every column that precedes the status in the index, so that only rows with that status are read.
    private static let isPending = """
        images FORCE INDEX (vitrine_images_visibility_status)
         WHERE visibility IN ('public', 'private', 'shared', 'community') AND deleted = 1 AND os_hidden IN (0, 1)
           AND status = 'pending_delete' AND deleted_at <= UTC_TIMESTAMP() - INTERVAL ? SECOND
        """

    private static let bytes = """
        COALESCE(size, 0) * (SELECT COUNT(*) FROM image_locations WHERE image_id = images.id AND status = 'pending_delete')
        """

    private static let pendingCount = Query(
        "SELECT COUNT(*), CAST(COALESCE(SUM(\(bytes)), 0) AS SIGNED) FROM \(isPending)"
    ) { row throws(MariaDBError) in (Int(try row.int(0)), try row.int(1)) }

    /// Reads one range from a place on, in the order of the index: each page begins where the last one ended.
    private static let pending = Query(
        """
        SELECT id, \(bytes), created_at
          FROM images FORCE INDEX (vitrine_images_visibility_status)
         WHERE visibility = ? AND deleted = 1 AND os_hidden = ? AND status = 'pending_delete'
           AND deleted_at <= UTC_TIMESTAMP() - INTERVAL ? SECOND
           AND (created_at > ? OR created_at = ? AND id > ?)
         ORDER BY created_at, id
         LIMIT ?
        """
    ) { row throws(MariaDBError) in (ImageID(try row.text(0)), try row.int(1), Timestamp(try row.time(2))) }

    private static let holdPending = Query(
        "SELECT deleted_at FROM images FORCE INDEX (PRIMARY) WHERE id = ? AND status = 'pending_delete' AND deleted = 1 FOR UPDATE"
    ) { row throws(MariaDBError) in try row.time(0) }

    private static let pendingLocations = Query(
        "SELECT value, COALESCE(meta_data, '{}') FROM image_locations WHERE image_id = ? AND status = 'pending_delete' ORDER BY id"
    ) { row throws(MariaDBError) in (url: try row.text(0), metadata: try row.text(1)) }
}
