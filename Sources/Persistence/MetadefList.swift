internal import Domain
internal import MariaDB

/// The query for a page of namespaces. There are few namespaces, so all that the caller may see are read and sorted. Each
/// comes with its resource types in the same statement, in a row for each.
struct MetadefList {
    let listing: MetadefListing
    let caller: Caller

    func page(on connection: Connection) throws -> MetadefPage {
        guard listing.limit > 0 else {
            try checkMarker(on: connection)
            return MetadefPage(namespaces: [], mayHaveMore: false)
        }
        let statement = statement
        var namespaces: [MetadefNamespace] = []
        var (memory, isCut) = (0, false)
        try connection.takeRows(of: Query(statement.sql, decode: Line.init), statement.values) { line in
            if namespaces.last?.id != line.namespace.id {
                isCut = memory > MetadefPage.memoryLimit
                guard !isCut else { return false }
                namespaces.append(line.namespace)
                memory += 512 + (line.namespace.fields.description?.utf8.count ?? 0)
            }
            if let association = line.association {
                namespaces[namespaces.count - 1].contents.resourceTypes.append(association)
                memory += 512
            }
            return true
        }
        if namespaces.isEmpty { try checkMarker(on: connection) }
        return MetadefPage(namespaces: namespaces, mayHaveMore: isCut || namespaces.count == listing.limit)
    }

    /// - Throws: `.notFound` for an unknown marker. The check is needed only if the page is empty.
    private func checkMarker(on connection: Connection) throws {
        guard let marker = listing.marker else { return }
        let known: SQLFragment = "SELECT n.id FROM metadef_namespaces n WHERE n.namespace = \(.text(marker)) AND \(visible("n"))"
        let query = Query(known.sql) { row throws(MariaDBError) in try row.int(0) }
        guard try connection.first(query, known.values) != nil else { throw Fault.namespaceNotFound(marker) }
    }

    private var statement: SQLFragment {
        """
        SELECT p.id, p.namespace, p.created_at, p.updated_at, p.display_name, p.description, p.visibility, p.owner, p.protected,
               t.name, a.prefix, a.properties_target, a.resource_type_id, a.created_at, a.updated_at
          FROM (\(page)) AS p
               LEFT JOIN metadef_namespace_resource_types a ON a.namespace_id = p.id
               LEFT JOIN metadef_resource_types t ON t.id = a.resource_type_id
         ORDER BY \(keyset.order("p")), a.resource_type_id
        """
    }

    private var page: SQLFragment {
        var conditions = [visible("n")]
        var marker: SQLFragment = ""
        if let name = listing.marker {
            marker = " JOIN (SELECT * FROM metadef_namespaces x WHERE x.namespace = \(.text(name)) AND \(visible("x"))) AS m"
            conditions.append(keyset.comes("n", after: "m"))
        }
        if let visibility = listing.visibility { conditions.append("n.visibility = \(.text(visibility.rawValue))") }
        if let types = listing.resourceTypes { conditions.append(isAssociated(with: types)) }
        return """
            SELECT n.* FROM metadef_namespaces n\(marker)
             WHERE \(conditions.allOfThem)
             ORDER BY \(keyset.order("n")) LIMIT \(.int(Int64(listing.limit)))
            """
    }

    private func visible(_ table: String) -> SQLFragment {
        if caller.isAdmin { return "TRUE" }
        guard let project = caller.project else { return "\(word: table).visibility = 'public'" }
        return """
            (\(word: table).visibility = 'public'
             OR \(word: table).owner = \(.text(project)) AND BINARY \(word: table).owner = \(.text(project)))
            """
    }

    private func isAssociated(with types: [String]) -> SQLFragment {
        // Few lengths of lists, so that few statements are prepared.
        let size = [1, 10, 100].first { $0 >= types.count } ?? types.count
        let names = types + repeatElement(types.last ?? "", count: size - types.count)
        return """
            EXISTS (SELECT 1 FROM metadef_namespace_resource_types b JOIN metadef_resource_types r ON r.id = b.resource_type_id
                     WHERE b.namespace_id = n.id AND r.name IN (\(names.map { "\(.text($0))" as SQLFragment }.joined(", "))))
            """
    }

    /// Namespaces with equal keys are ordered by age.
    private var keyset: Keyset {
        let columns =
            switch listing.key {
            case .id: ["id"]
            case .createdAt: ["created_at", "id"]
            case let key: [key.rawValue, "created_at", "id"]
            }
        return Keyset(columns: columns, isDescending: listing.isDescending)
    }

    /// A namespace with one of its resource types, if it has any.
    private struct Line {
        let namespace: MetadefNamespace
        let association: ResourceTypeAssociation?

        init(_ row: borrowing Row) throws(MariaDBError) {
            namespace = try MetadefNamespace(row, from: 0)
            guard let name = try row.textOrNil(9) else {
                association = nil
                return
            }
            association = ResourceTypeAssociation(
                name: name, prefix: try row.textOrNil(10), propertiesTarget: try row.textOrNil(11),
                record: MetadefRecord(
                    number: try row.int(12), createdAt: Timestamp(try row.time(13)), updatedAt: try row.timeOrNil(14).map(Timestamp.init)))
        }
    }
}
