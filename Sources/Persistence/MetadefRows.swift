internal import Domain
internal import MariaDB

/// Reads namespaces of metadata definitions, each with its contents in a single statement that returns its parts one after another, as
/// `ImageRows` does.
enum MetadefRows {
    /// - Returns: nil if no such namespace exists.
    static func load(_ name: String, _ parts: [MetadefPart], on connection: Connection) throws(MariaDBError) -> MetadefNamespace? {
        try load(name, parts, within: .max, isOutline: false, on: connection)
    }

    /// Reads the names of the items only.
    static func outline(_ name: String, _ parts: [MetadefPart], on connection: Connection) throws(MariaDBError) -> MetadefNamespace? {
        var found = try load(name, parts, within: .max, isOutline: true, on: connection)
        found?.contents.isOutlined = true
        return found
    }

    /// - Parameters:
    ///   - room: the bytes of memory that it may take; a larger namespace is returned as an outline, with some of its names missing.
    ///   - isOutline: whether texts are left out.
    static func load(
        _ name: String, _ parts: [MetadefPart], within remaining: Int, isOutline: Bool, on connection: Connection
    ) throws(MariaDBError) -> MetadefNamespace? {
        let selects = [namespace] + parts.map { select($0, isOutline: isOutline) }
        let statement = selects.map { $0("n.namespace = \(.text(name))") }.joined(" UNION ALL ")
        var found: MetadefNamespace?
        var memory = 0
        try connection.takeRows(of: Query(statement.sql, decode: Piece.init), statement.values) { piece in
            switch piece {
            case .namespace(let namespace): found = namespace
            case .item(let item):
                memory += item.memory
                guard memory <= remaining else {
                    found?.contents.isOutlined = true
                    return false
                }
                found?.contents.append(item)
            }
            return true
        }
        // The index returns types by name; they are shown in the order of their creation.
        found?.contents.resourceTypes.sort { $0.record?.number ?? 0 < $1.record?.number ?? 0 }
        found?.contents.tags.sort { $0.record?.number ?? 0 > $1.record?.number ?? 0 }
        return found
    }

    /// Items by their names, in the order of the names.
    static func items(
        _ kind: MetadefKind, named names: [String], of namespace: Int64, on connection: Connection
    ) throws(MariaDBError) -> [MetadefItem] {
        guard let last = names.last else { return [] }
        let padded = names + repeatElement(last, count: max(0, MetadefItem.piece - names.count))
        let list = padded.map { "\(.text($0))" as SQLFragment }.joined(", ")
        let statement = select(kind, "n.id = \(.int(namespace)) AND \(word: kind.alias).name IN (\(list))", isOutline: false)
        var found: [String: MetadefItem] = [:]
        try connection.forEachRow(of: Query(statement.sql, decode: Piece.init), statement.values) { piece in
            if case .item(let item) = piece { found[item.name] = item }
        }
        return names.compactMap { found[$0] }
    }

    private typealias Select = (SQLFragment) -> SQLFragment

    /// Every part has the same columns, as a union needs.
    private static func namespace(_ condition: SQLFragment) -> SQLFragment {
        """
        SELECT 0, n.id, n.namespace, n.created_at, n.updated_at, n.display_name, n.description, n.visibility, n.owner, n.protected
          FROM metadef_namespaces n WHERE \(condition)
        """
    }

    private static func select(_ part: MetadefPart, isOutline: Bool) -> Select {
        switch part {
        case .all(let kind): { select(kind, $0, isOutline: isOutline) }
        case .one(let kind, let name): { select(kind, "\($0) AND \(word: kind.alias).name = \(.text(name))", isOutline: isOutline) }
        }
    }

    private static func select(_ kind: MetadefKind, _ condition: SQLFragment, isOutline: Bool) -> SQLFragment {
        switch kind {
        case .resourceType:
            """
            SELECT 1, a.resource_type_id, t.name, a.created_at, a.updated_at, a.prefix, a.properties_target, NULL, NULL, NULL
              FROM metadef_namespaces n JOIN metadef_namespace_resource_types a ON a.namespace_id = n.id
                   JOIN metadef_resource_types t ON t.id = a.resource_type_id
             WHERE \(condition)
            """
        case .property:
            """
            SELECT 2, p.id, p.name, p.created_at, p.updated_at, \(word: isOutline ? "'{}'" : "p.json_schema"), NULL, NULL, NULL, NULL
              FROM metadef_namespaces n
                   JOIN metadef_properties p FORCE INDEX (uq_metadef_properties_namespace_id_name) ON p.namespace_id = n.id
             WHERE \(condition)
            """
        case .object:
            """
            SELECT 3, o.id, o.name, o.created_at, o.updated_at,
                   \(word: isOutline ? "'{}', NULL, NULL" : "o.json_schema, o.description, o.required"), NULL, NULL
              FROM metadef_namespaces n
                   JOIN metadef_objects o FORCE INDEX (uq_metadef_objects_namespace_id_name) ON o.namespace_id = n.id
             WHERE \(condition)
            """
        case .tag:
            """
            SELECT 4, g.id, g.name, g.created_at, g.updated_at, NULL, NULL, NULL, NULL, NULL
              FROM metadef_namespaces n
                   JOIN metadef_tags g FORCE INDEX (uq_metadef_tags_namespace_id_name) ON g.namespace_id = n.id
             WHERE \(condition)
            """
        }
    }

    /// One row of any part.
    private enum Piece {
        case namespace(MetadefNamespace)
        case item(MetadefItem)

        init(_ row: borrowing Row) throws(MariaDBError) {
            let number = try row.int(1)
            let name = try row.text(2)
            let record = MetadefRecord(
                number: number, createdAt: Timestamp(try row.time(3)), updatedAt: try row.timeOrNil(4).map(Timestamp.init))
            switch try row.int(0) {
            case 0: self = .namespace(try MetadefNamespace(row, from: 1))
            case 1:
                self = .item(
                    .resourceType(
                        ResourceTypeAssociation(
                            name: name, prefix: try row.textOrNil(5), propertiesTarget: try row.textOrNil(6), record: record)))
            case 2: self = .item(.property(MetadefProperty(name: name, schema: try row.text(5))))
            case 3:
                let required = try row.textOrNil(7) ?? ""
                self = .item(
                    .object(
                        MetadefObject(
                            name: name, description: try row.textOrNil(6),
                            required: required.split(separator: ",").map(String.init), properties: try row.text(5), record: record)))
            case 4: self = .item(.tag(MetadefTag(name: name, record: record)))
            default: throw row.undecodable(0, as: "part")
            }
        }
    }
}

extension MetadefNamespace {
    /// The columns `id, namespace, created_at, updated_at, display_name, description, visibility, owner, protected`.
    init(_ row: borrowing Row, from first: Int) throws(MariaDBError) {
        // Fields that Glance's files leave out are NULL.
        let visibility = try row.textOrNil(first + 6).flatMap(Visibility.init) ?? .private
        self.init(
            id: try row.int(first),
            fields: MetadefFields(
                name: try row.text(first + 1), displayName: try row.textOrNil(first + 4), description: try row.textOrNil(first + 5),
                visibility: visibility, isProtected: try row.intOrNil(first + 8) ?? 0 != 0,
                owner: try row.text(first + 7)),
            createdAt: Timestamp(try row.time(first + 2)), updatedAt: try row.timeOrNil(first + 3).map(Timestamp.init))
    }
}

extension MetadefKind {
    fileprivate var alias: String {
        switch self {
        case .resourceType: "t"
        case .property: "p"
        case .object: "o"
        case .tag: "g"
        }
    }
}

extension MetadefItem {
    /// Its approximate size in memory, in bytes.
    fileprivate var memory: Int {
        switch self {
        case .resourceType, .tag: 256
        case .property(let property): 256 + property.schema.utf8.count
        case .object(let object):
            256 + (object.properties?.utf8.count ?? 0) + (object.description?.utf8.count ?? 0)
                + (object.required?.reduce(0) { $0 + 32 + $1.utf8.count } ?? 0)
        }
    }
}
