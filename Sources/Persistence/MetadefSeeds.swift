package import Domain
internal import MariaDB

extension MariaDBCatalog {
    package func load(_ draft: MetadefDraft, _ mode: MetadefLoading) throws(Fault) -> Bool {
        let name = draft.fields.name
        return try database.transaction("Loading namespace \(name)") { connection in
            let known = try connection.first(Self.holdNamed, .text(name))
            if let known {
                switch mode {
                case .skip: return false
                case .merge, .preferNew:
                    try merge(draft, into: known, isNewPreferred: mode == .preferNew, on: connection)
                    return true
                case .overwrite:
                    try MetadefItems.clear(known, on: connection)
                    try connection.run("DELETE FROM metadef_namespaces WHERE id = ?", .int(known))
                }
            }
            guard let (id, _) = try connection.first(Self.insertNamespace, draft.fields.row) else {
                throw Fault(.unexpected, "Loading namespace \(name) failed.")
            }
            for item in draft.contents.all { _ = try MetadefItems.insert(item, in: id, protectsType: true, on: connection) }
            return true
        }
    }

    private func merge(_ draft: MetadefDraft, into namespace: Int64, isNewPreferred: Bool, on connection: Connection) throws {
        if isNewPreferred { try connection.run(Self.updateNamespace, draft.fields.row + [.int(namespace)]) }
        let parts = MetadefKind.allCases.map { MetadefPart.all($0) }
        let present = try MetadefRows.load(draft.fields.name, parts, on: connection)?.contents.all ?? []
        for item in draft.contents.all {
            if !present.contains(where: { $0.kind == item.kind && $0.name.lowercased() == item.name.lowercased() }) {
                _ = try MetadefItems.insert(item, in: namespace, protectsType: true, on: connection)
            } else if isNewPreferred {
                _ = try MetadefItems.update(item.name, to: item, in: namespace, on: connection)
            }
        }
    }

    package func clear() throws(Fault) {
        try database.transaction("Removing all metadata definitions") { connection in
            for kind in MetadefKind.allCases { try connection.run("DELETE FROM \(kind.table)") }
            try connection.run("DELETE FROM metadef_namespaces")
            try connection.run("DELETE FROM metadef_resource_types")
        }
    }

    package func names() throws(Fault) -> [String] {
        try database.read("Reading the names of namespaces") { connection in
            try connection.all(
                Query("SELECT namespace FROM metadef_namespaces ORDER BY namespace") { row throws(MariaDBError) in try row.text(0) })
        }
    }

    private static let holdNamed = Query("SELECT id FROM metadef_namespaces WHERE namespace = ? FOR UPDATE") {
        row throws(MariaDBError) in try row.int(0)
    }
}
