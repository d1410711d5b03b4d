package import Domain
internal import MariaDB

extension MariaDBCatalog: BacklogCatalog {
    package func backlog() throws(Fault) -> Backlog {
        try database.read("Measuring the queues") { connection in
            var backlog = Backlog()
            for (queue, depth) in try connection.all(Self.queues) { if let queue { backlog[queue] = depth } }
            return backlog
        }
    }

    package func surveyImages(atMost most: Int) throws(Fault) -> ImageSurvey {
        try database.read("Surveying the images") { connection in
            let count = SQLValue.int(Int64(max(1, most)))
            let found = try connection.all(Self.survey, Array(repeating: count, count: Self.newest.count + 1))
            guard let first = found.first else { return ImageSurvey(count: 0, newest: []) }
            // The number of images stands in each row, so one is read even where none is wanted.
            return ImageSurvey(count: first.count, newest: most > 0 ? found.map(\.entry) : [])
        }
    }

    package func verifiedStores() throws(Fault) -> [VerifiedStore] {
        try database.read("Counting what verifications found") { connection in
            var stores = try connection.all(Self.verified)
            for (store, kind, count) in try connection.all(Self.openFindings) {
                guard let kind, let place = stores.firstIndex(where: { $0.store == store }) else { continue }
                stores[place].findings[kind] = count
            }
            return stores
        }
    }

    /// The last run of each store that read all data, or the last quick one where there was none. Runs of one image do not count. What is in
    /// no store is found by runs of everything.
    private static let lastRuns = """
        SELECT s.store AS store, COALESCE(MAX(IF(v.is_quick = 0, s.run, NULL)), MAX(s.run)) AS run,
               TIMESTAMPDIFF(SECOND, '1970-01-01', MAX(IF(v.is_quick = 0, s.ended_at, NULL))) AS ended_at
          FROM vitrine_verification_stores s JOIN vitrine_verifications v ON v.id = s.run
         WHERE s.ended_at IS NOT NULL AND v.image_id IS NULL
         GROUP BY s.store
        UNION ALL
        SELECT '', MAX(id), NULL FROM vitrine_verifications
         WHERE ended_at IS NOT NULL AND image_id IS NULL AND store IS NULL
        HAVING MAX(id) IS NOT NULL
        """

    private static let verified = Query("SELECT store, ended_at FROM (\(lastRuns)) l") { row throws(MariaDBError) in
        VerifiedStore(store: try row.text(0), endedAt: try row.intOrNil(1), findings: [:])
    }

    private static let openFindings = Query(
        """
        SELECT f.store, f.kind, COUNT(DISTINCT f.object_key)
          FROM (\(lastRuns)) l
          JOIN vitrine_verification_findings f ON f.run >= l.run AND f.store = l.store AND f.repaired_at IS NULL
         GROUP BY f.store, f.kind
        """
    ) { row throws(MariaDBError) in (try row.text(0), FindingKind(rawValue: try row.text(1)), Int(try row.int(2))) }

    /// Each part reads an index, and of images only those in a state that they leave. With 300,000 images, 50,000 removals and 100,000
    /// notifications all parts together take 15 ms.
    ///
    /// Notifications have one index, that of their numbers, beside their long payloads. So they are counted up to a thousand; beyond, the
    /// numbers of the first and the last tell how many there are, since few are missing between them.
    private static let queues = Query(
        """
        SELECT 'jobs_waiting', COUNT(*), \(age("MIN(t.created_at)"))
          FROM vitrine_jobs j LEFT JOIN tasks t ON t.id = j.task_id WHERE j.lease_until < UTC_TIMESTAMP(6)
        UNION ALL
        SELECT 'jobs_running', COUNT(*), \(age("MIN(t.created_at)"))
          FROM vitrine_jobs j LEFT JOIN tasks t ON t.id = j.task_id WHERE j.lease_until >= UTC_TIMESTAMP(6)
        UNION ALL
        SELECT 'copies', COUNT(*), \(age("MIN(ordered_at)")) FROM vitrine_copies
        UNION ALL
        SELECT 'uploads', COUNT(*), 0 FROM vitrine_uploads WHERE lease_until >= UTC_TIMESTAMP(6)
        UNION ALL
        SELECT 'uploads_abandoned', COUNT(*), \(age("MIN(lease_until)")) FROM vitrine_uploads WHERE lease_until < UTC_TIMESTAMP(6)
        UNION ALL
        SELECT 'removals', COUNT(*), \(age("MIN(owed_since)")) FROM vitrine_removals
        UNION ALL
        SELECT 'notifications',
               IF(COUNT(*) > 1000, (SELECT MAX(id) - MIN(id) + 1 FROM vitrine_notifications), COUNT(*)),
               \(age("(SELECT happened_at FROM vitrine_notifications ORDER BY id LIMIT 1)"))
          FROM (SELECT id FROM vitrine_notifications ORDER BY id LIMIT 1001) n
        UNION ALL
        SELECT CONCAT('images_', status), COUNT(*), \(age("MIN(updated_at)"))
          FROM \(byStatus) AND deleted = 0 AND status IN ('saving', 'uploading', 'importing')
         GROUP BY status
        UNION ALL
        SELECT 'images_pending_delete', COUNT(*), 0 FROM \(byStatus) AND deleted = 1 AND status = 'pending_delete'
        """
    ) { row throws(MariaDBError) in
        var depth = Backlog.Depth()
        (depth.count, depth.oldestSeconds) = (Int(try row.int(1)), Int(try row.int(2)))
        return (Backlog.Queue(rawValue: try row.text(0)), depth)
    }

    /// The age of a moment in seconds; 0 where there is none, and where it lies in the future.
    private static func age(_ moment: String) -> String { "GREATEST(0, COALESCE(TIMESTAMPDIFF(SECOND, \(moment), UTC_TIMESTAMP()), 0))" }

    /// Names every column that precedes the status in the index, so that only rows with that status are read.
    private static let byStatus = """
        images FORCE INDEX (vitrine_images_visibility_status)
         WHERE visibility IN ('public', 'private', 'shared', 'community') AND os_hidden IN (0, 1)
        """

    /// The newest images of each range of the index by creation time. That of Glance has deleted images too, which may be most of the newest.
    private static let newest = Visibility.allCases.flatMap { visibility in
        [0, 1].map { isHidden in
            """
            (SELECT id, created_at FROM images FORCE INDEX (vitrine_images_visibility_created_at)
              WHERE visibility = '\(visibility.rawValue)' AND deleted = 0 AND os_hidden = \(isHidden)
              ORDER BY created_at DESC, id DESC LIMIT ?)
            """
        }
    }

    private static let survey = Query(
        """
        SELECT i.id, i.name, i.size, i.owner, TIMESTAMPDIFF(SECOND, '1970-01-01', i.created_at), i.os_hidden, i.status, i.visibility,
               (SELECT COUNT(*) FROM images WHERE deleted = 0)
          FROM (SELECT id, created_at FROM (\(newest.joined(separator: " UNION ALL "))) AS ranges
                 ORDER BY created_at DESC, id DESC LIMIT ?) AS n
               STRAIGHT_JOIN images i FORCE INDEX (PRIMARY) ON i.id = n.id
         ORDER BY n.created_at DESC, n.id DESC
        """
    ) { row throws(MariaDBError) in
        let entry = ImageSurvey.Entry(
            id: try row.text(0), name: try row.textOrNil(1) ?? "", size: try row.intOrNil(2) ?? 0, project: try row.textOrNil(3) ?? "",
            createdAt: try row.int(4), isHidden: try row.int(5) != 0, status: try row.text(6), visibility: try row.text(7))
        return (entry: entry, count: Int(try row.int(8)))
    }
}
