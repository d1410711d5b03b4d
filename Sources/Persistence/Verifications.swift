package import Domain
internal import MariaDB

extension MariaDBCatalog: VerificationCatalog {
    private static let lease = "INTERVAL \(Timing.verificationLease) SECOND"

    // MARK: runs

    package func beginVerification(_ scope: VerificationScope, by worker: String) throws(Fault) -> Verification {
        let token = Self.freshRunToken()
        return try database.transaction("Beginning a verification") { connection in
            try holdRuns(on: connection)
            if let other = try overlapping(scope, on: connection) { throw Fault.isVerified(by: other) }
            let number = try connection.first(
                Self.insertRun, .text(scope.kind.rawValue), .text(scope.store), .text(scope.image?.text), .flag(scope.isQuick),
                .text(worker), .text(token))
            guard let number, let run = try connection.first(Self.run, .int(number)) else {
                throw Fault(.unexpected, "Beginning a verification failed.")
            }
            return run.verification
        }
    }

    package func resumeVerification(
        _ kind: VerificationScope.Kind, store: String?, by worker: String
    ) throws(Fault) -> Verification? {
        let token = Self.freshRunToken()
        return try database.transaction("Resuming a verification") { connection in
            try holdRuns(on: connection)
            guard let last = try connection.first(Self.unfinished, .text(kind.rawValue), .text(store), .text(store)) else { return nil }
            let scope = last.verification.scope
            if last.isHeld { throw Fault.isVerified(by: last.verification) }
            if let other = try overlapping(scope, on: connection) { throw Fault.isVerified(by: other) }
            try connection.run(
                "UPDATE vitrine_verifications SET worker = ?, token = ?, lease_until = UTC_TIMESTAMP(6) + \(Self.lease) WHERE id = ?",
                .text(worker), .text(token), .int(last.verification.number))
            var run = last.verification
            (run.worker, run.token) = (worker, token)
            for (store, counts) in try connection.all(Self.storeCounts, .int(run.number)) { run.counts[store] = counts }
            return run
        }
    }

    /// Lets one transaction at a time judge whether a run may begin. It writes, because a lock alone is not known to other nodes of a cluster.
    private func holdRuns(on connection: Connection) throws(MariaDBError) {
        try connection.run(
            """
            INSERT INTO vitrine_turns (name, worker, lease_until) VALUES ('verifications', '', UTC_TIMESTAMP(6))
            ON DUPLICATE KEY UPDATE lease_until = UTC_TIMESTAMP(6)
            """)
    }

    package func note(_ run: Verification, _ findings: [Finding]) throws(Fault) -> Int64 {
        try database.transaction("Recording the position of verification \(run.number)") { connection in
            try renew(run, on: connection)
            for finding in findings {
                try connection.run(
                    Self.insertFinding, .int(run.number), .text(finding.kind.rawValue), .text(finding.store), .text(finding.image?.text),
                    .text(finding.location), .text(Self.key(of: finding)), .text(finding.detail), .int(finding.bytes))
            }
            try recordCounts(of: run, isEnd: false, on: connection)
            let count = try connection.first(Self.findingCount, .int(run.number)) ?? 0
            try connection.run("UPDATE vitrine_verifications SET findings = ? WHERE id = ?", .int(count), .int(run.number))
            return count
        }
    }

    /// - Throws: `.conflict` when the lease was lost.
    private func renew(_ run: Verification, on connection: Connection) throws {
        let held = try connection.run(
            """
            UPDATE vitrine_verifications
               SET position = ?, images = ?, files = ?, bytes = ?, lease_until = UTC_TIMESTAMP(6) + \(Self.lease)
             WHERE id = ? AND token = ? AND ended_at IS NULL
            """, .text(run.position.text), .int(run.counts.images), .int(run.counts.files), .int(run.counts.bytes), .int(run.number),
            .text(run.token))
        guard held == 1 else {
            throw Fault(.conflict, "Verification \(run.number) was taken over by another process.")
        }
    }

    private func recordCounts(of run: Verification, isEnd: Bool, on connection: Connection) throws(MariaDBError) {
        for (store, counts) in run.counts.stores {
            try connection.run(
                """
                INSERT INTO vitrine_verification_stores (run, store, images, files, bytes, ended_at)
                VALUES (?, ?, ?, ?, ?, IF(?, UTC_TIMESTAMP(6), NULL))
                    ON DUPLICATE KEY UPDATE images = VALUES(images), files = VALUES(files), bytes = VALUES(bytes),
                       ended_at = VALUES(ended_at)
                """, .int(run.number), .text(store), .int(counts.images), .int(counts.files), .int(counts.bytes),
                .flag(isEnd && !counts.isGivenUp))
        }
    }

    package func releaseVerification(_ run: Verification) throws(Fault) {
        _ = try database.run("Giving up verification \(run.number)") { connection in
            try connection.run(
                "UPDATE vitrine_verifications SET lease_until = UTC_TIMESTAMP(6) WHERE id = ? AND token = ? AND ended_at IS NULL",
                .int(run.number), .text(run.token))
        }
    }

    package func endVerification(_ run: Verification) throws(Fault) {
        try database.transaction("Ending verification \(run.number)", repeatable: ("end \(run.token)", ())) { connection in
            try renew(run, on: connection)
            try recordCounts(of: run, isEnd: true, on: connection)
            try connection.run(
                "UPDATE vitrine_verifications SET ended_at = UTC_TIMESTAMP(6), lease_until = UTC_TIMESTAMP(6) WHERE id = ?",
                .int(run.number))
        }
    }

    package func verifications(atMost count: Int) throws(Fault) -> [Verification] {
        try database.read("Reading verifications") { connection in
            try connection.all(Self.lastRuns, .int(Int64(count))).map(\.verification)
        }
    }

    package func findings(of run: Int64, after last: Int64, atMost count: Int) throws(Fault) -> [RecordedFinding] {
        try database.read("Reading findings of verification \(run)") { connection in
            try connection.all(Self.findingsAfter, .int(run), .int(last), .int(Int64(count)))
        }
    }

    package func note(repair: String, of finding: Int64) throws(Fault) {
        _ = try database.run("Recording the repair of finding \(finding)") { connection in
            try connection.run(
                "UPDATE vitrine_verification_findings SET repaired_at = UTC_TIMESTAMP(6), repair = ? WHERE id = ?", .text(repair),
                .int(finding))
        }
    }

    /// The text by which a finding of a run is told from another: a location may be longer than an index holds.
    private static func key(of finding: Finding) -> String {
        [finding.kind.rawValue, finding.store, finding.image?.text ?? "", finding.location].joined(separator: "\u{0}")
    }

    private static func freshRunToken() -> String {
        var generator = SystemRandomNumberGenerator()
        return ImageID.random(using: &generator).text
    }

    // MARK: statements

    private static let columns = """
        id, kind, store, image_id, is_quick, started_at, ended_at, position, findings, worker, token, lease_until > UTC_TIMESTAMP(6)
        """

    private struct RunRow {
        let verification: Verification
        let isHeld: Bool

        init(_ row: borrowing Row) throws(MariaDBError) {
            let kind: VerificationScope.Kind = try row.value(1)
            let scope = VerificationScope(
                kind, store: try row.textOrNil(2), image: try row.textOrNil(3).map { ImageID($0) }, isQuick: try row.flag(4))
            verification = Verification(
                number: try row.int(0), scope: scope, startedAt: Timestamp(try row.time(5)),
                endedAt: try row.timeOrNil(6).map(Timestamp.init), position: VerificationPosition(try row.text(7)),
                findings: try row.int(8), worker: try row.text(9), token: try row.text(10))
            isHeld = try row.flag(11)
        }
    }

    private static let insertRun = Query(
        """
        INSERT INTO vitrine_verifications (kind, store, image_id, is_quick, started_at, worker, token, lease_until)
        VALUES (?, ?, ?, ?, UTC_TIMESTAMP(6), ?, ?, UTC_TIMESTAMP(6) + \(lease)) RETURNING id
        """
    ) { row throws(MariaDBError) in try row.int(0) }

    private static let run = Query(
        "SELECT \(columns) FROM vitrine_verifications WHERE id = ?"
    ) { row throws(MariaDBError) in try RunRow(row) }

    /// The run that excludes another one. A run of a single image and one of a store do not exclude each other: the former is short. Nor do
    /// an operator's and that of the continuous verification, which may take days.
    private func overlapping(_ scope: VerificationScope, on connection: Connection) throws(MariaDBError) -> Verification? {
        try connection.first(
            Self.overlapping, .text(scope.kind.rawValue), .text(scope.image?.text), .text(scope.store), .text(scope.store))
    }

    private static let overlapping = Query(
        """
        SELECT \(columns)
          FROM vitrine_verifications
         WHERE ended_at IS NULL AND lease_until > UTC_TIMESTAMP(6) AND kind = ? AND image_id <=> ?
           AND (store IS NULL OR ? IS NULL OR store = ?)
         LIMIT 1
        """
    ) { row throws(MariaDBError) in try RunRow(row).verification }

    private static let unfinished = Query(
        """
        SELECT \(columns)
          FROM vitrine_verifications
         WHERE ended_at IS NULL AND kind = ? AND image_id IS NULL AND (? IS NULL OR store = ?)
         ORDER BY id DESC
         LIMIT 1
        """
    ) { row throws(MariaDBError) in try RunRow(row) }

    private static let lastRuns = Query(
        "SELECT \(columns) FROM vitrine_verifications ORDER BY id DESC LIMIT ?"
    ) { row throws(MariaDBError) in try RunRow(row) }

    private static let storeCounts = Query("SELECT store, images, files, bytes FROM vitrine_verification_stores WHERE run = ?") {
        row throws(MariaDBError) in
        (try row.text(0), VerificationCounts.Store(images: try row.int(1), files: try row.int(2), bytes: try row.int(3)))
    }

    private static let insertFinding = """
        INSERT IGNORE INTO vitrine_verification_findings (run, kind, store, image_id, object, object_key, detail, bytes, found_at)
        VALUES (?, ?, ?, ?, ?, UNHEX(SHA2(?, 256)), ?, ?, UTC_TIMESTAMP(6))
        """

    private static let findingCount = Query("SELECT COUNT(*) FROM vitrine_verification_findings WHERE run = ?") {
        row throws(MariaDBError) in try row.int(0)
    }

    private static let findingsAfter = Query(
        """
        SELECT id, run, kind, store, image_id, object, detail, bytes, found_at, IF(repaired_at IS NULL, NULL, COALESCE(repair, ''))
          FROM vitrine_verification_findings
         WHERE run = ? AND id > ?
         ORDER BY id
         LIMIT ?
        """
    ) { row throws(MariaDBError) in
        let kind: FindingKind = try row.value(2)
        return RecordedFinding(
            number: try row.int(0), run: try row.int(1),
            finding: Finding(
                kind, store: try row.text(3), image: try row.textOrNil(4).map { ImageID($0) }, location: try row.text(5),
                detail: try row.text(6), bytes: try row.int(7)),
            foundAt: Timestamp(try row.time(8)), repair: try row.textOrNil(9))
    }
}

extension Fault {
    fileprivate static func isVerified(by run: Verification) -> Fault {
        let what = run.scope.image.map { "image \($0)" } ?? run.scope.store.map { "store '\($0)'" } ?? "every store"
        return Fault(
            .conflict, "Verification \(run.number) of \(what) runs since \(run.startedAt), in the process \(run.worker).")
    }
}
