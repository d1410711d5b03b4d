package import Domain
internal import Glibc
package import Logging
internal import Threading

/// Removes for good what was deleted long ago, while others use the service.
///
/// Rows go in small transactions by their keys, which lock nothing but them, and three times as much time is left between two as one took.
/// It may be interrupted at any moment, and done by several at once: what is gone is gone, and whoever begins again finds the rest.
package struct Purger: Sendable {
    private let catalog: any MaintenanceCatalog
    private let logger: Logger

    package init(catalog: any MaintenanceCatalog, logger: Logger) { (self.catalog, self.logger) = (catalog, logger) }

    /// What is to go.
    package struct Order: Sendable {
        package let parts: [PurgePart]
        /// Days since something was deleted, at least.
        package let days: Int
        /// Rows of each part, at most, the oldest first; nil for all.
        package let limit: Int?

        package init(_ parts: [PurgePart], olderThan days: Int, atMost limit: Int?) {
            (self.parts, self.days, self.limit) = (parts, days, limit)
        }
    }

    package struct Outcome: Sendable {
        package let part: PurgePart
        /// Rows that went, or would.
        package fileprivate(set) var rows = 0
        /// Rows that would have gone, if none of another table referred to them.
        package fileprivate(set) var referred = 0
    }

    /// Rows at a time: a show waits for no more than them.
    private static let batch = 100
    private static let page = 500

    /// How many rows there are to go, about.
    package func remaining(_ order: Order) throws(Fault) -> Int {
        let moment = try catalog.moment(daysAgo: order.days)
        var sum = 0
        for part in order.parts { sum += min(try catalog.deletedRows(of: part, before: moment), order.limit ?? .max) }
        return sum
    }

    /// - Parameters:
    ///   - isRehearsal: nothing goes.
    ///   - note: told of the rows that went since it was told last.
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
            if let limit = order.limit {
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

    /// The rows that were deleted first, of those that may go.
    private func oldest(_ count: Int, of part: PurgePart, before moment: Timestamp) throws(Fault) -> ArraySlice<DeletedRow> {
        var rows: [DeletedRow] = []
        func keepOldest() { rows = Array(rows.sorted { ($0.deletedAt ?? moment).isBefore($1.deletedAt ?? moment) }.prefix(count)) }
        try forEachPage(of: part, before: moment) { page throws(Fault) in
            rows += page
            // Not with each page: sorting is the dearer of the two.
            if rows.count - count > 50 * Self.page { keepOldest() }
        }
        keepOldest()
        return rows[...]
    }

    /// Hands over the rows that may go, some at a time.
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

    /// Leaves the database to others for three times as long as it was used.
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
