package import Domain
internal import JSONDocument
internal import MariaDB

extension MariaDBCatalog {
    package func members(
        of image: Image, after former: String?, atMost count: Int, visibleTo caller: Caller
    ) throws(Fault) -> [Member] {
        var conditions: [SQLFragment] = ["image_id = \(.text(image.id.text))", "deleted = 0"]
        if let former { conditions.append("member > \(.text(former))") }
        let seesAll = caller.isAdmin || caller.owns(image)
        if !seesAll { conditions.append("member = \(.text(caller.project))") }
        let statement: SQLFragment = """
            SELECT image_id, member, status, can_share, created_at, updated_at
              FROM image_members FORCE INDEX (ix_image_members_image_id_member)
             WHERE \(conditions.allOfThem)
             ORDER BY member LIMIT \(.int(Int64(count)))
            """
        let some = try database.read("Reading the members of image \(image.id)") { connection in
            try connection.all(Query(statement.sql) { row throws(MariaDBError) in try Member(row) }, statement.values)
        }
        return seesAll ? some : some.filter { caller.project.map($0.project.isSame) ?? false }
    }

    package func member(_ project: String, of image: Image, visibleTo caller: Caller) throws(Fault) -> Member {
        let found = try members(of: image, visibleTo: caller).first { $0.project.isSame(as: project) }
        guard let found else { throw .notMember(project, image.id) }
        return found
    }

    package func add(_ project: String, to image: Image, quota: Int?, by caller: Caller) throws(Fault) -> Member {
        try caller.requireOwnership(of: image)
        return try database.transaction("Sharing image \(image.id)") { connection in
            try hold(image.id, on: connection)
            let census = try takeCensus(project, of: image.id, on: connection)
            if let quota, census.present >= quota {
                throw Fault.tooManyMembers(Int(census.present) + 1, beside: Int(census.present), most: quota)
            }
            let member = try insert(project, canShare: false, reviving: census.removed > 0, of: image.id, on: connection)
            try outbox?.tell(.memberCreate, of: .member(member, deletedAt: nil), on: connection)
            return member
        }
    }

    package func put(
        _ memberships: [Membership], to image: Image, replacing: Bool, quota: Int?, by caller: Caller
    ) throws(Fault) {
        try database.transaction("Sharing image \(image.id)") { connection in
            try hold(image.id, on: connection)
            let present = try connection.all(Self.membersOfImage, .text(image.id.text))
            try caller.requireSharing(of: image, present)
            let named = Set(memberships.map { ExactText($0.project) })
            let dropped = replacing ? present.filter { !named.contains(ExactText($0.project)) } : []
            let kept = Set(present.map { ExactText($0.project) })
            let added = named.subtracting(kept)
            if let quota, !added.isEmpty, present.count - dropped.count + added.count > quota {
                throw Fault.tooManyMembers(present.count - dropped.count + added.count, beside: present.count, most: quota)
            }
            for member in dropped { try remove(member.project, of: image.id, on: connection) }
            for membership in memberships {
                guard kept.contains(ExactText(membership.project)) else {
                    let census = try takeCensus(membership.project, of: image.id, on: connection)
                    let member = try insert(
                        membership.project, canShare: membership.canShare ?? false, reviving: census.removed > 0, of: image.id,
                        on: connection)
                    try outbox?.tell(.memberCreate, of: .member(member, deletedAt: nil), on: connection)
                    continue
                }
                guard let canShare = membership.canShare else { continue }
                try connection.run(
                    """
                    UPDATE image_members SET can_share = ?, updated_at = UTC_TIMESTAMP()
                     WHERE image_id = ? AND member = ? AND BINARY member = ? AND deleted = 0
                    """, .flag(canShare), .text(image.id.text), .text(membership.project), .text(membership.project))
                try outbox?.tell(
                    .memberUpdate, of: .member(try itself(membership.project, of: image.id, on: connection), deletedAt: nil),
                    on: connection)
            }
        }
    }

    /// Memberships in images that are not deleted.
    package func memberships(
        of project: String, after former: ImageID?, atMost count: Int, visibleTo caller: Caller
    ) throws(Fault) -> [Member] {
        var conditions: [SQLFragment] = ["m.member = \(.text(project))", "BINARY m.member = \(.text(project))", "m.deleted = 0"]
        if let former { conditions.append("m.image_id > \(.text(former.text))") }
        if !caller.isAdmin && project != caller.project { conditions.append("BINARY i.owner = \(.text(caller.project))") }
        let statement: SQLFragment = """
            SELECT m.image_id, m.member, m.status, m.can_share, m.created_at, m.updated_at
              FROM image_members m FORCE INDEX (vitrine_image_members_member) JOIN images i ON i.id = m.image_id AND i.deleted = 0
             WHERE \(conditions.allOfThem)
             ORDER BY m.image_id LIMIT \(.int(Int64(count)))
            """
        return try database.read("Reading what is shared with \(project)") { connection in
            try connection.all(Query(statement.sql) { row throws(MariaDBError) in try Member(row) }, statement.values)
        }
    }

    package func set(_ status: Member.Status, of project: String, in image: Image) throws(Fault) -> Member {
        try database.transaction("Answering for image \(image.id)") { connection in
            let changed = try connection.run(
                """
                UPDATE image_members SET status = ?, updated_at = UTC_TIMESTAMP()
                 WHERE image_id = ? AND member = ? AND BINARY member = ? AND deleted = 0
                """, .text(status.rawValue), .text(image.id.text), .text(project), .text(project))
            guard changed > 0 else { throw Fault.notMember(project, image.id) }
            let member = try itself(project, of: image.id, on: connection)
            try outbox?.tell(.memberUpdate, of: .member(member, deletedAt: nil), on: connection)
            return member
        }
    }

    package func remove(_ project: String, from image: Image, by caller: Caller) throws(Fault) {
        try database.transaction("Unsharing image \(image.id)") { connection in
            if !caller.mayChange(image) {
                try caller.requireSharing(of: image, try connection.all(Self.membersOfImage, .text(image.id.text)))
            }
            let removed = try remove(project, of: image.id, on: connection)
            guard removed > 0 else { throw Fault.notMember(project, image.id) }
        }
    }

    /// Inserts a new member.
    ///
    /// - Parameter reviving: the row of a removed member to reuse: the table's unique key compares by collation and includes removed
    ///   members. The row gets the new member's name.
    private func insert(
        _ project: String, canShare: Bool, reviving: Bool, of image: ImageID, on connection: Connection
    ) throws -> Member {
        if reviving {
            let revived = try connection.run(
                """
                UPDATE image_members
                   SET member = ?, can_share = ?, status = 'pending', deleted = 0, deleted_at = NULL, created_at = UTC_TIMESTAMP(),
                       updated_at = UTC_TIMESTAMP()
                 WHERE image_id = ? AND member = ? AND deleted = 1 ORDER BY id DESC LIMIT 1
                """, .text(project), .flag(canShare), .text(image.text), .text(project))
            if revived > 0 { return try itself(project, of: image, on: connection) }
        }
        guard let member = try connection.first(Self.insertMember, .text(image.text), .text(project), .flag(canShare)) else {
            throw Fault(.unexpected, "Sharing image \(image) failed.")
        }
        return member
    }

    /// - Throws: `.conflict` for a project that is a member, also under a name that the table's unique key treats as equal: of two such
    ///   members one could not be removed in the same second as the other.
    private func takeCensus(
        _ project: String, of image: ImageID, on connection: Connection
    ) throws -> (present: Int64, named: Int64, removed: Int64) {
        let name = SQLValue.text(project)
        guard let census = try connection.first(Self.census, name, name, .text(image.text)) else {
            throw Fault(.unexpected, "Sharing image \(image) failed.")
        }
        guard census.named == 0 else {
            throw Fault(.conflict, "Image \(image) is already shared with \(project), or one that differs in case or accents only.")
        }
        return census
    }

    @discardableResult
    private func remove(_ project: String, of image: ImageID, on connection: Connection) throws -> Int {
        let told = outbox == nil ? [] : try connection.all(Self.membersOfImage, .text(image.text))
        // A member whose name the unique key treats as equal may have been removed in this same second.
        try connection.run(
            "DELETE FROM image_members WHERE image_id = ? AND member = ? AND BINARY member <> ? AND deleted = 1", .text(image.text),
            .text(project), .text(project))
        let removed = try connection.run(
            """
            UPDATE image_members SET deleted = 1, deleted_at = UTC_TIMESTAMP(), updated_at = UTC_TIMESTAMP()
             WHERE image_id = ? AND member = ? AND BINARY member = ? AND deleted = 0
            """, .text(image.text), .text(project), .text(project))
        if removed > 0, let outbox, let member = told.first(where: { $0.project.isSame(as: project) }) {
            try outbox.tell(.memberDelete, of: .member(member, deletedAt: try deletionTime(on: connection)), on: connection)
        }
        return removed
    }

    private func itself(_ project: String, of image: ImageID, on connection: Connection) throws -> Member {
        let all = try connection.all(Self.membersOfImage, .text(image.text))
        guard let member = all.first(where: { $0.project.isSame(as: project) }) else {
            throw Fault.notMember(project, image)
        }
        return member
    }

    private static let membersOfImage = Query(
        """
        SELECT image_id, member, status, can_share, created_at, updated_at
          FROM image_members FORCE INDEX (ix_image_members_image_id)
         WHERE image_id = ? AND deleted = 0
         ORDER BY member
        """
    ) { row throws(MariaDBError) in try Member(row) }

    /// The number of an image's members, and whether a project is or was one.
    private static let census = Query(
        """
        SELECT COUNT(IF(deleted = 0, 1, NULL)), COUNT(IF(deleted = 0 AND member = ?, 1, NULL)),
               COUNT(IF(deleted = 1 AND member = ?, 1, NULL))
          FROM image_members FORCE INDEX (ix_image_members_image_id)
         WHERE image_id = ?
        """
    ) { row throws(MariaDBError) in (present: try row.int(0), named: try row.int(1), removed: try row.int(2)) }

    private static let insertMember = Query(
        """
        INSERT INTO image_members (image_id, member, can_share, status, created_at, updated_at, deleted)
        VALUES (?, ?, ?, 'pending', UTC_TIMESTAMP(), UTC_TIMESTAMP(), 0)
        RETURNING image_id, member, status, can_share, created_at, updated_at
        """
    ) { row throws(MariaDBError) in try Member(row) }
}

extension Caller {
    /// - Throws: `.forbidden` unless the caller may change the image or is a member who may share it.
    fileprivate func requireSharing(of image: Image, _ members: [Member]) throws(Fault) {
        guard mayChange(image) || members.contains(where: { $0.project == project && $0.canShare }) else {
            throw Fault(.forbidden, "No permission to share that image")
        }
    }
}

extension Member {
    /// Reads a row that begins with `image_id, member, status, can_share, created_at, updated_at`.
    fileprivate init(_ row: borrowing Row) throws(MariaDBError) {
        let created = Timestamp(try row.time(4))
        self.init(
            image: ImageID(try row.text(0)), project: try row.text(1), status: try row.value(2), canShare: try row.flag(3),
            createdAt: created, updatedAt: try row.timeOrNil(5).map(Timestamp.init) ?? created)
    }
}

extension Fault {
    fileprivate static func tooManyMembers(_ attempted: Int, beside used: Int, most: Int) -> Fault {
        Fault(
            .tooLarge,
            "The limit has been exceeded on the number of allowed image members for this image. Used: \(used), Attempted: \(attempted), Maximum: \(most)"
        )
    }

    fileprivate static func notMember(_ project: String, _ id: ImageID) -> Fault {
        Fault(.notFound, "\(project) not found in the member list of the image \(id).")
    }
}
