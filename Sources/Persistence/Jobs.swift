package import Domain
internal import JSONDocument
internal import MariaDB

extension MariaDBCatalog: JobCatalog {
    /// The length of a job's lease, the same as an upload's.
    private static let lease = "INTERVAL \(Timing.workLease) SECOND"

    package func claim(_ token: String, by worker: String, at site: JobSite, patience: Int) throws(Fault) -> Job? {
        let waiting = try database.read("Looking for jobs") { connection in
            try connection.all(
                Self.waitingJobs, .text(site.staging ?? ""), .text(site.node ?? ""), .int(Int64(patience)), .int(Int64(patience)))
        }
        for id in waiting {
            if let job = try claim(id, token, by: worker) { return job }
        }
        return nil
    }

    /// - Returns: nil if another worker has claimed the job.
    private func claim(_ id: String, _ token: String, by worker: String) throws(Fault) -> Job? {
        try database.transaction("Taking task \(id)") { connection in
            guard let found = try connection.first(Self.jobToTake, .text(id)) else { return nil }
            let taken = try connection.run(
                """
                UPDATE vitrine_jobs
                   SET worker = ?, token = ?, tries = tries + 1, lease_until = UTC_TIMESTAMP(6) + \(Self.lease)
                 WHERE task_id = ? AND token = ? AND lease_until < UTC_TIMESTAMP(6)
                """, .text(worker), .text(token), .text(id), .text(found.token))
            guard taken == 1 else { return nil }
            try connection.run(
                "UPDATE tasks SET status = 'processing', updated_at = UTC_TIMESTAMP() WHERE id = ? AND status = 'pending'", .text(id))
            guard let task = try TaskRows.load(id, visibleTo: .service, on: connection) else {
                // The task was deleted, so there is nothing to do.
                try connection.run("DELETE FROM vitrine_jobs WHERE task_id = ?", .text(id))
                return nil
            }
            if found.tries == 0 { try outbox?.tell(.taskRun, .taskProcessing, of: .task(task), on: connection) }
            let leftovers = found.pending.map { Upload(image: task.image ?? ImageID(""), token: found.token, pendingURL: $0) }
            var job = Job(
                task: task, token: token, tries: found.tries + 1, details: JobDetails(found.details), leftovers: leftovers,
                trace: found.trace)
            (job.node, job.stagedIn) = (found.node, found.stagedIn)
            return job
        }
    }

    package func renew(_ tokens: Set<String>, ofJobsOf worker: String) throws(Fault) -> Set<String> {
        let list = SQLValue.text(tokens.joined(separator: ","))
        return try database.renew("Renewing jobs") { connection in
            let held = Set(try connection.all(Self.heldJobs, .text(worker), list))
            if !held.isEmpty {
                try connection.run(
                    """
                    UPDATE vitrine_jobs SET lease_until = UTC_TIMESTAMP(6) + \(Self.lease)
                     WHERE worker = ? AND FIND_IN_SET(token, ?)
                    """, .text(worker), list)
            }
            return held
        }
    }

    package func prepare(_ job: Job, pending urls: [String], claiming claim: QuotaClaim?) throws(Fault) -> Int64? {
        try database.transaction("Preparing task \(job.task.id)") { connection in
            // The task's own reservation must not count beside its claim.
            try renewLease(of: job, "reserved = 0", on: connection)
            // Staged bytes were counted when they were staged.
            let more: Int64? = job.isOfStaged ? nil : 0
            let remaining = try claim.flatMap { try Quotas.judgeUpload($0, uploading: more, on: connection) }
            let list = String(decoding: JSON.array(urls.map { .string($0) }).text, as: UTF8.self)
            try connection.run(
                "UPDATE vitrine_jobs SET pending = ?, reserved = ? WHERE task_id = ?", .text(list), .int(claim?.bytes ?? 0),
                .text(job.task.id))
            return remaining
        }
    }

    package func report(_ job: Job, _ progress: JobProgress) throws(Fault) {
        try database.transaction("Reporting on task \(job.task.id)") { connection in
            try renewLease(of: job, on: connection)
            var result: JSONObject = ["bytes_done": .int(progress.done)]
            if let total = progress.total { result["bytes_total"] = .int(total) }
            let total = progress.total.map { " of \($0 >> 20) MiB" } ?? " MiB"
            try tell(job, "Copied \(progress.done >> 20)\(total)", JSON.object(result), on: connection)
            try connection.run("UPDATE tasks SET updated_at = UTC_TIMESTAMP() WHERE id = ?", .text(job.task.id))
        }
    }

    package func advance(
        _ job: Job, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> Image {
        try database.transaction("Going on with task \(job.task.id)") { connection in
            try renewLease(of: job, on: connection)
            return try changedImage(of: job, claim, on: connection, change).after
        }
    }

    package func end(
        _ job: Job, _ outcome: JobOutcome, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> [OwedRemoval] {
        try database.transaction("Ending task \(job.task.id)", repeatable: ("end \(job.token) \(outcome.status)", [])) { connection in
            if let claim { try Quotas.lockProject(claim.project, on: connection) }
            let ended = try connection.run("DELETE FROM vitrine_jobs WHERE task_id = ? AND token = ?", .text(job.task.id), .text(job.token))
            guard ended == 1 else { throw Fault.jobLost(job) }
            let owed = try endImage(of: job, outcome, claim, on: connection, change)
            try endTask(job, outcome, on: connection)
            return owed
        }
    }

    package func release(_ job: Job) throws(Fault) {
        _ = try database.run("Leaving task \(job.task.id)") { connection in
            try connection.run(
                "UPDATE vitrine_jobs SET lease_until = UTC_TIMESTAMP(6), tries = tries - 1 WHERE task_id = ? AND token = ?",
                .text(job.task.id), .text(job.token))
        }
    }

    // MARK: parts of these

    /// - Throws: `.gone` if another worker holds the job by now.
    private func renewLease(of job: Job, _ assignments: String..., on connection: Connection) throws {
        let set = (["lease_until = UTC_TIMESTAMP(6) + \(Self.lease)"] + assignments).joined(separator: ", ")
        let held = try connection.run(
            "UPDATE vitrine_jobs SET \(set) WHERE task_id = ? AND token = ?", .text(job.task.id), .text(job.token))
        guard held == 1 else { throw Fault.jobLost(job) }
    }

    private func changedImage(
        of job: Job, _ claim: QuotaClaim?, on connection: Connection, _ change: (inout Image) throws(Fault) -> Void
    ) throws -> (before: Image, after: Image) {
        guard let image = job.task.image else { throw Fault(.unexpected, "The task has no image.") }
        do {
            return try changed(image, visibleTo: .service, claim, on: connection, change)
        } catch let fault as Fault where fault.kind == .notFound {
            throw Fault(.gone, "Image \(image) was deleted.")
        }
    }

    private func endImage(
        of job: Job, _ outcome: JobOutcome, _ claim: QuotaClaim?, on connection: Connection,
        _ change: (inout Image) throws(Fault) -> Void
    ) throws -> [OwedRemoval] {
        do {
            let (before, after) = try changedImage(of: job, claim, on: connection, change)
            return try oweLost(from: before, to: after, on: connection)
        } catch let fault as Fault where fault.kind == .gone && outcome.status == .failure {
            return []
        }
    }

    private func endTask(_ job: Job, _ outcome: JobOutcome, on connection: Connection) throws {
        let result: JSON = outcome.status == .success ? job.task.image.map { ["image_id": .string($0.text)] } ?? .null : .null
        try tell(job, outcome.message, result, on: connection)
        try connection.run(
            """
            UPDATE tasks
               SET status = ?, updated_at = UTC_TIMESTAMP(), expires_at = UTC_TIMESTAMP() + INTERVAL ? HOUR
             WHERE id = ?
            """, .text(outcome.status.rawValue), .int(Int64(taskHours)), .text(job.task.id))
        guard let task = try TaskRows.load(job.task.id, visibleTo: .service, on: connection) else { return }
        let event: Notification.Event = outcome.status == .success ? .taskSuccess : .taskFailure
        try outbox?.tell(event, of: .task(task), on: connection)
    }

    private func tell(_ job: Job, _ message: String, _ result: JSON, on connection: Connection) throws {
        try connection.run(
            "UPDATE task_info SET message = ?, result = ? WHERE task_id = ?", .text(message),
            .text(result == .null ? nil : String(decoding: result.text, as: UTF8.self)), .text(job.task.id))
    }

    // MARK: statements

    /// Waiting jobs, the longest-expired lease first, so that a job that was just released comes last.
    private static let waitingJobs = Query(
        """
        SELECT task_id FROM vitrine_jobs j
         WHERE \(isWaitingJob)
         ORDER BY lease_until
         LIMIT 16
        """
    ) { row throws(MariaDBError) in try row.text(0) }

    private struct Found {
        let token: String
        let tries: Int
        let details: String
        let pending: [String]
        let trace: Trace?
        let node, stagedIn: String?
    }

    private static let jobToTake = Query(
        """
        SELECT token, tries, details, pending, request_id, global_request_id, node, staged_in
          FROM vitrine_jobs
         WHERE task_id = ? AND lease_until < UTC_TIMESTAMP(6)
        """
    ) { row throws(MariaDBError) in
        let pending = (try? JSON(parsing: Array(try row.text(3).utf8)))?.array?.compactMap(\.string) ?? []
        let global = try row.textOrNil(5)
        return Found(
            token: try row.text(0), tries: Int(try row.int(1)), details: try row.text(2), pending: pending,
            trace: try row.textOrNil(4).map { Trace(requestID: $0, globalRequestID: global) }, node: try row.textOrNil(6),
            stagedIn: try row.textOrNil(7))
    }

    private static let heldJobs = Query(
        """
        SELECT j.token
          FROM vitrine_jobs j LEFT JOIN images i ON i.id = j.image_id
         WHERE j.worker = ? AND FIND_IN_SET(j.token, ?) AND (j.image_id IS NULL OR i.deleted = 0)
        """
    ) { row throws(MariaDBError) in try row.text(0) }
}

extension JobOutcome {
    fileprivate var status: Task.Status {
        switch self {
        case .success: .success
        case .failure: .failure
        }
    }

    /// The message in the form that the column can hold.
    fileprivate var message: String {
        guard case .failure(let reason) = self else { return "" }
        return ImageText.storable(reason)
    }
}

extension Fault {
    fileprivate static func jobLost(_ job: Job) -> Fault { Fault(.gone, "Task \(job.task.id) belongs to another worker now.") }
}
