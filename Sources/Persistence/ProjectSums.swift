package import Domain
internal import MariaDB
internal import Numbers

/// What the images of a project take, for claims that are judged beside it.
///
/// To add up the images of a very large project takes seconds. `vitrine_project_sums` keeps what those of them took that had not changed
/// for a day when they were counted; the others, and those that were changed since, are read with each claim. Together that is never less
/// than what the project has: whoever gives a project more, Vitrine or a Glance beside it, writes the time into the image's `updated_at`
/// in the same transaction or a little before, and its clock is not a day behind that of the database. So an image that is in the database
/// with an older time is the same as it was when it was counted.
///
/// It is more than what the project has if some of the counted images were deleted, moved to another project or changed since. So a claim
/// that fits beside it is accepted, and a claim that does not is judged once more, beside the sum over all images. An upload of unknown
/// length is told what is left: that is exact if the counted images are as many as they were, and all are added up if they are not. So is
/// what `usage` tells.
///
/// `glance-tasks` counts anew after half an hour, and what is older than an hour is not used: that bounds the error after an operator's
/// SQL that gives a project more without a new `updated_at`.
struct ProjectSums {
    var images: Int64
    var bytes: Int64

    /// Numbers that the project does not exceed; nil if none are kept.
    static func bound(of project: String, on connection: Connection) throws(MariaDBError) -> ProjectSums? {
        guard let kept = try connection.first(kept, .text(project)) else { return nil }
        guard let changed = try connection.first(changedSince, .text(project), .time(kept.since)) else { return nil }
        return kept.settled.adding(changed)
    }

    /// Whether the project has as much as `bound` says: none of the images that are kept was deleted, moved or changed since. Images that
    /// have an older time can only become fewer, so it is enough to count them, in the index.
    static func isBoundReached(by project: String, on connection: Connection) throws(MariaDBError) -> Bool {
        guard let kept = try connection.first(kept, .text(project)) else { return false }
        return try connection.first(unchangedSince, .text(project), .time(kept.since)) == kept.settled.images
    }

    /// Adds up all images. What is worth it is kept, for the next claims.
    static func exact(of project: String, on connection: Connection) throws(MariaDBError) -> ProjectSums {
        let (sums, recount) = try counted(project, on: connection)
        try recount?.keep(on: connection)
        return sums
    }

    /// Reads what the images take, and writes nothing.
    ///
    /// - Returns: what is kept with what has changed since, if none of the images that are kept was deleted, moved or changed; else the sums
    ///   of all images, and the count that a caller may keep.
    static func read(of project: String, on connection: Connection) throws(MariaDBError) -> (sums: ProjectSums, recount: Recount?) {
        if let kept = try connection.first(kept, .text(project)) {
            let since = SQLValue.time(kept.since)
            let now = try connection.first(unchangedAndChanged, .text(project), since, .text(project), since)
            if let now, now.unchanged == kept.settled.images { return (kept.settled.adding(now.changed), nil) }
        }
        return try counted(project, on: connection)
    }

    private static func counted(_ project: String, on connection: Connection) throws(MariaDBError) -> (ProjectSums, Recount?) {
        let version = try connection.first(version, .text(project))
        guard let count = try count(project, on: connection) else { return (ProjectSums(images: 0, bytes: 0), nil) }
        return (count.all, count.isWorthKeeping ? Recount(project: project, version: version, count: count) : nil)
    }

    /// Adds an image that was created with another time than now.
    static func add(_ image: Image, on connection: Connection) throws(MariaDBError) {
        guard let owner = image.owner else { return }
        let bytes = (image.size ?? 0).multipliedClamped(by: Int64(image.locations.count))
        try connection.run(
            """
            INSERT INTO vitrine_project_sums (project, version) VALUES (?, 1)
                ON DUPLICATE KEY UPDATE version = version + 1, images = images + 1,
                                        bytes = LEAST(CAST(bytes AS DECIMAL(30)) + ?, \(Int64.max))
            """, .text(owner), .int(bytes))
    }

    /// Counts the images of a project anew, the one that was counted the longest ago.
    ///
    /// - Returns: false if none was counted more than half an hour ago.
    static func renewOldest(on connection: Connection) throws(MariaDBError) -> Bool {
        guard let (project, version) = try connection.first(oldest) else { return false }
        guard let count = try count(project, on: connection) else { return false }
        try keep(count, of: project, version, on: connection)
        return true
    }

    // MARK: parts of these

    private func adding(_ more: ProjectSums) -> ProjectSums {
        ProjectSums(images: images.addingClamped(more.images), bytes: bytes.addingClamped(more.bytes))
    }

    /// A count of a project that is worth keeping.
    struct Recount {
        fileprivate let project: String
        /// That of the project's row before the images were counted; nil if it had none.
        fileprivate let version: Int64?
        fileprivate let count: Count

        func keep(on connection: Connection) throws(MariaDBError) {
            try ProjectSums.keep(count, of: project, version, on: connection)
        }
    }

    /// A count of all images of a project.
    fileprivate struct Count {
        let all: ProjectSums
        /// Those of them that had not changed since a moment.
        let settled: ProjectSums
        let since: DateTime

        var isWorthKeeping: Bool { settled.images >= ProjectSums.fewest }
    }

    /// The number of images from which a project's sums are kept. To read fewer takes a few milliseconds.
    static let fewest: Int64 = 1000

    private static func count(_ project: String, on connection: Connection) throws(MariaDBError) -> Count? {
        try connection.allowing(Database.long) { () throws(MariaDBError) in
            try connection.first(allImages, .text(project), .text(project))
        }
    }

    /// Keeps a count, unless an image with an older time was created since.
    ///
    /// - Parameter version: that of the project's row before the images were counted; nil if it had none.
    private static func keep(_ count: Count, of project: String, _ version: Int64?, on connection: Connection) throws(MariaDBError) {
        let sums: [SQLValue] =
            count.isWorthKeeping ? [.time(count.since), .int(count.settled.images), .int(count.settled.bytes)] : [.null, .null, .null]
        if let version {
            try connection.run(
                "UPDATE vitrine_project_sums SET since = ?, images = ?, bytes = ? WHERE project = ? AND version = ?",
                sums + [.text(project), .int(version)])
        } else {
            try connection.run(
                "INSERT IGNORE INTO vitrine_project_sums (project, version, since, images, bytes) VALUES (?, 0, ?, ?, ?)",
                [.text(project)] + sums)
        }
    }

    // MARK: statements

    /// The moment before which an image must have been changed last, to be kept: a day ago. No clock is that wrong, and no transaction
    /// takes that long.
    private static let now = "UTC_TIMESTAMP() - INTERVAL 1 DAY"

    /// A moment in the future would be that of a clock which was set back.
    private static let kept = Query(
        """
        SELECT images, bytes, since FROM vitrine_project_sums
         WHERE project = ? AND images IS NOT NULL AND since BETWEEN \(now) - INTERVAL 1 HOUR AND \(now) + INTERVAL 1 HOUR
        """
    ) { row throws(MariaDBError) in
        (settled: ProjectSums(images: try row.int(0), bytes: try row.int(1)), since: try row.time(2))
    }

    private static let oldest = Query(
        """
        SELECT project, version FROM vitrine_project_sums
         WHERE images IS NOT NULL AND since NOT BETWEEN \(now) - INTERVAL 30 MINUTE AND \(now) + INTERVAL 1 HOUR
         ORDER BY since
         LIMIT 1
        """
    ) { row throws(MariaDBError) in (try row.text(0), try row.int(1)) }

    private static let version = Query("SELECT version FROM vitrine_project_sums WHERE project = ?") { row throws(MariaDBError) in
        try row.int(0)
    }

    private static let changedSince = Query("SELECT images, \(number("bytes")) FROM \(changed(since: "?")) AS changed") {
        row throws(MariaDBError) in ProjectSums(images: try row.int(0), bytes: try row.int(1))
    }

    private static let unchangedSince = Query(unchanged) { row throws(MariaDBError) in try row.int(0) }

    private static let unchanged = """
        SELECT COUNT(*) AS images FROM images i FORCE INDEX (vitrine_images_owner_updated_at)
         WHERE i.owner = ? AND i.deleted = 0 AND i.os_hidden IN (0, 1) AND i.updated_at < ? AND \(Quotas.isThere)
        """

    /// One statement, so that an image which changes meanwhile is either among the ones or the others.
    private static let unchangedAndChanged = Query(
        """
        SELECT unchanged.images, changed.images, \(number("changed.bytes")) FROM (\(unchanged)) AS unchanged, \(changed(since: "?")) AS changed
        """
    ) { row throws(MariaDBError) in
        (unchanged: try row.int(0), changed: ProjectSums(images: try row.int(1), bytes: try row.int(2)))
    }

    private static let allImages = Query(
        """
        SELECT counted.images, \(number("counted.bytes")), counted.images - changed.images, \(number("counted.bytes - changed.bytes")), \(now)
          FROM \(sums("vitrine_images_owner_size", "")) AS counted, \(changed(since: now)) AS changed
        """
    ) { row throws(MariaDBError) in
        Count(
            all: ProjectSums(images: try row.int(0), bytes: try row.int(1)),
            settled: ProjectSums(images: try row.int(2), bytes: try row.int(3)), since: try row.time(4))
    }

    /// The index finds these images by their time. Glance always writes it, and an image that has none may be new.
    private static func changed(since moment: String) -> String {
        sums("vitrine_images_owner_updated_at", "AND i.os_hidden IN (0, 1) AND (i.updated_at >= \(moment) OR i.updated_at IS NULL)")
    }

    /// An image counts once for each of its locations.
    private static func sums(_ index: String, _ condition: String) -> String {
        """
        (SELECT COUNT(*) AS images,
                COALESCE(SUM(CAST(i.size AS DECIMAL(20))
                             * (SELECT COUNT(*) FROM image_locations l FORCE INDEX (ix_image_locations_image_id)
                                 WHERE l.image_id = i.id AND l.deleted = 0)), 0) AS bytes
           FROM images i FORCE INDEX (\(index))
          WHERE i.owner = ? AND i.deleted = 0 \(condition) AND \(Quotas.isThere))
        """
    }

    private static func number(_ sum: String) -> String { "CAST(LEAST(\(sum), \(Int64.max)) AS SIGNED)" }
}

extension MariaDBCatalog: ProjectSumCatalog {
    package func renewOldestSums() throws(Fault) -> Bool {
        try database.run("Adding up the images of a project", within: Database.long) { try ProjectSums.renewOldest(on: $0) }
    }
}
