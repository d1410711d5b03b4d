package import Domain
internal import MariaDB

extension MariaDBCatalog: UseCatalog {
    package func today() throws(Fault) -> Day {
        let text = try database.read("Reading the date") { connection in try connection.first(Self.today) }
        guard let day = text.flatMap(Day.init) else { throw Fault(.unexpected, "Reading the date failed.") }
        return day
    }

    package func use(of image: ImageID) throws(Fault) -> ImageUse? {
        try database.read("Reading the use of image \(image)") { connection in try connection.first(Self.useOfImage, .text(image.text)) }
    }

    package func use(of image: ImageID, on days: ClosedRange<Day>) throws(Fault) -> [(day: Day, counts: UseCounts)] {
        try database.read("Reading the use of image \(image) by day", within: Database.long) { connection in
            try connection.all(
                Self.useByDay, .text(image.text), .text(days.lowerBound.description), .text(days.upperBound.description))
        }
    }

    package func forgetUse(before day: Day, atMost count: Int) throws(Fault) -> Int {
        try database.transaction("Forgetting old use", within: Database.long) { connection in
            try connection.run("DELETE FROM vitrine_downloads WHERE day < ? ORDER BY day LIMIT \(count)", .text(day.description))
        }
    }

    package func forgetUseOfPurged(after last: ImageID?, atMost count: Int) throws(Fault) -> ImageID? {
        // A plain read takes no locks.
        let found = try database.read("Reading which images were used", within: Database.long) { connection in
            try connection.all(Self.usedImages, .text(last?.text ?? ""), .int(Int64(count)))
        }
        let purged = found.filter(\.isPurged).map(\.image)
        for start in stride(from: 0, to: purged.count, by: Self.imagesOfStatement) {
            let some = purged[start..<min(start + Self.imagesOfStatement, purged.count)].map { SQLValue.text($0.text) }
            _ = try database.transaction("Forgetting the use of purged images") { connection in
                try connection.run(
                    "DELETE FROM vitrine_image_use WHERE image_id IN (\(Self.places(Self.imagesOfStatement)))",
                    some + Array(repeating: some[0], count: Self.imagesOfStatement - some.count))
            }
        }
        return found.count < count ? nil : found.last?.image
    }

    /// Adds sums to the records. Rows are written in the order of their keys, so that two nodes do not wait for each other in a circle.
    func add(_ tally: UseTally, on connection: Connection) throws(MariaDBError) {
        let sums = tally.sums
        try Self.inPieces(sums.count) { range, rows throws(MariaDBError) in
            var values: [SQLValue] = []
            for place in range {
                let (key, sum) = sums[min(place, sums.count - 1)]
                values += [
                    .text(key.day.description), .text(key.image.text), .text(key.project), .text(key.user), .text(key.method.rawValue),
                ]
                values += Self.values(of: sum.counts, isFiller: place >= sums.count) + [.text(sum.lastText)]
            }
            try connection.run(Self.addDownloads(rows), values)
        }
        let known = try live(tally.images.map(\.key), on: connection)
        let images = tally.images.filter { known.contains($0.key) }
        try Self.inPieces(images.count) { range, rows throws(MariaDBError) in
            var values: [SQLValue] = []
            for place in range {
                let (image, sum) = images[min(place, images.count - 1)]
                values += [.text(image.text), .text(sum.firstText), .text(sum.lastText)]
                values += Self.values(of: sum.counts, isFiller: place >= images.count)
            }
            try connection.run(Self.addImageUse(rows), values)
        }
    }

    /// The images that have a record, deleted or not. The records of use of others would never go.
    private func live(_ images: [ImageID], on connection: Connection) throws(MariaDBError) -> Set<ImageID> {
        var known: Set<ImageID> = []
        for start in stride(from: 0, to: images.count, by: Self.imagesOfStatement) {
            let some = images[start..<min(start + Self.imagesOfStatement, images.count)].map { SQLValue.text($0.text) }
            let values = some + Array(repeating: some[0], count: Self.imagesOfStatement - some.count)
            known.formUnion(try connection.all(Self.existing, values))
        }
        return known
    }

    /// Numbers of rows of a statement. A statement for each number would crowd out the cache of statements, so the last one is filled up
    /// with its last row and no counts.
    private static let sizes = [1, 8, 64]
    /// The number of images of a statement.
    private static let imagesOfStatement = 100

    private static func inPieces(
        _ count: Int, _ write: (_ range: Range<Int>, _ rows: Int) throws(MariaDBError) -> Void
    ) throws(MariaDBError) {
        var start = 0
        while start < count {
            let rows = sizes.first { $0 >= count - start } ?? sizes[sizes.count - 1]
            try write(start..<(start + rows), rows)
            start += rows
        }
    }

    private static func values(of counts: UseCounts, isFiller: Bool) -> [SQLValue] {
        let counts = isFiller ? UseCounts() : counts
        return [.int(counts.downloads), .int(counts.ranges), .int(counts.incomplete), .int(counts.bytes)]
    }

    private static func places(_ count: Int) -> String { Array(repeating: "?", count: count).joined(separator: ", ") }

    private static func rows(_ count: Int, _ columns: Int) -> String {
        Array(repeating: "(\(places(columns)))", count: count).joined(separator: ", ")
    }

    /// The sums of columns. A sum of bytes stays where it is before it goes beyond its column: it would refuse every later line.
    private static let sums = """
        downloads = downloads + VALUES(downloads), ranges = ranges + VALUES(ranges), incomplete = incomplete + VALUES(incomplete),
          bytes = IF(bytes > 4000000000000000000, bytes, bytes + VALUES(bytes))
        """

    private static func addDownloads(_ count: Int) -> String {
        """
        INSERT INTO vitrine_downloads (day, image_id, project, user, method, downloads, ranges, incomplete, bytes, last_at)
        VALUES \(rows(count, 10))
        ON DUPLICATE KEY UPDATE \(sums), last_at = GREATEST(last_at, VALUES(last_at))
        """
    }

    private static func addImageUse(_ count: Int) -> String {
        """
        INSERT INTO vitrine_image_use (image_id, first_downloaded_at, last_downloaded_at, downloads, ranges, incomplete, bytes)
        VALUES \(rows(count, 7))
        ON DUPLICATE KEY UPDATE \(sums),
          first_downloaded_at = LEAST(first_downloaded_at, VALUES(first_downloaded_at)),
          last_downloaded_at = GREATEST(last_downloaded_at, VALUES(last_downloaded_at))
        """
    }

    private static let existing = Query("SELECT id FROM images WHERE id IN (\(places(imagesOfStatement)))") { row throws(MariaDBError) in
        ImageID(try row.text(0))
    }

    private static let usedImages = Query(
        """
        SELECT u.image_id, i.id IS NULL
          FROM vitrine_image_use u LEFT JOIN images i ON i.id = u.image_id
         WHERE u.image_id > ?
         ORDER BY u.image_id
         LIMIT ?
        """
    ) { row throws(MariaDBError) in (image: ImageID(try row.text(0)), isPurged: try row.flag(1)) }

    private static let today = Query("SELECT DATE_FORMAT(UTC_DATE(), '%Y-%m-%d')") { row throws(MariaDBError) in try row.text(0) }

    private static let useOfImage = Query(
        """
        SELECT first_downloaded_at, last_downloaded_at, downloads, ranges, incomplete, bytes
          FROM vitrine_image_use
         WHERE image_id = ?
        """
    ) { row throws(MariaDBError) in
        ImageUse(first: Timestamp(try row.time(0)), last: Timestamp(try row.time(1)), counts: try UseCounts(row, from: 2))
    }

    private static let useByDay = Query(
        """
        SELECT DATEDIFF(day, '1970-01-01'), CAST(SUM(downloads) AS SIGNED), CAST(SUM(ranges) AS SIGNED), CAST(SUM(incomplete) AS SIGNED),
               CAST(LEAST(SUM(bytes), 9000000000000000000) AS SIGNED)
          FROM vitrine_downloads
         WHERE image_id = ? AND day BETWEEN ? AND ?
         GROUP BY day
         ORDER BY day
        """
    ) { row throws(MariaDBError) in (day: Day(number: Int(try row.int(0))), counts: try UseCounts(row, from: 1)) }
}

extension UseCounts {
    fileprivate init(_ row: borrowing Row, from column: Int) throws(MariaDBError) {
        self.init(
            downloads: try row.int(column), ranges: try row.int(column + 1), incomplete: try row.int(column + 2),
            bytes: try row.int(column + 3))
    }
}
