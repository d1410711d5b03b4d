package import Domain
internal import Glibc
package import Logging
internal import Threading

/// Deletes the rows of what was deleted long ago, while the service runs.
///
/// Rows are deleted by their keys in small transactions, which lock nothing else. After each, the purger waits three times as long as it
/// took. It may be interrupted at any moment, and several may run at once.
package struct Purger: Sendable {
    private let catalog: any MaintenanceCatalog
    private let logger: Logger

    /// Makes a purger of its parts.
    package init(catalog: any MaintenanceCatalog, logger: Logger) { (self.catalog, self.logger) = (catalog, logger) }

    /// A selection of the rows to delete.
    package struct Order: Sendable {
        /// The tables.
        package let parts: [PurgePart]
        /// The smallest age of the deletion, in days.
        package let days: Int
        /// The largest number of rows of each table, the oldest first; nil for all.
        package let limit: Int?

        /// Makes an order of its parts.
        package init(_ parts: [PurgePart], olderThan days: Int, atMost limit: Int?) {
            (self.parts, self.days, self.limit) = (parts, days, limit)
        }
    }

    /// The result for one table.
    package struct Outcome: Sendable {
        /// The table.
        package let part: PurgePart
        /// The number of rows that were deleted, or would be.
        package fileprivate(set) var rows = 0
        /// The number of rows that stay because rows of another table refer to them.
        package fileprivate(set) var referred = 0
    }

    /// Rows of one transaction: a concurrent request waits for no more than these.
    private static let batch = 100
    private static let page = 500
    /// The largest number of deleted rows among which the oldest are looked for at once. All of the first ones are read, so it begins with
    /// less.
    private static let part = 20_000

    /// The approximate number of rows to delete.
    package func remaining(_ order: Order) throws(Fault) -> Int {
        let moment = try catalog.moment(daysAgo: order.days)
        var sum = 0
        for part in order.parts { sum += try catalog.deletedRows(of: part, before: moment, atMost: order.limit) }
        return sum
    }

    /// Deletes the rows of an order.
    ///
    /// - Parameters:
    ///   - isRehearsal: whether to count only and delete nothing.
    ///   - note: called with the number of rows that were deleted since its last call.
    package func purge(
        _ order: Order, isRehearsal: Bool = false, note: (Int) -> Void = { _ in }
    ) throws(Fault) -> [Outcome] {
        let moment = try catalog.moment(daysAgo: order.days)
        var outcomes: [Outcome] = []
        for part in order.parts {
            if !isRehearsal { logger.info("Purging deleted rows older than \(order.days) day(s) from table \(part.rawValue)") }
            var outcome = Outcome(part: part)
            func remove(_ rows: some Sequence<DeletedRow>) throws(Fault) {
                var keys: [PurgeKey] = []
                for row in rows {
                    if row.isReferred { outcome.referred += 1 } else { keys.append(row.key) }
                }
                for start in stride(from: 0, to: keys.count, by: Self.batch) {
                    let some = Array(keys[start..<min(start + Self.batch, keys.count)])
                    let count =
                        isRehearsal
                        ? some.count
                        : try sparingly { () throws(Fault) in
                            try catalog.purge(some, of: part, before: moment)
                        }
                    outcome.rows += count
                    note(count)
                }
            }
            if let limit = order.limit, try catalog.deletedRows(of: part, before: moment, atMost: limit + 1) > limit {
                try remove(try oldest(limit, of: part, before: moment))
            } else {
                try forEachPage(of: part, before: moment) { rows throws(Fault) in try remove(rows) }
            }
            if !isRehearsal { logger.info("Deleted \(outcome.rows) row(s) from table \(part.rawValue)") }
            outcomes.append(outcome)
        }
        if !isRehearsal { try catalog.forgetCommits() }
        return outcomes
    }

    /// The rows that were deleted first, among those that may be removed.
    ///
    /// Once there are enough, only what was deleted before the last of them is read: of three million rows a few hundred.
    private func oldest(_ count: Int, of part: PurgePart, before moment: Timestamp) throws(Fault) -> [DeletedRow] {
        guard count > 0 else { return [] }
        var rows: [DeletedRow] = []
        var (limit, last): (Timestamp, PurgeKey?) = (moment, nil)
        var size = Self.page
        func keepOldest() {
            rows = Array(rows.sorted { ($0.deletedAt ?? moment).isBefore($1.deletedAt ?? moment) }.prefix(count))
            if rows.count == count { limit = rows.last?.deletedAt ?? limit }
        }
        while true {
            let (start, some) = (last, size)
            let found = try sparingly { () throws(Fault) -> (end: PurgeKey, rows: [DeletedRow])? in
                guard let end = try catalog.endOfDeletedRows(of: part, after: start, atMost: some) else { return nil }
                return (end, try catalog.deletedRows(of: part, before: limit, after: start, through: end))
            }
            guard let found else { break }
            last = found.end
            size = min(2 * size, Self.part)
            rows += found.rows.filter(\.mayGo)
            // Not after every part: sorting costs more than reading.
            if rows.count >= 2 * count { keepOldest() }
        }
        keepOldest()
        return rows
    }

    /// Calls a closure with the rows that may be removed, one page after another.
    private func forEachPage(
        of part: PurgePart, before moment: Timestamp, _ body: ([DeletedRow]) throws(Fault) -> Void
    ) throws(Fault) {
        var last: PurgeKey?
        while true {
            let rows = try sparingly { () throws(Fault) in
                try catalog.deletedRows(of: part, before: moment, after: last, atMost: Self.page)
            }
            guard let end = rows.last else { return }
            last = end.key
            try body(rows.filter(\.mayGo))
        }
    }

    /// Leaves the database to others for three times as long as the closure took, at most a second.
    private func sparingly<Value>(_ body: () throws(Fault) -> Value) throws(Fault) -> Value {
        let began = monotonicSeconds()
        let value = try body()
        usleep(useconds_t(min(1, 3 * (monotonicSeconds() - began)) * 1_000_000))
        return value
    }
}

extension Timestamp {
    fileprivate func isBefore(_ other: Timestamp) -> Bool {
        (year, month, day, hour, minute, second) < (other.year, other.month, other.day, other.hour, other.minute, other.second)
    }
}
