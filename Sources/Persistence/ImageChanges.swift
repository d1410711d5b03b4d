internal import Domain
internal import JSONDocument
internal import MariaDB

/// Writes the difference between two states of an image.
///
/// The columns' collation treats texts as equal that differ in case, accents or trailing blanks. So a statement finds a row by the
/// collation, whose index MariaDB can use, and then compares its bytes (`BINARY`).
enum ImageChanges {
    /// - Returns: whether anything differed.
    static func save(
        from before: Image, to after: Image, at moment: DateTime, _ column: LocationColumn, on connection: Connection
    ) throws -> Bool {
        let id = after.id
        let columns = changedColumns(from: before, to: after)
        let dropped = before.properties.filter { after[property: $0.name] == nil }
        let changed = after.properties.filter { property in
            before.properties.first { $0.name.isSame(as: property.name) }.map { $0 != property } ?? false
        }
        let added = after.properties.filter { before[property: $0.name] == nil }
        let tagsDropped = before.tags.filter { !after.tags.has($0) }
        let tagsAdded = after.tags.filter { !before.tags.has($0) }
        let locations = LocationChanges(from: before.locations, to: after.locations)
        let isChanged = [dropped, changed, added].contains { !$0.isEmpty } || !tagsDropped.isEmpty || !tagsAdded.isEmpty
        guard isChanged || !columns.isEmpty || !locations.isEmpty else { return false }

        for property in dropped {
            try connection.run(
                """
                UPDATE image_properties SET deleted = 1, deleted_at = ?, updated_at = ?
                 WHERE image_id = ? AND name = ? AND BINARY name = ? AND deleted = 0
                """, .time(moment), .time(moment), .text(id.text), .text(property.name), .text(property.name))
        }
        for property in changed {
            try connection.run(
                """
                UPDATE image_properties SET value = ?, updated_at = ?
                 WHERE image_id = ? AND name = ? AND BINARY name = ? AND deleted = 0
                """, .text(property.value), .time(moment), .text(id.text), .text(property.name), .text(property.name))
        }
        try revive(added, of: id, at: moment, on: connection)
        for tag in tagsDropped {
            try connection.run(
                """
                UPDATE image_tags SET deleted = 1, deleted_at = ?, updated_at = ?
                 WHERE image_id = ? AND value = ? AND BINARY value = ? AND deleted = 0
                """, .time(moment), .time(moment), .text(id.text), .text(tag), .text(tag))
        }
        try add(tagsAdded, to: id, on: connection)
        for location in locations.dropped {
            guard let row = try column.row(of: location, of: id, on: connection) else { continue }
            try connection.run(
                "UPDATE image_locations SET status = 'deleted', deleted = 1, deleted_at = ?, updated_at = ? WHERE id = ? AND deleted = 0",
                .time(moment), .time(moment), .int(row))
        }
        for (old, new) in locations.relabelled { try relabel(old, as: new, of: id, at: moment, column, on: connection) }
        try add(locations.added, to: id, column, on: connection)

        let assignments = (columns.map { "\($0.name) = ?" } + ["updated_at = ?"]).joined(separator: ", ")
        let updated = try connection.run(
            "UPDATE images SET \(assignments) WHERE id = ? AND status = ? AND deleted = 0",
            columns.map(\.value) + [.time(moment), .text(id.text), .text(before.status.rawValue)])
        guard updated == 1 else { throw Fault.notInStatus(id, before.status) }
        return true
    }

    /// - Parameter moment: nil to keep the location's time.
    static func relabel(
        _ location: ImageLocation, as labelled: ImageLocation, of id: ImageID, at moment: DateTime?, _ column: LocationColumn,
        on connection: Connection
    ) throws {
        guard let row = try column.row(of: location, of: id, on: connection) else { return }
        if !labelled.url.isSame(as: location.url) {
            try connection.run(
                "UPDATE image_locations SET value = ? WHERE id = ? AND BINARY COALESCE(meta_data, '{}') = ? AND deleted = 0",
                .text(column.text(for: labelled.url)), .int(row), .text(location.metadata))
        }
        try connection.run(
            """
            UPDATE image_locations SET meta_data = ?, updated_at = COALESCE(?, updated_at)
             WHERE id = ? AND BINARY COALESCE(meta_data, '{}') = ? AND deleted = 0
            """, .text(labelled.metadata), moment.map { .time($0) } ?? .null, .int(row), .text(location.metadata))
    }

    /// Inserts properties whose names the image has never had.
    static func add(_ properties: [ImageProperty], to id: ImageID, on connection: Connection) throws {
        try insert(into: "image_properties", ["name", "value"], properties.map { [.text($0.name), .text($0.value)] }, id, connection)
    }

    static func add(_ tags: [String], to id: ImageID, on connection: Connection) throws {
        try insert(into: "image_tags", ["value"], tags.map { [.text($0)] }, id, connection)
    }

    static func add(_ locations: [ImageLocation], to id: ImageID, _ column: LocationColumn, on connection: Connection) throws {
        try insert(
            into: "image_locations", ["value", "meta_data", "status"],
            locations.map { [.text(column.text(for: $0.url)), .text($0.metadata), .text("active")] }, id, connection)
    }

    /// Adds properties, reusing the rows of deleted ones: the table's unique key compares by collation and includes deleted rows.
    /// A reused row gets the new property's name.
    private static func revive(
        _ properties: [ImageProperty], of id: ImageID, at moment: DateTime, on connection: Connection
    ) throws {
        var fresh: [ImageProperty] = []
        for property in properties {
            let revived = try connection.run(
                """
                UPDATE image_properties SET name = ?, value = ?, deleted = 0, deleted_at = NULL, updated_at = ?
                 WHERE image_id = ? AND name = ? AND deleted = 1
                """,
                .text(property.name), .text(property.value), .time(moment), .text(id.text), .text(property.name))
            if revived == 0 { fresh.append(property) }
        }
        try add(fresh, to: id, on: connection)
    }

    /// Inserts a few rows a statement, so that few different statements have to be prepared.
    private static func insert(
        into table: String, _ columns: [String], _ rows: [[SQLValue]], _ id: ImageID, _ connection: Connection
    ) throws {
        for start in stride(from: 0, to: rows.count, by: 8) {
            let some = rows[start..<min(start + 8, rows.count)]
            let row = "(?, \(columns.map { _ in "?" }.joined(separator: ", ")), UTC_TIMESTAMP(), UTC_TIMESTAMP(), 0)"
            do throws(MariaDBError) {
                try connection.run(
                    """
                    INSERT INTO \(table) (image_id, \(columns.joined(separator: ", ")), created_at, updated_at, deleted)
                    VALUES \(some.map { _ in row }.joined(separator: ", "))
                    """, some.flatMap { [.text(id.text)] + $0 })
            } catch {
                guard error.isDuplicate else { throw error }
                throw Fault(.conflict, "Image \(id) has two properties whose names differ only in case or accents.", cause: error)
            }
        }
    }

    private static func changedColumns(from before: Image, to after: Image) -> [(name: String, value: SQLValue)] {
        var changed: [(name: String, value: SQLValue)] = []
        func note<Value>(_ path: KeyPath<Image, Value>, _ name: String, _ value: (Value) -> SQLValue) {
            let (former, new) = (value(before[keyPath: path]), value(after[keyPath: path]))
            if !former.isSame(as: new) { changed.append((name, new)) }
        }
        note(\.name, "name") { .text($0) }
        note(\.status, "status") { .text($0.rawValue) }
        note(\.visibility, "visibility") { .text($0.rawValue) }
        note(\.isProtected, "protected") { .flag($0) }
        note(\.isHidden, "os_hidden") { .flag($0) }
        note(\.owner, "owner") { .text($0) }
        note(\.diskFormat, "disk_format") { .text($0) }
        note(\.containerFormat, "container_format") { .text($0) }
        note(\.size, "size") { .int($0) }
        note(\.virtualSize, "virtual_size") { .int($0) }
        note(\.checksum, "checksum") { .text($0) }
        note(\.hash?.algorithm, "os_hash_algo") { .text($0) }
        note(\.hash?.value, "os_hash_value") { .text($0) }
        note(\.minDisk, "min_disk") { .int($0) }
        note(\.minRAM, "min_ram") { .int($0) }
        return changed
    }
}

extension SQLValue {
    fileprivate func isSame(as other: SQLValue) -> Bool {
        switch (self, other) {
        case (.null, .null): true
        case (.int(let value), .int(let otherValue)): value == otherValue
        case (.text(let value), .text(let otherValue)): value.isSame(as: otherValue)
        default: false
        }
    }
}
