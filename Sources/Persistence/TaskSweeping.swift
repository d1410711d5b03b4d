package import Domain
internal import MariaDB

extension MariaDBCatalog: MaintenanceCatalog {
    package func expireTasks() throws(Fault) {
        _ = try database.run("Taking away tasks", within: Database.long) { connection in
            try connection.run(
                """
                UPDATE tasks SET deleted = 1, deleted_at = UTC_TIMESTAMP(), updated_at = UTC_TIMESTAMP()
                 WHERE deleted = 0 AND expires_at <= UTC_TIMESTAMP()
                 LIMIT 1000
                """)
        }
    }

    package func endForeignTasks() throws(Fault) {
        let abandoned = try database.read("Looking for abandoned imports") { connection in
            try connection.all(Self.abandonedImports) + connection.all(Self.lostImports)
        }
        // One image that cannot be released must not block the others; if several in a row fail, the database is unreachable.
        var (refusal, inARow): (Fault?, Int) = (nil, 0)
        for image in abandoned where inARow < 3 {
            do throws(Fault) {
                try abortUpload(image)
                inARow = 0
            } catch {
                (refusal, inARow) = (error, inARow + 1)
            }
        }
        if let refusal { throw refusal }
    }

    private func abortUpload(_ image: (id: ImageID, task: String?)) throws(Fault) {
        try database.transaction("Giving back image \(image.id)") { connection in
            _ = try changed(image.id, visibleTo: .service, nil, on: connection) { image throws(Fault) in image.abandonImport() }
            guard let task = image.task else { return }
            try connection.run(
                """
                UPDATE tasks
                   SET status = 'failure', updated_at = UTC_TIMESTAMP(), expires_at = UTC_TIMESTAMP() + INTERVAL ? HOUR
                 WHERE id = ? AND status IN ('pending', 'processing')
                """, .int(Int64(taskHours)), .text(task))
            try connection.run("UPDATE task_info SET message = ? WHERE task_id = ?", .text(Image.abandoned), .text(task))
        }
    }

    package func leaseholders() throws(Fault) -> [String] {
        try database.read("Reading who holds leases") { connection in try connection.all(Self.holders) }
    }

    package func endLeases(of workers: [String]) throws(Fault) {
        for worker in workers {
            for table in ["vitrine_uploads", "vitrine_jobs"] {
                _ = try database.run("Ending the leases of a process that is gone") { connection in
                    try connection.run(
                        "UPDATE \(table) SET lease_until = UTC_TIMESTAMP(6) WHERE worker = ? AND lease_until > UTC_TIMESTAMP(6)",
                        .text(worker))
                }
            }
        }
    }

    package func note(_ site: JobSite) throws(Fault) {
        let names = [site.node, site.staging].compactMap(\.self)
        guard !names.isEmpty else { return }
        let rows = names.map { _ in "(?, UTC_TIMESTAMP(6))" }.joined(separator: ", ")
        _ = try database.run("Noting a node", mayRepeat: true) { connection in
            try connection.run(
                "INSERT INTO vitrine_nodes (node, seen_at) VALUES \(rows) ON DUPLICATE KEY UPDATE seen_at = UTC_TIMESTAMP(6)",
                names.map { .text($0) })
        }
    }

    package func tellWhoIsAwaited() throws(Fault) {
        _ = try database.run("Telling who is awaited", mayRepeat: true) { connection in
            try connection.run(
                """
                UPDATE vitrine_jobs j STRAIGHT_JOIN task_info i ON i.task_id = j.task_id
                   SET i.message = IF(j.node IS NULL, 'Waits for the glance-tasks of a machine that has the staged data.',
                                      CONCAT('Waits for the node ', j.node, ', which has the staged data.'))
                 WHERE \(Self.awaitsNode)
                """)
        }
    }

    package func forgetCommits() throws(Fault) { try database.forgetCommits() }

    private static let holders = Query(
        """
        SELECT DISTINCT worker FROM vitrine_uploads WHERE lease_until > UTC_TIMESTAMP(6)
         UNION SELECT DISTINCT worker FROM vitrine_jobs WHERE lease_until > UTC_TIMESTAMP(6)
        """
    ) { row throws(MariaDBError) in try row.text(0) }

    /// Images claimed by a Glance task that has been silent for as long as Glance itself waits, or that ended, or is not there, since some
    /// minutes: Glance claims the image before it records the task, and releases it after it has recorded the end.
    /// Source: Glance, `_enforce_import_lock`, `ImagesController.import_image`, `_CompleteTask`.
    private static let abandonedImports = Query(
        """
        SELECT i.id, p.value
          FROM image_properties p FORCE INDEX (vitrine_image_properties_value)
               STRAIGHT_JOIN images i FORCE INDEX (PRIMARY) ON i.id = p.image_id AND i.deleted = 0
               LEFT JOIN tasks t ON t.id = p.value AND t.deleted = 0
         WHERE p.name = 'os_glance_import_task' AND p.deleted = 0
           AND NOT EXISTS (SELECT 1 FROM vitrine_jobs j WHERE j.task_id = p.value)
           AND COALESCE(t.updated_at, p.updated_at, p.created_at, TIMESTAMP'1970-01-01 00:00:00')
               < UTC_TIMESTAMP() - INTERVAL CASE t.status WHEN 'pending' THEN 120 WHEN 'processing' THEN 60 ELSE 5 END MINUTE
         LIMIT 100
        """
    ) { row throws(MariaDBError) in (id: ImageID(try row.text(0)), task: try row.textOrNil(1)) }

    /// Images that are marked as being imported although no job exists.
    private static let lostImports = Query(
        """
        SELECT i.id
          FROM images i FORCE INDEX (vitrine_images_visibility_status)
         WHERE i.visibility IN ('public', 'community', 'shared', 'private') AND i.deleted = 0 AND i.os_hidden IN (0, 1)
           AND i.status = 'importing' AND i.updated_at < UTC_TIMESTAMP() - INTERVAL 60 MINUTE
           AND NOT EXISTS (SELECT 1 FROM vitrine_jobs j WHERE j.image_id = i.id)
           AND NOT EXISTS (SELECT 1 FROM image_properties p
                            WHERE p.image_id = i.id AND p.name = 'os_glance_import_task' AND p.deleted = 0)
         LIMIT 100
        """
    ) { row throws(MariaDBError) in (id: ImageID(try row.text(0)), task: nil as String?) }
}

extension Image {
    fileprivate static let abandoned = "The import was abandoned."

    fileprivate mutating func abandonImport() {
        let stores = (self[property: Image.importingTo] ?? "").split(separator: ",").map(String.init)
        change(Image.importingTo, removing: stores)
        change(Image.failedImport, adding: stores)
        self[internal: Image.importTask] = nil
        self[internal: Image.importError] = Self.abandoned
        returnToQueue()
    }
}
