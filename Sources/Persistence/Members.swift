package import Domain
internal import MariaDB

extension MariaDBCatalog: MemberCatalog {
    package func members(of image: Image, visibleTo caller: Caller) throws(Fault) -> [Member] {
        let all = try database.run("Reading the members of image \(image.id)") { connection in
            try connection.all(Self.membersOfImage, .text(image.id.text))
        }
        return caller.isAdmin || caller.owns(image) ? all : all.filter { $0.project == caller.project }
    }

    package func member(_ project: String, of image: Image, visibleTo caller: Caller) throws(Fault) -> Member {
        let found = try members(of: image, visibleTo: caller).first { $0.project == project }
        guard let found else { throw .notMember(project, image.id) }
        return found
    }

    package func add(_ project: String, to image: Image, quota: Int?) throws(Fault) -> Member {
        try database.transaction("Sharing image \(image.id)") { connection in
            // The image's row is held, so that two that share it at once count each other.
            guard try connection.first(Self.holdShared, .text(image.id.text)) != nil else {
                throw Fault.imageNotFound(image.id)
            }
            let present = try connection.all(Self.membersOfImage, .text(image.id.text))
            if present.contains(where: { $0.project.lowercased() == project.lowercased() }) {
                throw Fault(.conflict, "Image \(image.id) is already shared with \(project).")
            }
            if let quota, present.count >= quota {
                throw Fault(
                    .tooLarge,
                    "The limit has been exceeded on the number of allowed image members for this image. Attempted: \(present.count + 1), Maximum: \(quota)"
                )
            }
            let revived = try connection.run(
                """
                UPDATE image_members
                   SET member = ?, status = 'pending', deleted = 0, deleted_at = NULL, created_at = UTC_TIMESTAMP(),
                       updated_at = UTC_TIMESTAMP()
                 WHERE image_id = ? AND member = ? AND deleted = 1 ORDER BY id DESC LIMIT 1
                """, .text(project), .text(image.id.text), .text(project))
            if revived == 0 {
                try connection.run(
                    """
                    INSERT INTO image_members (image_id, member, can_share, status, created_at, updated_at, deleted)
                    VALUES (?, ?, 0, 'pending', UTC_TIMESTAMP(), UTC_TIMESTAMP(), 0)
                    """, .text(image.id.text), .text(project))
            }
            return try itself(project, of: image.id, on: connection)
        }
    }

    package func set(_ status: Member.Status, of project: String, in image: Image) throws(Fault) -> Member {
        try database.transaction("Answering for image \(image.id)") { connection in
            let changed = try connection.run(
                "UPDATE image_members SET status = ?, updated_at = UTC_TIMESTAMP() WHERE image_id = ? AND member = ? AND deleted = 0",
                .text(status.rawValue), .text(image.id.text), .text(project))
            guard changed > 0 else { throw Fault.notMember(project, image.id) }
            return try itself(project, of: image.id, on: connection)
        }
    }

    package func remove(_ project: String, from image: Image) throws(Fault) {
        let removed = try database.run("Unsharing image \(image.id)") { connection in
            try connection.run(
                """
                UPDATE image_members SET deleted = 1, deleted_at = UTC_TIMESTAMP(), updated_at = UTC_TIMESTAMP()
                 WHERE image_id = ? AND member = ? AND deleted = 0
                """, .text(image.id.text), .text(project))
        }
        guard removed > 0 else { throw .notMember(project, image.id) }
    }

    private func itself(_ project: String, of image: ImageID, on connection: Connection) throws -> Member {
        let all = try connection.all(Self.membersOfImage, .text(image.text))
        guard let member = all.first(where: { $0.project.lowercased() == project.lowercased() }) else {
            throw Fault.notMember(project, image)
        }
        return member
    }

    private static let membersOfImage = Query(
        """
        SELECT image_id, member, status, created_at, updated_at
          FROM image_members FORCE INDEX (ix_image_members_image_id)
         WHERE image_id = ? AND deleted = 0
         ORDER BY member
        """
    ) { row throws(MariaDBError) in
        let created = Timestamp(try row.time(3))
        return Member(
            image: ImageID(try row.text(0)), project: try row.text(1), status: try row.value(2), createdAt: created,
            updatedAt: try row.timeOrNil(4).map(Timestamp.init) ?? created)
    }

    private static let holdShared = Query(
        "SELECT 1 FROM images FORCE INDEX (PRIMARY) WHERE id = ? AND deleted = 0 FOR UPDATE"
    ) { row throws(MariaDBError) in try row.int(0) }
}

extension Fault {
    fileprivate static func notMember(_ project: String, _ id: ImageID) -> Fault {
        Fault(.notFound, "\(project) not found in the member list of the image \(id).")
    }
}
