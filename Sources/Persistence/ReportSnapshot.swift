internal import Domain
internal import MariaDB
package import Reports

/// What to read of a view: columns, conditions, order and limit.
package struct ReportQuery: Sendable {
    package let view: String
    /// The columns in the order wanted; at least one, or one of `sums`.
    package var columns: [String]
    /// Only rows of one project, as Glance's columns compare: without a difference of case. An empty name is for rows without a project.
    package var project: (column: String, name: String)?
    /// Only rows from a moment on, `2026-11-23 08:07:00` in UTC.
    package var since: (column: String, moment: String)?
    /// Only rows before a moment.
    package var until: (column: String, moment: String)?
    /// Only rows where this column is NULL.
    package var absent: String?
    /// The column that rows are sorted by.
    package var order: (column: String, isDescending: Bool)?
    package var limit: Int?
    /// Columns whose sums are read beside `columns`, a row for each value of these.
    package var sums: [String] = []
    /// Columns whose texts are JSON. MariaDB knows only that of a JSON function's own result.
    package var json: Set<String> = []

    /// - Parameter view: as all names here, a name of this program's, not of a user's.
    package init(_ view: String, columns: [String]) { (self.view, self.columns) = (view, columns) }

    fileprivate var statement: (sql: String, values: [SQLValue]) {
        let fields = columns.map(quotedIdentifier) + sums.map { "SUM(\(quotedIdentifier($0))) AS \(quotedIdentifier($0))" }
        var sql = "SELECT \(fields.joined(separator: ", ")) FROM \(quotedIdentifier(view))"
        var (conditions, values): ([String], [SQLValue]) = ([], [])
        if let project {
            let column = quotedIdentifier(project.column)
            if project.name.isEmpty {
                conditions.append("(\(column) IS NULL OR \(column) = '')")
            } else {
                conditions.append("\(column) = ?")
                values.append(.text(project.name))
            }
        }
        if let since {
            conditions.append("\(quotedIdentifier(since.column)) >= ?")
            values.append(.text(since.moment))
        }
        if let until {
            conditions.append("\(quotedIdentifier(until.column)) < ?")
            values.append(.text(until.moment))
        }
        if let absent { conditions.append("\(quotedIdentifier(absent)) IS NULL") }
        if !conditions.isEmpty { sql += " WHERE " + conditions.joined(separator: " AND ") }
        if !sums.isEmpty, !columns.isEmpty { sql += " GROUP BY \(columns.map(quotedIdentifier).joined(separator: ", "))" }
        if let order { sql += " ORDER BY \(quotedIdentifier(order.column))\(order.isDescending ? " DESC" : "")" }
        if let limit { sql += " LIMIT \(limit)" }
        return (sql, values)
    }
}

/// A period of the accounting.
package struct ReportPeriod: Sendable {
    fileprivate let since, until: String
    private let project: String?
    private let limit: Int?

    /// - Parameters:
    ///   - since, until: `2026-11-23 08:07:00` in UTC; nil for from the beginning, and until now.
    ///   - project: one project alone; an empty name for images without one.
    package init(since: String?, until: String?, project: String?, limit: Int?) {
        (self.since, self.until) = (since ?? "1000-01-01 00:00:00", until ?? "9999-12-31 00:00:00")
        (self.project, self.limit) = (project, limit)
    }

    fileprivate func statement(_ sql: String) -> (sql: String, values: [SQLValue]) {
        let condition = project.map { $0.isEmpty ? "WHERE project IS NULL OR project = ''" : "WHERE project = ?" } ?? ""
        let statement = """
            SELECT project, images, image_hours, byte_hours, image_seconds, byte_seconds FROM (
            \(sql)
            ) AS period \(condition) ORDER BY byte_seconds DESC, image_seconds DESC, project\(limit.map { " LIMIT \($0)" } ?? "")
            """
        return (statement, project.map { $0.isEmpty ? [] : [.text($0)] } ?? [])
    }
}

/// One state of the database, which reports read.
package struct ReportSnapshot {
    /// The number by which MariaDB knows the connection.
    package let connectionID: Int64
    /// The time of the snapshot by the clock of the database, in seconds since 1970.
    package let now: Int
    private let connection: Connection
    private let seconds: Int

    init(_ connection: Connection, _ session: (id: Int64, now: Int64), seconds: Int) {
        (self.connection, connectionID, now, self.seconds) = (connection, session.id, Int(session.now), seconds)
    }

    /// Passes the rows of a view on as they arrive.
    ///
    /// - Parameters:
    ///   - begin: takes the columns, before the first row and also if there is none.
    ///   - row: returns whether it wants another row.
    /// - Throws: a `Fault` with one sentence for an operator, or what the closures throw. If `row` throws, the connection is given up, so that the
    ///   server stops.
    package func rows(
        of query: ReportQuery, begin: ([ReportColumn]) throws -> Void, row: ([ReportValue]) throws -> Bool
    ) throws {
        let (sql, values) = query.statement
        try rows(of: sql, values, name: query.view, json: query.json, begin: begin, row: row)
    }

    /// The same for the accounting of a period, a statement that reads `@since` and `@until`.
    ///
    /// - Parameter view: the view that the statement reads, for messages.
    package func rows(
        of period: ReportPeriod, sql: String, view: String, begin: ([ReportColumn]) throws -> Void, row: ([ReportValue]) throws -> Bool
    ) throws {
        do throws(MariaDBError) {
            try connection.run("SET @since = ?, @until = ?", .text(period.since), .text(period.until))
        } catch {
            throw Fault(report: error, name: view, seconds: seconds)
        }
        let (sql, values) = period.statement(sql)
        try rows(of: sql, values, name: view, begin: begin, row: row)
    }

    private func rows(
        of sql: String, _ values: [SQLValue], name: String, json: Set<String> = [], begin: ([ReportColumn]) throws -> Void,
        row: ([ReportValue]) throws -> Bool
    ) throws {
        do {
            var columns = try connection.columns(of: sql)
            for index in columns.indices where json.contains(columns[index].name) { columns[index].type = .json }
            try begin(columns.map(ReportColumn.init))
            var refusal: (any Error)?
            let query = Query(sql) { [columns] row throws(MariaDBError) in try row.reportValues(columns) }
            try connection.takeRows(of: query, values) { values throws(MariaDBError) in
                do {
                    return try row(values)
                } catch {
                    refusal = error
                    return false
                }
            }
            if let refusal { throw refusal }
        } catch let error as MariaDBError {
            throw Fault(report: error, name: name, seconds: seconds)
        }
    }
}

extension ReportColumn {
    fileprivate init(_ column: ColumnDescription) {
        let kind: Kind =
            switch column.type {
            case .integer, .unsigned, .decimal: .number
            case .day, .time: .time
            case .json: .json
            case .text: .text
            }
        self.init(column.name, kind)
    }
}

extension Row {
    fileprivate func reportValues(_ columns: [ColumnDescription]) throws(MariaDBError) -> [ReportValue] {
        var values: [ReportValue] = []
        values.reserveCapacity(columns.count)
        for (index, column) in columns.enumerated() {
            guard !isNull(index) else {
                values.append(.null)
                continue
            }
            switch column.type {
            case .integer: values.append(.number(try int(index)))
            case .unsigned: values.append(.number(String(try unsigned(index))))
            case .decimal: values.append(.number(try repairedText(index)))
            case .day: values.append(.time(String(try time(index).description.prefix(10))))
            case .time(let digits):
                let fraction = digits == 0 ? "" : "." + String(1_000_000 + microseconds(index)).dropFirst().prefix(digits)
                values.append(.time("\(try time(index).description.replacing(" ", with: "T"))\(fraction)Z"))
            case .json: values.append(.json(try repairedText(index)))
            case .text: values.append(.text(try repairedText(index)))
            }
        }
        return values
    }
}

extension Fault {
    /// One sentence for the operator who asked for a report: what happened, and what to do.
    init(report error: MariaDBError, name: String?, seconds: Int) {
        let report = name ?? "the report"
        switch error.number {
        case 1045, 1698:
            self.init(.forbidden, "The database does not accept the user and password of [database] connection.", cause: error)
        case 1044, 1142, 1143:
            self.init(
                .forbidden,
                "The database user may not read \(report); `glance-manage db grant_reports` prints the statements that give the right.",
                cause: error)
        case 1049:
            self.init(
                .notFound, "The database of [database] connection does not exist; create it and run `glance-manage db sync`.", cause: error)
        case 1146: self.init(.notFound, "The database has no \(report); run `glance-manage db sync`.", cause: error)
        case 1449:
            self.init(
                .conflict,
                "The database user that made the view \(report) is gone; run `glance-manage db sync`.",
                cause: error)
        case 1356:
            self.init(
                .conflict,
                """
                The view \(report) reads a table or column that is missing, or the database user that made it has lost its rights; run \
                `glance-manage db sync`.
                """, cause: error)
        case 1054: self.init(.conflict, "The view \(report) is one of another release; run `glance-manage db sync`.", cause: error)
        case 1969:
            self.init(
                .tooSlow, "Reading \(report) took more than \(seconds) s; narrow it down, or allow more with --timeout.", cause: error)
        case 1317, 1927: self.init(.unavailable, "The database ended the reading of \(report); start it again.", cause: error)
        case _ where error.isUnavailable:
            self.init(
                .unavailable, "The image database cannot be reached now; see [database] connection, and try again later.", cause: error)
        default: self.init(.unexpected, "Reading \(report) failed: MariaDB says \(error.number), \(error.message).", cause: error)
        }
    }
}
