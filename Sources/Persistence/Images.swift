package import Domain
internal import MariaDB

extension MariaDBCatalog: ImageCatalog {
    package func image(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image {
        try readingLate("Reading image \(id)") { connection in
            try visibleImage(id, to: caller, on: connection)
        }
    }

    package func locatedImage(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image {
        try database.read("Reading image \(id)") { connection in
            // Data that came in at another node may be seen late, too.
            try connection.readingLate(unless: { !$0.locations.isEmpty }) {
                try visibleImage(id, to: caller, locations: true, on: connection)
            }
        }
    }

    package func recordedImage(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image {
        try readingLate("Reading image \(id)") { connection in
            try visibleImage(id, to: caller, locations: true, remains: caller.isAdmin, on: connection)
        }
    }

    package func insert(_ draft: ImageDraft, claiming claim: QuotaClaim?) throws(Fault) -> Image {
        try database.transaction("Creating image \(draft.id)") { connection in try inserted(draft, claim, on: connection) }
    }

    /// Inserts an image within a transaction.
    func inserted(_ draft: ImageDraft, _ claim: QuotaClaim?, on connection: Connection) throws -> Image {
        if let claim { try Quotas.judge(claim, on: connection) }
        guard let created = try connection.first(Self.insertImage, draft.row) else {
            throw Fault(.unexpected, "Creating image \(draft.id) failed.")
        }
        let image = draft.image(madeAt: Timestamp(created))
        try ImageChanges.add(image.properties, to: draft.id, on: connection)
        try ImageChanges.add(image.tags, to: draft.id, on: connection)
        try ImageChanges.add(image.locations, to: draft.id, column, on: connection)
        if draft.updatedAt != nil { try ProjectSums.add(image, on: connection) }
        try outbox?.tell(.imageCreate, of: .image(image), on: connection)
        if !image.locations.isEmpty { try outbox?.tell(.imageActivate, of: .image(image), on: connection) }
        return image
    }

    package func update(
        _ id: ImageID, visibleTo caller: Caller, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> Image {
        try checkPossible(id)
        return try database.transaction("Changing image \(id)") { connection in
            try changed(id, visibleTo: caller, claim, on: connection, change).after
        }
    }

    /// Changes an image within a transaction.
    func changed(
        _ id: ImageID, visibleTo caller: Caller, _ claim: QuotaClaim?, on connection: Connection,
        _ change: (inout Image) throws(Fault) -> Void
    ) throws -> (before: Image, after: Image) {
        if let claim { try Quotas.lockProject(claim.project, on: connection) }
        let moment = try hold(id, on: connection)
        let before = try visibleImage(id, to: caller, locations: true, on: connection)
        var after = before
        try change(&after)
        // This holds whatever the rules of a site allow.
        try caller.requireOwnership(of: before)
        if let claim { try Quotas.check(claim, on: connection) }
        guard try ImageChanges.save(from: before, to: after, at: moment, column, on: connection) else { return (before, before) }
        after.updatedAt = Timestamp(moment)
        switch (before.status, after.status) {
        case (.importing, .active): try outbox?.tell(.imageUpload, .imageActivate, .imageUpdate, of: .image(after), on: connection)
        case (.queued, .active): try outbox?.tell(.imageActivate, .imageUpdate, of: .image(after), on: connection)
        case (.queued, .importing), (.uploading, .importing):
            try outbox?.tell(.imageUpdate, .imagePrepare, of: .image(after), on: connection)
        default: try outbox?.tell(.imageUpdate, of: .image(after), on: connection)
        }
        return (before, after)
    }

    package func move(_ id: ImageID, from: ImageStatus, to: ImageStatus) throws(Fault) {
        try database.transaction("Moving image \(id) to \(to.rawValue)") { connection in
            let moved = try connection.run(
                "UPDATE images SET status = ?, updated_at = UTC_TIMESTAMP() WHERE id = ? AND status = ? AND deleted = 0",
                .text(to.rawValue), .text(id.text), .text(from.rawValue))
            guard moved == 1 else { throw Fault.notInStatus(id, from) }
            try outbox?.tell(.imageUpdate, of: try payload(of: id, on: connection), on: connection)
        }
    }

    package func delete(
        _ id: ImageID, visibleTo caller: Caller, _ allowed: (Image) throws(Fault) -> Void
    ) throws(Fault) -> [OwedRemoval] {
        try checkPossible(id)
        return try database.transaction("Deleting image \(id)") { connection in
            let moment = try hold(id, on: connection)
            var image = try visibleImage(id, to: caller, locations: true, on: connection)
            try allowed(image)
            try caller.requireOwnership(of: image)
            // A deactivated image returns as an active one.
            let isPutOff = delaysDeletion && !image.locations.isEmpty && image.status.mayBecome(.pendingDelete)
            let status = isPutOff ? ImageStatus.pendingDelete : .deleted
            let deleted = try connection.run(
                "UPDATE images SET status = ?, deleted = 1, deleted_at = ?, updated_at = ? WHERE id = ? AND status = ? AND deleted = 0",
                .text(status.rawValue), .time(moment), .time(moment), .text(id.text), .text(image.status.rawValue))
            guard deleted == 1 else { throw Fault.notInStatus(id, image.status) }
            let locations = image.locations.isEmpty ? [] : [("image_locations", "status = '\(status.rawValue)', ")]
            for (table, status) in [("image_properties", ""), ("image_tags", ""), ("image_members", "")] + locations {
                try connection.run(
                    "UPDATE \(table) SET \(status)deleted = 1, deleted_at = ?, updated_at = ? WHERE image_id = ? AND deleted = 0",
                    .time(moment), .time(moment), .text(id.text))
            }
            let owed = try isPutOff ? [] : owe(image.locations, of: image.id, isDeleted: true, on: connection)
            (image.status, image.updatedAt, image.deletedAt) = (status, Timestamp(moment), Timestamp(moment))
            try outbox?.tell(.imageDelete, of: .image(image), on: connection)
            return owed
        }
    }

    /// An image that the caller may see by the rule of `Image.isVisible`.
    func visibleImage(
        _ id: ImageID, to caller: Caller, locations: Bool = false, remains: Bool = false, on connection: Connection
    ) throws -> Image {
        try checkPossible(id)
        let found = try ImageRows.load([id.text], locations: locations || showsLocations, remains: remains, on: connection)
        guard var image = found.first else { throw Fault.imageNotFound(id) }
        column.read(&image)
        if image.isVisible(to: caller, isMember: false) { return image }
        guard image.visibility == .shared, let project = caller.project,
            try connection.first(Self.isMember, .text(id.text), .text(project), .text(project)) != nil
        else { throw Fault.imageNotFound(id) }
        return image
    }

    /// - Throws: `.notFound` for an id that no column can hold and MariaDB could not compare.
    func checkPossible(_ id: ImageID) throws(Fault) {
        guard id.text.utf8.count <= 36, ImageText.isStorable(id.text) else { throw .imageNotFound(id) }
    }

    /// Holds an image for a transaction that judges or changes it as a whole. Others that would do the same wait; at another node of a Galera
    /// cluster, where the lock is not known, one of them fails and is repeated (`sql/0053-vitrine_image_turns.sql`).
    ///
    /// - Returns: the database's time.
    /// - Throws: `.notFound` for an image that does not exist any more.
    @discardableResult
    func hold(_ id: ImageID, on connection: Connection) throws -> DateTime {
        guard let moment = try connection.first(Self.lockRow, .text(id.text)) else { throw Fault.imageNotFound(id) }
        if connection.isReplicated {
            try connection.run(
                "INSERT INTO vitrine_image_turns (slot, turn) VALUES (CRC32(?) & 1023, 1) ON DUPLICATE KEY UPDATE turn = turn + 1",
                .text(id.text))
        }
        return moment
    }

    private static let lockRow = Query(
        "SELECT UTC_TIMESTAMP() FROM images FORCE INDEX (PRIMARY) WHERE id = ? AND deleted = 0 FOR UPDATE"
    ) { row throws(MariaDBError) in try row.time(0) }

    static let isMember = Query(
        """
        SELECT 1 FROM image_members FORCE INDEX (ix_image_members_image_id_member)
         WHERE image_id = ? AND member = ? AND BINARY member = ? AND deleted = 0 LIMIT 1
        """
    ) { row throws(MariaDBError) in try row.int(0) }

    private static let insertImage = Query(
        """
        INSERT INTO images (id, name, status, visibility, protected, os_hidden, owner, disk_format, container_format, size,
                            virtual_size, checksum, min_disk, min_ram, created_at, updated_at, deleted)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, COALESCE(?, UTC_TIMESTAMP()), COALESCE(?, UTC_TIMESTAMP()), 0)
        RETURNING UTC_TIMESTAMP()
        """
    ) { row throws(MariaDBError) in try row.time(0) }
}

extension ImageDraft {
    fileprivate var row: [SQLValue] {
        [
            .text(id.text), .text(name), .text(status.rawValue), .text(visibility.rawValue), .flag(isProtected), .flag(isHidden),
            .text(owner), .text(diskFormat), .text(containerFormat), .int(size), .int(virtualSize), .text(checksum), .int(minDisk),
            .int(minRAM), createdAt?.sqlValue ?? .null, updatedAt?.sqlValue ?? .null,
        ]
    }
}

extension Fault {
    static func notInStatus(_ id: ImageID, _ status: ImageStatus) -> Fault {
        Fault(.conflict, "Image \(id) is no longer in status \(status.rawValue).")
    }
}
