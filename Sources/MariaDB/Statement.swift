internal import CMariaDB
internal import Text

/// A prepared statement, closed when it is deallocated. Used by one thread at a time.
final class Statement {
    let sql: String
    private(set) var columns: [Column] = []
    private let raw: UnsafeMutablePointer<MYSQL_STMT>
    private let connection: UnsafeMutablePointer<MYSQL>
    private let parameterCount: Int
    /// One array for parameters and one for results; both keep their address, because libmariadb points into them.
    private let parameters: UnsafeMutablePointer<MYSQL_BIND>
    private var results = UnsafeMutablePointer<MYSQL_BIND>.allocate(capacity: 1)
    /// Whether a column has a larger buffer that libmariadb does not know yet.
    private var hasOutgrown = false
    /// The bytes of the parameters of the current run.
    private var arena: UnsafeMutableRawBufferPointer

    init(_ sql: String, on connection: UnsafeMutablePointer<MYSQL>) throws(MariaDBError) {
        guard let raw = mysql_stmt_init(connection) else { fatalError("out of memory") }
        (self.raw, self.connection, self.sql) = (raw, connection, sql)
        guard mysql_stmt_prepare(raw, sql, UInt(sql.utf8.count)) == 0 else {
            let error = MariaDBError(raw, connection, sql)
            mysql_stmt_close(raw)
            throw error
        }
        parameterCount = Int(mysql_stmt_param_count(raw))
        parameters = .allocate(capacity: max(parameterCount, 1))
        parameters.initialize(repeating: MYSQL_BIND(), count: max(parameterCount, 1))
        arena = .allocate(byteCount: 512, alignment: 16)
        describeColumns()
    }

    deinit {
        mysql_stmt_close(raw)
        parameters.deallocate()
        results.deallocate()
        arena.deallocate()
    }

    private func describeColumns() {
        guard let description = mysql_stmt_result_metadata(raw) else { return }
        defer { mysql_free_result(description) }
        let count = Int(mysql_num_fields(description))
        columns = UnsafeBufferPointer(start: mysql_fetch_fields(description), count: count).map(Column.init)
        results.deallocate()
        results = .allocate(capacity: count)
        results.initialize(repeating: MYSQL_BIND(), count: count)
        for (index, column) in columns.enumerated() { column.fill(&results[index]) }
    }

    /// Runs the statement.
    ///
    /// - Returns: the number of rows that a change matched.
    func run(_ values: [SQLValue]) throws(MariaDBError) -> Int {
        try bind(values)
        try check(mysql_stmt_execute(raw))
        return columns.isEmpty ? Int(truncatingIfNeeded: mysql_stmt_affected_rows(raw)) : 0
    }

    /// Runs the statement and passes its rows on, one by one, as they arrive from the server.
    func forEachRow(
        _ values: [SQLValue], _ body: (borrowing Row) throws(MariaDBError) -> Void
    ) throws(MariaDBError) {
        try bind(values)
        try check(mysql_stmt_execute(raw))
        defer { mysql_stmt_free_result(raw) }
        // INSERT … RETURNING describes its columns only after it has run.
        if columns.isEmpty { describeColumns() }
        try bindResults()
        let row = Row(statement: self)
        while true {
            switch mysql_stmt_fetch(raw) {
            case 0, CInt(MYSQL_DATA_TRUNCATED):
                try body(row)
                // Only between two rows: within one, libmariadb would forget the position of the row's other columns.
                if hasOutgrown { try bindResults() }
            case CInt(MYSQL_NO_DATA): return
            default: throw MariaDBError(raw, connection, sql)
            }
        }
    }

    /// The current row's column as text. A value that is longer than its buffer is fetched again, whole.
    func text(_ index: Int) throws(MariaDBError) -> String? {
        switch columns[index].kind {
        case .integer: columns[index].integer?.description
        case .time: columns[index].time?.description
        case .text: String(utf8: try bytes(index))
        }
    }

    /// The same, for a column that often repeats the text of the row before.
    func repeatedText(_ index: Int) throws(MariaDBError) -> String? {
        let column = columns[index]
        if let kept = column.kept, column.kind == .text, kept.hasBytes(try bytes(index)) { return kept }
        column.kept = try text(index)
        return column.kept
    }

    /// The same, with U+FFFD for bytes that are not UTF-8.
    func repairedText(_ index: Int) throws(MariaDBError) -> String {
        if columns[index].kind == .text { return String(decoding: try bytes(index), as: UTF8.self) }
        return try text(index) ?? ""
    }

    private func bytes(_ index: Int) throws(MariaDBError) -> UnsafeRawBufferPointer {
        let column = columns[index]
        if column.length > column.buffer.count {
            column.grow()
            column.fill(&results[index])
            try check(mysql_stmt_fetch_column(raw, &results[index], UInt32(index), 0))
            hasOutgrown = true
        }
        return column.bytes
    }

    private func bindResults() throws(MariaDBError) {
        hasOutgrown = false
        try check(CInt(mysql_stmt_bind_result(raw, results)))
    }

    private func bind(_ values: [SQLValue]) throws(MariaDBError) {
        precondition(values.count == parameterCount, "\(values.count) values for the \(parameterCount) parameters of \(sql)")
        guard parameterCount > 0 else { return }
        let needed = values.reduce(0) { $0 + $1.arenaBytes }
        if needed > arena.count {
            arena.deallocate()
            arena = .allocate(byteCount: needed, alignment: 16)
        }
        var offset = 0
        for (index, value) in values.enumerated() {
            parameters[index] = MYSQL_BIND()
            let slot = UnsafeMutableRawBufferPointer(rebasing: arena[offset...])
            switch value {
            case .null:
                parameters[index].buffer_type = MYSQL_TYPE_NULL
            case .int(let number):
                slot.storeBytes(of: number, as: Int64.self)
                parameters[index].buffer_type = MYSQL_TYPE_LONGLONG
                parameters[index].buffer = slot.baseAddress
            case .text(let text):
                slot.copyBytes(from: text.utf8)
                parameters[index].buffer_type = MYSQL_TYPE_STRING
                parameters[index].buffer = slot.baseAddress
                parameters[index].buffer_length = UInt(text.utf8.count)
            }
            offset += value.arenaBytes
        }
        try check(CInt(mysql_stmt_bind_param(raw, parameters)))
    }

    private func check(_ result: CInt) throws(MariaDBError) {
        guard result != 0 else { return }
        throw MariaDBError(raw, connection, sql)
    }
}

extension MariaDBError {
    /// An error while rows are fetched is set on the connection only: a duplicate of INSERT … RETURNING, for example.
    fileprivate init(_ statement: UnsafeMutablePointer<MYSQL_STMT>, _ connection: UnsafeMutablePointer<MYSQL>, _ sql: String) {
        if mysql_stmt_errno(statement) != 0 {
            self.init(number: mysql_stmt_errno(statement), message: String(cString: mysql_stmt_error(statement)), sql: sql)
        } else {
            self.init(number: mysql_errno(connection), message: String(cString: mysql_error(connection)), sql: sql)
        }
    }
}

extension SQLValue {
    /// Bytes for the parameter in the arena, in steps of 8 so that integers are aligned.
    fileprivate var arenaBytes: Int {
        switch self {
        case .null: 0
        case .int: 8
        case .text(let text): (text.utf8.count + 8) & ~7
        }
    }
}
