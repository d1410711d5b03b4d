package import Domain
internal import MariaDB

/// What a verification reads of images: a few columns, and their locations.
extension MariaDBCatalog {
    package func recordedImages(after last: ImageID?, atMost count: Int) throws(Fault) -> [RecordedImage] {
        try database.read("Reading images to verify", within: Database.long) { connection in
            try withLocations(try connection.all(Self.imagesAfter, .text(last?.text ?? ""), .int(Int64(count))), on: connection)
        }
    }

    package func recordedImages(_ ids: [ImageID]) throws(Fault) -> [RecordedImage] {
        guard !ids.isEmpty else { return [] }
        return try database.readCaughtUp("Reading images to verify") { connection in
            var images: [RecordedImage] = []
            for (list, values) in placeholderLists(of: ids.map { .text($0.text) }) {
                images += try connection.all(
                    Query("SELECT \(Self.imageColumns) FROM images FORCE INDEX (PRIMARY) WHERE id IN \(list)", decode: Self.image), values)
            }
            return try withLocations(images, on: connection)
        }
    }

    package func inMotion(among ids: [ImageID]) throws(Fault) -> Set<ImageID> {
        guard !ids.isEmpty else { return [] }
        return try database.readCaughtUp("Reading which images are worked on") { connection in
            var found: Set<String> = []
            for (list, values) in placeholderLists(of: ids.map { .text($0.text) }) {
                for table in ["vitrine_uploads", "vitrine_jobs", "vitrine_removals"] {
                    let query = Query("SELECT LOWER(image_id) FROM \(table) WHERE image_id IN \(list)") { row throws(MariaDBError) in
                        try row.text(0)
                    }
                    found.formUnion(try connection.all(query, values))
                }
            }
            return Set(ids.filter { found.contains($0.text.lowercased()) })
        }
    }

    package func scannedLocations(after last: Int64, atMost count: Int) throws(Fault) -> [ScannedLocation] {
        try database.read("Reading the locations of all images", within: Database.long) { connection in
            try connection.all(Self.locationsAfter, .int(last), .int(Int64(count))).map { row in
                ScannedLocation(number: row.number, image: row.image, url: column.url(of: row.text))
            }
        }
    }

    package func verifiableImages() throws(Fault) -> (images: Int64, bytes: Int64) {
        try database.read("Adding up the images to verify", within: Database.long) { connection in
            if let kept = try connection.first(Self.keptSums) { return kept }
            return try connection.first(Self.sums) ?? (0, 0)
        }
    }

    private func withLocations(_ images: [RecordedImage], on connection: Connection) throws(MariaDBError) -> [RecordedImage] {
        var images = images
        var places: [String: Int] = [:]
        for (place, image) in images.enumerated() { places[image.id.text] = place }
        for (list, values) in placeholderLists(of: images.map { .text($0.id.text) }) {
            let query = Query(
                """
                SELECT image_id, value, COALESCE(meta_data, '{}')
                  FROM image_locations FORCE INDEX (ix_image_locations_image_id)
                 WHERE image_id IN \(list) AND (deleted = 0 AND status = 'active' OR status = 'pending_delete')
                 ORDER BY id
                """
            ) { row throws(MariaDBError) in (try row.text(0), try row.text(1), try row.text(2)) }
            for (id, text, metadata) in try connection.all(query, values) {
                guard let place = places[id] else { continue }
                images[place].locations.append(ImageLocation(url: column.url(of: text), metadata: metadata))
            }
        }
        return images
    }

    private static let imageColumns = """
        id, status, size, checksum, os_hash_algo, os_hash_value, disk_format, container_format,
               IF(deleted, COALESCE(TIMESTAMPDIFF(SECOND, deleted_at, UTC_TIMESTAMP()), 0), NULL)
        """

    private static func image(_ row: borrowing Row) throws(MariaDBError) -> RecordedImage {
        var hash: ImageHash?
        if let algorithm = try row.textOrNil(4), let value = try row.textOrNil(5) { hash = ImageHash(algorithm: algorithm, value: value) }
        return RecordedImage(
            id: ImageID(try row.text(0)), status: try row.value(1), size: try row.intOrNil(2), checksum: try row.textOrNil(3), hash: hash,
            diskFormat: try row.textOrNil(6), containerFormat: try row.textOrNil(7), deletedFor: try row.intOrNil(8))
    }

    private static let imagesAfter = Query(
        """
        SELECT \(imageColumns)
          FROM images FORCE INDEX (PRIMARY)
         WHERE id > ? AND (deleted = 0 OR status = 'pending_delete')
         ORDER BY id
         LIMIT ?
        """, decode: image)

    private static let locationsAfter = Query(
        """
        SELECT id, image_id, value
          FROM image_locations FORCE INDEX (PRIMARY)
         WHERE id > ? AND (deleted = 0 OR status = 'pending_delete')
         ORDER BY id
         LIMIT ?
        """
    ) { row throws(MariaDBError) in (number: try row.int(0), image: ImageID(try row.text(1)), text: try row.text(2)) }

    /// What the stores hold, as the reports of a large database say: to add up a million images takes 20 seconds.
    private static let keptSums = Query(
        """
        SELECT CAST(SUM(locations) AS SIGNED), CAST(LEAST(SUM(stored_bytes), \(Int64.max)) AS SIGNED)
          FROM vitrine_report_stores
         WHERE EXISTS (SELECT 1 FROM vitrine_report_passes WHERE report = 'usage' AND refreshed_at > UTC_TIMESTAMP() - INTERVAL 1 DAY)
        HAVING COUNT(*)
        """
    ) { row throws(MariaDBError) in (images: try row.int(0), bytes: try row.int(1)) }

    private static let sums = Query(
        """
        SELECT COUNT(*), CAST(COALESCE(SUM(i.size), 0) AS SIGNED)
          FROM images i JOIN image_locations l ON l.image_id = i.id AND l.deleted = 0
         WHERE i.deleted = 0 AND i.status IN ('active', 'deactivated')
        """
    ) { row throws(MariaDBError) in (images: try row.int(0), bytes: try row.int(1)) }
}
