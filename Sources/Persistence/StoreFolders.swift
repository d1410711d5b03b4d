package import Domain
internal import MariaDB

extension MariaDBCatalog: StoreFolderCatalog {
    package func mark(ofFolder path: String) throws(Fault) -> String? {
        try database.read("Reading the mark of a store's folder") { connection in try connection.first(Self.markOfFolder, .text(path)) }
    }

    package func note(mark: String, ofFolder path: String) throws(Fault) -> String {
        let noted = try database.run("Noting the mark of a store's folder") { connection in
            try connection.run(
                """
                INSERT INTO vitrine_store_folders (path, mark, noted_at) VALUES (?, ?, UTC_TIMESTAMP())
                    ON DUPLICATE KEY UPDATE mark = mark
                """, .text(path), .text(mark))
            return try connection.first(Self.markOfFolder, .text(path))
        }
        guard let noted else { throw Fault(.unexpected, "Noting the mark of a store's folder failed.") }
        return noted
    }

    /// Reads the table, a part at a time, until enough URLs are found, since no index has URLs. It is called only if the folder has no mark.
    package func recordedURLs(inFolder path: String, atMost count: Int) throws(Fault) -> [String] {
        guard column.cipher == nil else { return try decryptedURLs(inFolder: path, atMost: count) }
        let beginnings = ["file", "filesystem"].flatMap { [SQLValue.text("\($0)://\(path)/"), SQLValue.text("\($0)://\(path)/")] }
        return try database.read("Reading what lies in a store's folder") { connection in
            var (found, last): ([String], Int64) = ([], 0)
            let end = try connection.first(Self.lastLocation) ?? 0
            while found.count < count, last < end {
                let part = [SQLValue.int(last), .int(last + Self.part)]
                found += try connection.all(Self.urlsInFolder, part + beginnings + [.int(Int64(count - found.count))])
                last += Self.part
            }
            return found
        }
    }

    /// Reads the URLs where they are encrypted and have to be decrypted here.
    private func decryptedURLs(inFolder path: String, atMost count: Int) throws(Fault) -> [String] {
        let beginnings = ["file://\(path)/", "filesystem://\(path)/"]
        var (found, last): ([String], Int64) = ([], 0)
        while found.count < count {
            let rows = try database.read("Reading what lies in a store's folder") { connection in
                try connection.all(Self.textsAfter, .int(last), .int(Self.batch))
            }
            guard let end = rows.last?.number else { break }
            last = end
            found += rows.map { column.url(of: $0.text) }.filter { url in
                beginnings.contains { url.utf8.starts(with: $0.utf8) && !url.utf8.dropFirst($0.utf8.count).contains(UInt8(ascii: "/")) }
            }
        }
        return Array(found.prefix(count))
    }

    private static let batch: Int64 = 5000
    /// Rows that one statement looks at here, within the time for the usual answer.
    private static let part: Int64 = 100_000
    private static let lastLocation = Query("SELECT COALESCE(MAX(id), 0) FROM image_locations") { row throws(MariaDBError) in try row.int(0)
    }
    private static let textsAfter = Query(
        "SELECT id, value FROM image_locations WHERE id > ? AND (deleted = 0 OR status = 'pending_delete') ORDER BY id LIMIT ?"
    ) { row throws(MariaDBError) in (number: try row.int(0), text: try row.text(1)) }

    fileprivate static let markOfFolder = Query("SELECT mark FROM vitrine_store_folders WHERE path = ?") { row throws(MariaDBError) in
        try row.text(0)
    }

    /// Compares as bytes: a path may contain characters that the column cannot hold.
    private static let urlsInFolder = Query(
        """
        SELECT value
          FROM image_locations
         WHERE id > ? AND id <= ? AND (deleted = 0 OR status = 'pending_delete')
           AND (LOCATE(CAST(? AS BINARY), CAST(value AS BINARY)) = 1
                    AND LOCATE('/', CAST(value AS BINARY), LENGTH(?) + 1) = 0
                OR LOCATE(CAST(? AS BINARY), CAST(value AS BINARY)) = 1
                    AND LOCATE('/', CAST(value AS BINARY), LENGTH(?) + 1) = 0)
         LIMIT ?
        """
    ) { row throws(MariaDBError) in try row.text(0) }
}

extension MariaDBCatalog {
    package func mark(ofSharedFolder name: String) throws(Fault) -> String? {
        try database.read("Reading the mark of a shared folder") { connection in try connection.first(Self.markOfFolder, .text(name)) }
    }

    package func record(mark: String, ofSharedFolder name: String) throws(Fault) {
        _ = try database.run("Recording the mark of a shared folder") { connection in
            try connection.run(
                """
                INSERT INTO vitrine_store_folders (path, mark, noted_at) VALUES (?, ?, UTC_TIMESTAMP())
                    ON DUPLICATE KEY UPDATE mark = VALUES(mark), noted_at = VALUES(noted_at)
                """, .text(name), .text(mark))
        }
    }
}
