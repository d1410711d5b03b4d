package import Domain
internal import MariaDB
internal import Numbers

/// The usage of projects, and the check of claims against their limits.
///
/// A check first writes the project's row in `vitrine_project_turns`. Until its transaction commits, nobody else checks a claim of the
/// project. On Galera, where locks are known to their own node only, one of two transactions that wrote the row is repeated. The usage is
/// read afterwards, so it includes what the previous transaction did. `ProjectSums` adds up a project's images.
enum Quotas {
    /// Writes the project's row, which locks it until the transaction ends.
    static func lockProject(_ project: String, on connection: Connection) throws(MariaDBError) {
        try connection.run(
            "INSERT INTO vitrine_project_turns (project, turn) VALUES (?, 1) ON DUPLICATE KEY UPDATE turn = turn + 1", .text(project))
    }

    /// - Throws: `.tooLarge` for a claim that exceeds a limit.
    static func judge(_ claim: QuotaClaim, on connection: Connection) throws {
        try lockProject(claim.project, on: connection)
        try check(claim, on: connection)
    }

    /// Checks a claim in a transaction that has written the project's row already.
    static func check(_ claim: QuotaClaim, on connection: Connection) throws {
        if claim.countsBytes {
            let taken = try sums(of: claim.project, on: connection) { bound in
                claim.fits(bytesBeside: bound.bytes) && (!claim.countsImages || claim.fits(imagesBeside: bound.images))
            }
            if claim.countsImages { try claim.check(imagesBeside: taken.images) }
            try claim.check(bytesBeside: taken.bytes)
        } else if claim.countsImages {
            try claim.check(imagesBeside: images(beside: claim, on: connection))
        }
        if claim.limits.imageStageTotal != nil, claim.staged != 0 {
            try claim.check(stagedBeside: bytesStaged(by: claim.project, on: connection))
        }
    }

    /// Checks an upload before its bytes arrive.
    ///
    /// - Parameter more: the images that it adds to those whose data are on their way: none if its own image is among them already. Nil
    ///   if it was counted among them before, and may go on.
    /// - Returns: the bytes that are left; nil without a limit.
    static func judgeUpload(_ claim: QuotaClaim, uploading more: Int64?, on connection: Connection) throws -> Int64? {
        try lockProject(claim.project, on: connection)
        var remaining: Int64?
        if claim.countsBytes {
            let taken = try sums(of: claim.project, on: connection) { bound throws(MariaDBError) in
                guard claim.fits(bytesBeside: bound.bytes) else { return false }
                if claim.fitsWhateverComes(bytesBeside: bound.bytes) { return true }
                return try ProjectSums.isBoundReached(by: claim.project, on: connection)
            }.bytes
            try claim.check(bytesBeside: taken)
            remaining = claim.remaining(beside: taken)
        }
        if claim.limits.imageStageTotal != nil, claim.staged != 0 {
            let taken = try bytesStaged(by: claim.project, on: connection)
            try claim.check(stagedBeside: taken)
            remaining = claim.stagingRoom(beside: taken)
        }
        if let more, claim.limits.imageCountUploading != nil {
            try claim.check(uploading: uploads(of: claim.project, on: connection) + more)
        }
        return remaining
    }

    /// The images, where their bytes do not count: an index has their number.
    private static func images(beside claim: QuotaClaim, on connection: Connection) throws(MariaDBError) -> Int64 {
        let bound = try ProjectSums.bound(of: claim.project, on: connection)
        if let bound, claim.fits(imagesBeside: bound.images) { return bound.images }
        let images = try ask(imageCount, claim.project, connection)
        guard bound == nil, images >= ProjectSums.fewest else { return images }
        // The sums are kept for the next claims.
        return try ProjectSums.exact(of: claim.project, on: connection).images
    }

    /// The images, and their bytes in stores with those that running uploads have reserved.
    ///
    /// - Parameter isEnough: whether a claim may be accepted beside such numbers, although they may be too great. If it may, they are
    ///   returned: most claims are far from their limit, and to add up all images of a project can take long.
    private static func sums(
        of project: String, on connection: Connection, acceptingBoundIf isEnough: (ProjectSums) throws(MariaDBError) -> Bool
    ) throws(MariaDBError) -> ProjectSums {
        let reserved = try ask(bytesReserved, project, connection)
        func withReserved(_ sums: ProjectSums) -> ProjectSums {
            ProjectSums(images: sums.images, bytes: sums.bytes.addingClamped(reserved))
        }
        if let bound = try ProjectSums.bound(of: project, on: connection).map(withReserved), try isEnough(bound) { return bound }
        return withReserved(try ProjectSums.exact(of: project, on: connection))
    }

    /// The bytes in the staging area, or copied through it, and those that are on their way there.
    private static func bytesStaged(by project: String, on connection: Connection) throws(MariaDBError) -> Int64 {
        let lying = try ask(bytesStaged, project, connection).addingClamped(ask(bytesCopied, project, connection))
        return try lying.addingClamped(ask(bytesReservedForStaging, project, connection))
    }

    private static func uploads(of project: String, on connection: Connection) throws(MariaDBError) -> Int64 {
        try ask(underWayCount, project, connection) + ask(copiedCount, project, connection)
    }

    /// Reads what a project uses. Nothing is written: a GET is also answered where nothing can be.
    static func usage(
        of project: String, on connection: Connection
    ) throws(MariaDBError) -> (usage: ProjectUsage, recount: ProjectSums.Recount?) {
        let (sums, recount) = try ProjectSums.read(of: project, on: connection)
        let usage = ProjectUsage(
            imageSizeTotal: sums.bytes,
            imageStageTotal: try ask(bytesStaged, project, connection).addingClamped(ask(bytesCopied, project, connection)),
            imageCountTotal: sums.images, imageCountUploading: try uploads(of: project, on: connection))
        return (usage, recount)
    }

    private static func ask(_ query: Query<Int64>, _ project: String, _ connection: Connection) throws(MariaDBError) -> Int64 {
        try connection.first(query, .text(project)) ?? 0
    }

    // MARK: statements

    /// Bytes of images that were deleted meanwhile count too: they are still stored.
    private static let bytesReserved = number(
        """
        SELECT CAST(LEAST(COALESCE(SUM(r.reserved), 0), \(Int64.max)) AS SIGNED)
          FROM (SELECT image_id, reserved FROM vitrine_uploads WHERE is_staging = 0
                 UNION ALL SELECT image_id, reserved FROM vitrine_jobs WHERE image_id IS NOT NULL) r
               STRAIGHT_JOIN images i FORCE INDEX (PRIMARY) ON i.id = r.image_id
         WHERE i.owner = ?
        """)

    private static let bytesReservedForStaging = sum(
        "u.reserved",
        """
        vitrine_uploads u STRAIGHT_JOIN images i FORCE INDEX (PRIMARY) ON i.id = u.image_id
         WHERE i.owner = ? AND u.is_staging = 1
        """)

    private static let bytesStaged = sum("i.size", underWay("'uploading', 'importing'"))
    private static let bytesCopied = sum("i.size", copied)
    private static let imageCount = count("\(ofOwner) AND \(isThere)")
    private static let underWayCount = count(underWay("'saving', 'uploading', 'importing'"))
    private static let copiedCount = count(copied)

    private static let ofOwner = "images i FORCE INDEX (vitrine_images_owner_status) WHERE i.owner = ? AND i.deleted = 0"
    /// The condition that an image counts.
    static let isThere = "i.status NOT IN ('killed', 'deleted', 'pending_delete')"

    /// There are few such images, and the index finds them by their status.
    private static func underWay(_ statuses: String) -> String { "\(ofOwner) AND i.os_hidden IN (0, 1) AND i.status IN (\(statuses))" }

    /// Images that have their data and are being copied to further stores, which a property names. Of an image that was imported it stays, and
    /// is empty. The index has the beginnings of values: with `> ''` all those would be read, too. Every store's name begins with `!` or a
    /// later letter.
    private static let copied = """
        image_properties p FORCE INDEX (vitrine_image_properties_value)
               STRAIGHT_JOIN images i FORCE INDEX (PRIMARY) ON i.id = p.image_id AND i.deleted = 0
         WHERE p.name = 'os_glance_importing_to_stores' AND p.value >= '!' AND p.deleted = 0 AND i.owner = ?
           AND \(isThere) AND i.status NOT IN ('saving', 'uploading', 'importing')
        """

    private static func sum(_ column: String, _ rows: String) -> Query<Int64> {
        number("SELECT CAST(LEAST(COALESCE(SUM(\(column)), 0), \(Int64.max)) AS SIGNED) FROM \(rows)")
    }

    private static func count(_ rows: String) -> Query<Int64> { number("SELECT COUNT(*) FROM \(rows)") }

    private static func number(_ sql: String) -> Query<Int64> { Query(sql) { row throws(MariaDBError) in try row.int(0) } }
}

extension MariaDBCatalog: UsageCatalog {
    package func usage(of project: String) throws(Fault) -> ProjectUsage {
        let (usage, recount) = try database.read("Reading what project \(project) uses", within: Database.long) {
            try Quotas.usage(of: project, on: $0)
        }
        // The answer is known, and it is only the next one that takes longer if the count cannot be kept.
        if let recount { do { try database.run("Keeping the sums of a project") { try recount.keep(on: $0) } } catch {} }
        return usage
    }
}

extension QuotaClaim {
    fileprivate var countsImages: Bool { limits.imageCountTotal != nil && images > 0 }
    fileprivate var countsBytes: Bool { limits.imageSizeTotal != nil && bytes != 0 }
}
