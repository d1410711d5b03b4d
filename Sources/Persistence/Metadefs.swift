package import Domain
internal import MariaDB

extension MariaDBCatalog: MetadefCatalog {
    package func page(_ listing: MetadefListing, visibleTo caller: Caller) throws(Fault) -> MetadefPage {
        try database.read("Listing metadata definition namespaces") { connection in
            try MetadefList(listing: listing, caller: caller).page(on: connection)
        }
    }

    package func namespace(_ name: String, with parts: [MetadefPart], visibleTo caller: Caller) throws(Fault) -> MetadefNamespace {
        guard MetadefLimits.isPossible(name) else { throw .namespaceNotFound(name) }
        var found = try database.read("Reading namespace \(name)") { connection in
            try MetadefRows.load(name, parts, within: MetadefPage.memoryLimit, isOutline: false, on: connection)
        }
        if found?.contents.isOutlined == true {
            found = try database.read("Reading namespace \(name)") { connection in
                try MetadefRows.outline(name, parts, on: connection)
            }
        }
        guard let found, found.isVisible(to: caller) else { throw .namespaceNotFound(name) }
        return found
    }

    package func items(_ kind: MetadefKind, named names: [String], of namespace: MetadefNamespace) throws(Fault) -> [MetadefItem] {
        try database.read("Reading namespace \(namespace.name)") { connection in
            try MetadefRows.items(kind, named: names, of: namespace.id, on: connection)
        }
    }

    package func resourceTypes() throws(Fault) -> [ResourceType] {
        try database.read("Listing resource types") { connection in try connection.all(Self.allResourceTypes) }
    }

    package func insert(_ draft: MetadefDraft) throws(Fault) -> MetadefNamespace {
        let fields = draft.fields
        return try database.transaction("Creating namespace \(fields.name)") { connection in
            let id: Int64
            let created: Timestamp
            do {
                guard let (number, moment) = try connection.first(Self.insertNamespace, fields.row) else {
                    throw Fault(.unexpected, "Creating namespace \(fields.name) failed.")
                }
                (id, created) = (number, Timestamp(moment))
            } catch let error as MariaDBError where error.isDuplicate {
                throw Fault(.conflict, "The metadata definition namespace=\(fields.name) already exists.", cause: error)
            }
            let namespace = MetadefNamespace(id: id, fields: fields, createdAt: created, updatedAt: created, contents: draft.contents)
            try outbox?.tell(.namespaceCreate, of: .namespace(namespace), on: connection)
            for item in draft.contents.all { _ = try insertNew(item, in: namespace, on: connection) }
            return namespace
        }
    }

    package func update(_ namespace: MetadefNamespace, to fields: MetadefFields) throws(Fault) -> MetadefNamespace {
        try database.transaction("Changing namespace \(namespace.name)") { connection in
            let former = outbox == nil ? namespace : try held(namespace, on: connection)
            let changed: Int
            do throws(MariaDBError) {
                changed = try connection.run(Self.updateNamespace, fields.row + [.int(namespace.id)])
            } catch {
                guard error.isDuplicate else { throw error }
                throw Fault(.conflict, "There is a metadata definition namespace=\(fields.name) already.", cause: error)
            }
            guard changed > 0, let updated = try connection.first(Self.namespaceByID, .int(namespace.id)) else {
                throw Fault.namespaceNotFound(namespace.name)
            }
            try outbox?.tell(.namespaceUpdate, of: .namespace(updated, formerly: former.name), on: connection)
            return updated
        }
    }

    package func delete(_ namespace: MetadefNamespace) throws(Fault) {
        try database.transaction("Deleting namespace \(namespace.name)") { connection in
            // The row is locked, so that nobody adds to the namespace, or protects it, meanwhile.
            guard let isProtected = try connection.first(Self.holdNamespace, .int(namespace.id)) else {
                throw Fault.namespaceNotFound(namespace.name)
            }
            guard !isProtected else { throw Fault.protected(namespace) }
            if let outbox, let standing = try connection.first(Self.namespaceByID, .int(namespace.id)) {
                let moment = try deletionTime(on: connection)
                try outbox.tell(.namespaceDelete, of: .namespace(standing, deletedAt: moment), on: connection)
            }
            try MetadefItems.clear(namespace.id, on: connection)
            try connection.run("DELETE FROM metadef_namespaces WHERE id = ?", .int(namespace.id))
        }
    }

    /// The stored namespace, locked until the transaction ends.
    func held(_ namespace: MetadefNamespace, on connection: Connection) throws -> MetadefNamespace {
        guard try connection.first(Self.holdNamespace, .int(namespace.id)) != nil,
            let standing = try connection.first(Self.namespaceByID, .int(namespace.id))
        else { throw Fault.namespaceNotFound(namespace.name) }
        return standing
    }

    static let insertNamespace = Query(
        """
        INSERT INTO metadef_namespaces (namespace, display_name, description, visibility, protected, owner, created_at, updated_at)
        VALUES (?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(), UTC_TIMESTAMP())
        RETURNING id, created_at
        """
    ) { row throws(MariaDBError) in (try row.int(0), try row.time(1)) }

    static let updateNamespace = """
        UPDATE metadef_namespaces
           SET namespace = ?, display_name = ?, description = ?, visibility = ?, protected = ?, owner = ?, updated_at = UTC_TIMESTAMP()
         WHERE id = ?
        """

    private static let namespaceByID = Query(
        """
        SELECT id, namespace, created_at, updated_at, display_name, description, visibility, owner, protected
          FROM metadef_namespaces WHERE id = ?
        """
    ) { row throws(MariaDBError) in try MetadefNamespace(row, from: 0) }

    /// Locks a namespace's row for the transaction, and returns whether it is protected.
    static let holdNamespace = Query("SELECT COALESCE(protected, 0) FROM metadef_namespaces WHERE id = ? FOR UPDATE") {
        row throws(MariaDBError) in try row.flag(0)
    }

    private static let allResourceTypes = Query("SELECT id, name, created_at, updated_at FROM metadef_resource_types ORDER BY id") {
        row throws(MariaDBError) in
        ResourceType(
            name: try row.text(1),
            record: MetadefRecord(
                number: try row.int(0), createdAt: Timestamp(try row.time(2)), updatedAt: try row.timeOrNil(3).map(Timestamp.init)))
    }
}

extension MetadefFields {
    var row: [SQLValue] {
        [
            .text(name), .text(displayName), .text(description), .text(visibility.rawValue), .flag(isProtected),
            .text(owner),
        ]
    }
}
