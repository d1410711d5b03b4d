package import Domain
internal import MariaDB

extension MariaDBCatalog {
    package func add(_ items: [MetadefItem], to namespace: MetadefNamespace) throws(Fault) -> [MetadefItem] {
        guard let kind = items.first?.kind else { return [] }
        return try database.transaction("Adding to namespace \(namespace.name)") { connection in
            guard try connection.first(Self.holdNamespace, .int(namespace.id)) != nil else { throw Fault.namespaceNotFound(namespace.name) }
            let present = try connection.first(MetadefItems.count(of: kind), .int(namespace.id)) ?? 0
            try MetadefLimits.check(count: Int(present) + items.count, of: kind)
            return try items.map { try insertNew($0, in: namespace, on: connection) }
        }
    }

    /// Notifications are sent for the new tags, not for the removed ones, as in Glance.
    package func replaceTags(of namespace: MetadefNamespace, with tags: [MetadefTag]) throws(Fault) {
        try database.transaction("Replacing the tags of namespace \(namespace.name)") { connection in
            guard try connection.first(Self.holdNamespace, .int(namespace.id)) != nil else { throw Fault.namespaceNotFound(namespace.name) }
            try connection.run(MetadefItems.deleteAll(of: .tag), .int(namespace.id))
            for tag in tags { _ = try insertNew(.tag(tag), in: namespace, on: connection) }
        }
    }

    package func replace(_ name: String, with item: MetadefItem, in namespace: MetadefNamespace) throws(Fault) -> MetadefItem {
        try database.transaction("Changing \(item.kind.noun) \(name) of namespace \(namespace.name)") { connection in
            guard try connection.first(Self.holdNamespace, .int(namespace.id)) != nil else { throw Fault.namespaceNotFound(namespace.name) }
            let former = try former(item.kind, name, in: namespace, on: connection)
            let record: MetadefRecord?
            do throws(MariaDBError) {
                record = try MetadefItems.update(name, to: item, in: namespace.id, on: connection)
            } catch {
                guard error.isDuplicate else { throw error }
                throw Fault.taken(item, in: namespace.name, error)
            }
            guard let record else { throw Fault.itemNotFound(item.kind, name) }
            let changed = item.recorded(record)
            if let event = item.kind.change, let former {
                try outbox?.tell(event, of: .item(changed, of: former.namespace, formerly: former.item.name), on: connection)
            }
            return changed
        }
    }

    package func remove(_ kind: MetadefKind, _ name: String, from namespace: MetadefNamespace) throws(Fault) {
        guard MetadefLimits.isPossible(name) else { throw .itemNotFound(kind, name) }
        try database.transaction("Removing \(kind.noun) \(name) of namespace \(namespace.name)") { connection in
            let former = try former(kind, name, in: namespace, on: connection)
            let removed = try connection.run(MetadefItems.deleteOne(of: kind), .int(namespace.id), .text(name))
            guard removed > 0 else { throw Fault.itemNotFound(kind, name) }
            guard let outbox, let former else { return }
            let moment = try deletionTime(on: connection)
            try outbox.tell(kind.deletion, of: .item(former.item, of: former.namespace, deletedAt: moment), on: connection)
        }
    }

    package func removeAll(_ kind: MetadefKind, from namespace: MetadefNamespace) throws(Fault) {
        try database.transaction("Removing the \(kind.plural) of namespace \(namespace.name)") { connection in
            if let outbox, let event = kind.clearing {
                try outbox.tell(event, of: .namespace(try held(namespace, on: connection)), on: connection)
            }
            try connection.run(MetadefItems.deleteAll(of: kind), .int(namespace.id))
        }
    }

    /// - Throws: `.conflict` if an item has the name already, in whatever case.
    func insertNew(_ item: MetadefItem, in namespace: MetadefNamespace, on connection: Connection) throws -> MetadefItem {
        let made: MetadefItem
        do {
            made = try MetadefItems.insert(item, in: namespace.id, on: connection)
        } catch let error as MariaDBError where error.isDuplicate {
            throw Fault.taken(item, in: namespace.name, error)
        }
        try outbox?.tell(item.kind.creation, of: .item(made, of: namespace.name), on: connection)
        return made
    }

    /// The stored item and namespace, locked until the transaction ends; nil if there is no item, or no notification is wanted.
    private func former(
        _ kind: MetadefKind, _ name: String, in namespace: MetadefNamespace, on connection: Connection
    ) throws -> (item: MetadefItem, namespace: String)? {
        guard outbox != nil else { return nil }
        let standing = try held(namespace, on: connection).name
        let found = try MetadefRows.load(standing, [.one(kind, name)], on: connection)
        return found?.contents.all.first.map { ($0, standing) }
    }
}

/// The items of namespaces, as rows.
enum MetadefItems {
    /// Adds an item, and its resource type if there is none yet.
    ///
    /// - Parameter protectsType: whether a new resource type is protected.
    static func insert(
        _ item: MetadefItem, in namespace: Int64, protectsType: Bool = false, on connection: Connection
    ) throws -> MetadefItem {
        guard case .resourceType(let association) = item else {
            let columns = item.columns
            let query = Query(
                """
                INSERT INTO \(item.kind.table) (namespace_id, \(columns.map(\.name).joined(separator: ", ")), created_at, updated_at)
                VALUES (?, \(columns.map { _ in "?" }.joined(separator: ", ")), UTC_TIMESTAMP(), UTC_TIMESTAMP())
                RETURNING id, created_at, updated_at
                """, decode: MetadefRecord.init)
            guard let record = try connection.first(query, [.int(namespace)] + columns.map(\.value)) else {
                throw Fault(.unexpected, "Adding \(item.kind.noun) \(item.name) failed.")
            }
            return item.recorded(record)
        }
        let values: [SQLValue] = [.int(namespace), .text(association.propertiesTarget), .text(association.prefix), .text(association.name)]
        if let record = try connection.first(associate, values) { return item.recorded(record) }
        try makeResourceType(association.name, isProtected: protectsType, on: connection)
        guard let record = try connection.first(associate, values) else {
            throw Fault(.unavailable, "The resource type \(association.name) is being made by somebody else.")
        }
        return item.recorded(record)
    }

    /// - Throws: `.tooLarge` if there are too many already.
    private static func makeResourceType(_ name: String, isProtected: Bool, on connection: Connection) throws {
        let present = try connection.first(
            Query("SELECT COUNT(*) FROM metadef_resource_types") { row throws(MariaDBError) in try row.int(0) })
        guard present ?? 0 < MetadefLimits.mostResourceTypes else {
            throw Fault(.tooLarge, "There are \(MetadefLimits.mostResourceTypes) resource types already.")
        }
        // A concurrent creation of the same type waits here, and then finds it.
        try connection.run(
            """
            INSERT INTO metadef_resource_types (name, protected, created_at, updated_at)
            VALUES (?, ?, UTC_TIMESTAMP(), UTC_TIMESTAMP()) ON DUPLICATE KEY UPDATE protected = protected
            """, .text(name), .flag(isProtected))
    }

    /// - Returns: nil if no item has the name.
    static func update(_ name: String, to item: MetadefItem, in namespace: Int64, on connection: Connection) throws(MariaDBError)
        -> MetadefRecord?
    {
        let (table, columns) = (item.kind.table, item.columns)
        let changed = try connection.run(
            """
            UPDATE \(table) SET \(columns.map { "\($0.name) = ?" }.joined(separator: ", ")), updated_at = UTC_TIMESTAMP()
             WHERE namespace_id = ? AND \(item.kind.isCalled)
            """, columns.map(\.value) + [.int(namespace), .text(name)])
        guard changed > 0 else { return nil }
        let query = Query(
            "SELECT \(item.kind.number), created_at, updated_at FROM \(table) WHERE namespace_id = ? AND \(item.kind.isCalled)",
            decode: MetadefRecord.init)
        return try connection.first(query, .int(namespace), .text(item.name))
    }

    /// Removes all items of a namespace.
    static func clear(_ namespace: Int64, on connection: Connection) throws(MariaDBError) {
        for kind in MetadefKind.allCases { try connection.run(deleteAll(of: kind), .int(namespace)) }
    }

    static func deleteAll(of kind: MetadefKind) -> String { "DELETE FROM \(kind.table) WHERE namespace_id = ?" }

    static func deleteOne(of kind: MetadefKind) -> String { "DELETE FROM \(kind.table) WHERE namespace_id = ? AND \(kind.isCalled)" }

    static func count(of kind: MetadefKind) -> Query<Int64> {
        Query("SELECT COUNT(*) FROM \(kind.table) WHERE namespace_id = ?") { row throws(MariaDBError) in try row.int(0) }
    }

    private static let associate = Query(
        """
        INSERT INTO metadef_namespace_resource_types (resource_type_id, namespace_id, properties_target, prefix, created_at, updated_at)
        SELECT id, ?, ?, ?, UTC_TIMESTAMP(), UTC_TIMESTAMP() FROM metadef_resource_types WHERE name = ?
        RETURNING resource_type_id, created_at, updated_at
        """, decode: MetadefRecord.init)
}

extension MetadefKind {
    var table: String {
        switch self {
        case .resourceType: "metadef_namespace_resource_types"
        case .property: "metadef_properties"
        case .object: "metadef_objects"
        case .tag: "metadef_tags"
        }
    }
}

extension MetadefKind {
    /// The column with the row's number.
    fileprivate var number: String { self == .resourceType ? "resource_type_id" : "id" }

    /// The condition that a row has a given name.
    fileprivate var isCalled: String {
        self == .resourceType ? "resource_type_id = (SELECT t.id FROM metadef_resource_types t WHERE t.name = ?)" : "name = ?"
    }
}

extension MetadefItem {
    /// The client's fields as columns of the table.
    var columns: [(name: String, value: SQLValue)] {
        switch self {
        case .resourceType(let association):
            [("properties_target", .text(association.propertiesTarget)), ("prefix", .text(association.prefix))]
        case .property(let property): [("name", .text(property.name)), ("json_schema", .text(property.schema))]
        case .object(let object):
            [
                ("name", .text(object.name)), ("description", .text(object.description)),
                ("required", .text(object.required?.joined(separator: ","))), ("json_schema", .text(object.properties ?? "{}")),
            ]
        case .tag(let tag): [("name", .text(tag.name))]
        }
    }
}

extension MetadefRecord {
    /// The columns `id, created_at, updated_at`.
    fileprivate init(_ row: borrowing Row) throws(MariaDBError) {
        self.init(number: try row.int(0), createdAt: Timestamp(try row.time(1)), updatedAt: try row.timeOrNil(2).map(Timestamp.init))
    }
}

extension Fault {
    fileprivate static func taken(_ item: MetadefItem, in namespace: String, _ cause: MariaDBError) -> Fault {
        Fault(
            .conflict, "A metadata definition \(item.kind.noun) with name=\(item.name) already exists in namespace=\(namespace).",
            cause: cause)
    }
}
