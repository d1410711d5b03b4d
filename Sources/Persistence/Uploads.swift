package import Domain
internal import MariaDB

extension MariaDBCatalog: UploadCatalog {
    /// How long an upload is held without a renewal. Workers renew far more often; see `Operations/LeaseKeeper.swift`.
    private static let lease = "INTERVAL \(Timing.workLease) SECOND"

    package func begin(_ upload: Upload, by worker: String, claiming claim: QuotaClaim?) throws(Fault) -> Int64? {
        try database.transaction("Beginning the upload of image \(upload.image)") { connection in
            let remaining = try claim.flatMap { try Quotas.judgeUpload($0, uploading: 1, on: connection) }
            let moved = try connection.run(
                "UPDATE images SET status = ?, updated_at = UTC_TIMESTAMP() WHERE id = ? AND status = 'queued' AND deleted = 0",
                .text(upload.aim.status.rawValue), .text(upload.image.text))
            guard moved == 1 else { throw Fault.notQueued(upload.image) }
            try connection.run(
                """
                INSERT INTO vitrine_uploads (image_id, token, pending_url, worker, lease_until, reserved, is_staging)
                VALUES (?, ?, ?, ?, UTC_TIMESTAMP(6) + \(Self.lease), ?, ?)
                """, .text(upload.image.text), .text(upload.token), .text(upload.pendingURL), .text(worker),
                .int((upload.aim == .store ? claim?.bytes : claim?.staged) ?? 0), .flag(upload.aim == .staging))
            switch upload.aim {
            case .store:
                try outbox?.tell(.imageUpdate, .imagePrepare, of: try payload(of: upload.image, on: connection), on: connection)
            case .staging: try outbox?.tell(.imageUpdate, of: try payload(of: upload.image, on: connection), on: connection)
            }
            return remaining
        }
    }

    package func renew(_ tokens: Set<String>?, heldBy worker: String) throws(Fault) -> Set<String> {
        let list = SQLValue.text(tokens?.joined(separator: ","))
        return try database.renew("Renewing uploads") { connection in
            var held = Set(try connection.all(Self.heldTokens, .text(worker), list, list))
            if connection.isReplicated, let tokens, held != tokens {
                // They may have been acquired at another node.
                try connection.catchUp()
                held = Set(try connection.all(Self.heldTokens, .text(worker), list, list))
            }
            if !held.isEmpty {
                try connection.run(
                    """
                    UPDATE vitrine_uploads SET lease_until = UTC_TIMESTAMP(6) + \(Self.lease)
                     WHERE worker = ? AND (? IS NULL OR FIND_IN_SET(token, ?))
                    """, .text(worker), list, list)
            }
            return held
        }
    }

    package func finish(
        _ upload: Upload, at location: ImageLocation, _ measured: MeasuredBytes, claiming claim: QuotaClaim?, isShown: Bool
    ) throws(Fault) -> Image? {
        let once: (name: String, done: Image?) = ("finish \(upload.token)", nil)
        return try database.transaction("Finishing the upload of image \(upload.image)", repeatable: once) { connection in
            if let claim { try Quotas.lockProject(claim.project, on: connection) }
            let reserved = try endLease(of: upload, on: connection)
            if let claim, measured.size > reserved { try Quotas.check(claim, on: connection) }
            // What a V1 client said of the virtual size stays, as V1 has it.
            let moved = try connection.run(
                """
                UPDATE images
                   SET status = 'active', size = ?, virtual_size = COALESCE(virtual_size, ?), checksum = ?, os_hash_algo = ?, os_hash_value = ?,
                       updated_at = UTC_TIMESTAMP()
                 WHERE id = ? AND status = 'saving' AND deleted = 0
                """, .int(measured.size), .int(measured.virtualSize), .text(measured.checksum), .text(measured.hash.algorithm),
                .text(measured.hash.value), .text(upload.image.text))
            guard moved == 1 else { throw Fault.deletedMeanwhile(upload.image) }
            try connection.run(
                """
                INSERT INTO image_locations (image_id, value, meta_data, status, created_at, updated_at, deleted)
                VALUES (?, ?, ?, 'active', UTC_TIMESTAMP(), UTC_TIMESTAMP(), 0)
                """, .text(upload.image.text), .text(column.text(for: location.url)), .text(location.metadata))
            guard isShown || outbox != nil,
                var image = try ImageRows.load([upload.image.text], locations: isShown, on: connection).first
            else { return nil }
            column.read(&image)
            try outbox?.tell(.imageUpload, .imageActivate, .imageUpdate, of: .image(image), on: connection)
            return isShown ? image : nil
        }
    }

    /// Ends the lease of an upload that is about to count.
    ///
    /// - Returns: the bytes that were kept for it.
    /// - Throws: `.conflict` when it was lost, `.gone` when the image was too.
    func endLease(of upload: Upload, on connection: Connection) throws -> Int64 {
        if let reserved = try connection.first(Self.endedLease, .text(upload.token)) { return reserved }
        let isThere = try !ImageRows.load([upload.image.text], locations: false, on: connection).isEmpty
        throw isThere ? Fault.givenUp(upload.image) : Fault.deletedMeanwhile(upload.image)
    }

    package func abort(_ upload: Upload, as status: ImageStatus, because reason: String) throws(Fault) {
        try database.transaction("Giving back image \(upload.image)") { connection in
            guard try connection.first(Self.endedLease, .text(upload.token)) != nil else { return }
            // An ordered copy that was cut short begins again: it has not failed.
            if try status != .queued || connection.first(Self.orderedCopy, .text(upload.image.text)) == nil {
                try outbox?.tell(
                    .imageUpload, of: upload.image, failedBecause: "Failed to upload image data for image \(upload.image): \(reason)",
                    on: connection)
            }
            let given = try connection.run(
                """
                UPDATE images SET status = ?, size = NULL, virtual_size = NULL, updated_at = UTC_TIMESTAMP()
                 WHERE id = ? AND status = ? AND deleted = 0
                """, .text(status.rawValue), .text(upload.image.text), .text(upload.aim.status.rawValue))
            guard given == 1 else { return }
            try outbox?.tell(.imageUpdate, of: try payload(of: upload.image, on: connection), on: connection)
        }
    }

    package func expired(atMost count: Int) throws(Fault) -> [Upload] {
        try database.read("Reading abandoned uploads") { connection in
            try connection.all(Self.expiredUploads, .int(Int64(count)))
        }
    }

    package func takeOver(_ upload: Upload, as token: String, by worker: String) throws(Fault) -> Upload? {
        try database.run("Taking over the upload of image \(upload.image)") { connection in
            let taken = try connection.run(
                """
                UPDATE vitrine_uploads SET token = ?, worker = ?, lease_until = UTC_TIMESTAMP(6) + \(Self.lease)
                 WHERE token = ? AND lease_until < UTC_TIMESTAMP(6)
                """, .text(token), .text(worker), .text(upload.token))
            guard taken == 1 else { return nil }
            var upload = upload
            upload.token = token
            return upload
        }
    }

    package func known(among uploads: [Upload]) throws(Fault) -> Set<String> {
        try database.readCaughtUp("Reading uploads") { connection in
            Set(
                try uploads.filter { upload in
                    let (image, token) = (SQLValue.text(upload.image.text), SQLValue.text(upload.token))
                    return try connection.first(Self.isKnown, image, token, image, token, token) != nil
                }.map(\.token))
        }
    }

    package func waiting(among images: [ImageID]) throws(Fault) -> Set<ImageID> {
        try database.readCaughtUp("Reading staged images") { connection in
            Set(try images.filter { try connection.first(Self.isWaiting, .text($0.text)) != nil })
        }
    }

    private static let isWaiting = Query(
        "SELECT 1 FROM images WHERE id = ? AND deleted = 0 AND status IN ('uploading', 'importing')"
    ) { row throws(MariaDBError) in try row.int(0) }

    /// Tells, of an upload that was still held, the bytes that were kept for it.
    private static let endedLease = Query("DELETE FROM vitrine_uploads WHERE token = ? RETURNING reserved") { row throws(MariaDBError) in
        try row.int(0)
    }

    private static let orderedCopy = Query("SELECT 1 FROM vitrine_copies WHERE image_id = ?") { row throws(MariaDBError) in try row.int(0) }

    private static let heldTokens = Query(
        """
        SELECT u.token
          FROM vitrine_uploads u JOIN images i ON i.id = u.image_id
         WHERE u.worker = ? AND (? IS NULL OR FIND_IN_SET(u.token, ?))
           AND i.status IN ('saving', 'uploading') AND i.deleted = 0
        """
    ) { row throws(MariaDBError) in try row.text(0) }

    private static let expiredUploads = Query(
        """
        SELECT image_id, token, pending_url, is_staging
          FROM vitrine_uploads
         WHERE lease_until < UTC_TIMESTAMP(6)
         ORDER BY lease_until
         LIMIT ?
        """
    ) { row throws(MariaDBError) in
        var upload = Upload(image: ImageID(try row.text(0)), token: try row.text(1), pendingURL: try row.text(2))
        if try row.flag(3) { upload.aim = .staging }
        return upload
    }

    /// Bytes keep the token that they came in under in their name, and so does the row in what it says of them, whoever holds it by now.
    private static let isKnown = Query(
        """
        SELECT 1 FROM vitrine_uploads WHERE image_id = ? AND LOCATE(?, pending_url) > 0
         UNION ALL
        SELECT 1 FROM vitrine_jobs WHERE image_id = ? AND (token = ? OR LOCATE(?, pending) > 0)
        """
    ) { row throws(MariaDBError) in try row.int(0) }
}

extension Fault {
    fileprivate static func notQueued(_ id: ImageID) -> Fault {
        Fault(.conflict, "Image \(id) takes no data: it has some already, or is being given some.")
    }

    static func deletedMeanwhile(_ id: ImageID) -> Fault { Fault(.gone, "Image \(id) was deleted while its data came in.") }

    static func givenUp(_ id: ImageID) -> Fault { Fault(.conflict, "The upload of image \(id) was given up.") }
}
