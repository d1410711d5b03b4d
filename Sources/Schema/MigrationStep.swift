/// What happens to a migration that is applied.
package enum MigrationStep: Sendable {
    /// It begins.
    ///
    /// - Parameters:
    ///   - rows: an estimate of the rows of the table that it alters; 0 for a new table.
    ///   - stopsCluster: whether the server is a node of a Galera cluster, which does nothing else meanwhile.
    case begins(Schema.Migration, rows: Int64, stopsCluster: Bool)
    /// It waits for transactions that use its table.
    case waits(Schema.Migration)
    /// It is done.
    case ends(Schema.Migration, seconds: Int64)
}

extension Schema.Migration {
    /// The table that it alters; nil when it makes one.
    package var alteredTable: String? {
        lines.first { $0.hasPrefix(Self.alteration) }.map { String($0.dropFirst(Self.alteration.count).prefix { $0 != " " }) }
    }

    /// The number of indexes that it adds to that table.
    package var addedIndexes: Int { alteredTable == nil ? 0 : lines.count { $0.contains("ADD INDEX ") || $0.contains("ADD KEY ") } }

    /// Whether all that it does is to drop indexes, which takes no time.
    package var onlyDropsIndexes: Bool {
        let changes = lines.drop { !$0.hasPrefix(Self.alteration) }.dropFirst()
        return !changes.isEmpty && changes.allSatisfy { $0.contains("DROP INDEX ") }
    }

    private var lines: [Substring] { sql.split(separator: "\n") }
    private static let alteration = "ALTER TABLE "
}
