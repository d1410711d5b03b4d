package import Domain
internal import MariaDB

extension MariaDBCatalog {
    package func order(
        on image: ImageID, visibleTo caller: Caller, claiming claim: QuotaClaim?,
        _ draft: (inout Image) throws(Fault) -> TaskDraft?
    ) throws(Fault) -> Task? {
        try checkPossible(image)
        let ordered: Task? = try database.transaction("Ordering a task on image \(image)") { connection in
            var task: TaskDraft?
            _ = try changed(image, visibleTo: caller, claim, on: connection) { image throws(Fault) in task = try draft(&image) }
            guard let task else { return nil }
            guard try connection.first(Self.isReceiving, .text(image.text)) == nil else {
                throw Fault(.conflict, "Data of image \(image) are still coming in.")
            }
            return try insert(task, on: connection)
        }
        if ordered != nil { database.wakeUp.wakeUp() }
        return ordered
    }

    package func task(_ id: String, visibleTo caller: Caller) throws(Fault) -> Task {
        let found = try isPossible(id) ? database.read("Reading task \(id)") { try TaskRows.load(id, visibleTo: caller, on: $0) } : nil
        guard let found else { throw Fault(.notFound, "No task with ID \(id.prefix(80)) was found.") }
        return found
    }

    package func page(_ listing: TaskListing, visibleTo caller: Caller) throws(Fault) -> TaskPage {
        try database.read("Listing tasks") { connection in try TaskList(listing: listing, caller: caller).page(on: connection) }
    }

    package func tasks(on image: ImageID, after former: Task?, atMost count: Int, visibleTo caller: Caller) throws(Fault) -> [Task] {
        try checkPossible(image)
        return try database.read("Reading the tasks of image \(image)") { connection in
            var condition: SQLFragment = "t.image_id = \(.text(image.text))"
            if let former {
                let moment = former.createdAt.sqlValue
                condition = "\(condition) AND (t.created_at < \(moment) OR t.created_at = \(moment) AND t.id < \(.text(former.id)))"
            }
            return try TaskRows.load(
                condition, visibleTo: caller, "ORDER BY t.created_at DESC, t.id DESC LIMIT \(.int(Int64(count)))", on: connection)
        }
    }

    private func isPossible(_ id: String) -> Bool { id.utf8.count <= 36 && ImageText.isStorable(id) }

    private func insert(_ draft: TaskDraft, on connection: Connection) throws -> Task {
        do throws(MariaDBError) {
            try connection.run(
                """
                INSERT INTO vitrine_jobs
                       (task_id, image_id, details, node, staged_in, pending, lease_until, reserved, request_id, global_request_id)
                VALUES (?, ?, ?, ?, ?, '[]', UTC_TIMESTAMP(6), ?, ?, ?)
                """, .text(draft.id), .text(draft.image?.text), .text(draft.details.text), .text(draft.node), .text(draft.stagedIn),
                .int(draft.reserved), .text(draft.trace?.requestID), .text(draft.trace?.globalRequestID))
        } catch {
            guard error.isDuplicate else { throw error }
            throw Fault(.conflict, "Another task works on the image.", cause: error)
        }
        // The columns are shorter than the longest ids of users and requests.
        try connection.run(
            """
            INSERT INTO tasks (id, type, status, owner, created_at, updated_at, deleted, image_id, request_id, user_id)
            VALUES (?, ?, 'pending', ?, UTC_TIMESTAMP(), UTC_TIMESTAMP(), 0, ?, ?, ?)
            """, .text(draft.id), .text(draft.kind.name), .text(draft.owner), .text(draft.image?.text),
            .text(draft.trace.map { String($0.requestID.prefix(64)) }), .text(draft.user.map { String($0.prefix(64)) }))
        try connection.run("INSERT INTO task_info (task_id, input) VALUES (?, ?)", .text(draft.id), .text(draft.input))
        guard let task = try TaskRows.load(draft.id, visibleTo: .service, on: connection) else {
            throw Fault(.unexpected, "Ordering a task failed.")
        }
        try outbox?.tell(.taskCreate, of: .task(task), on: connection)
        return task
    }

    private static let isReceiving = Query("SELECT 1 FROM vitrine_uploads WHERE image_id = ?") { row throws(MariaDBError) in
        try row.int(0)
    }
}

/// Reads tasks that are neither deleted nor expired.
enum TaskRows {
    static let columns = """
        t.id, t.type, t.status, t.owner, t.image_id, t.request_id, t.user_id, i.input, i.result, i.message, t.created_at,
               t.updated_at, t.expires_at
        """

    /// The columns without those that a list does not show.
    static let briefColumns = columns.replacing("i.input, i.result, i.message", with: "NULL, NULL, NULL")

    static func load(_ id: String, visibleTo caller: Caller, on connection: Connection) throws(MariaDBError) -> Task? {
        try load("t.id = \(.text(id))", visibleTo: caller, "", on: connection).first
    }

    static func load(
        _ condition: SQLFragment, visibleTo caller: Caller, _ order: SQLFragment, on connection: Connection
    ) throws(MariaDBError) -> [Task] {
        let statement: SQLFragment = """
            SELECT \(word: columns)
              FROM tasks t LEFT JOIN task_info i ON i.task_id = t.id
             WHERE \(condition) AND \(isThere(for: caller))
             \(order)
            """
        return try connection.all(Query(statement.sql, decode: Task.init), statement.values)
    }

    static func isThere(for caller: Caller) -> SQLFragment {
        let lives: SQLFragment = "t.deleted = 0 AND (t.expires_at IS NULL OR t.expires_at > UTC_TIMESTAMP())"
        guard !caller.isAdmin else { return lives }
        let project = caller.project ?? ""
        return "\(lives) AND t.owner = \(.text(project)) AND BINARY t.owner = \(.text(project))"
    }
}

extension Task {
    init(_ row: borrowing Row) throws(MariaDBError) {
        let created = Timestamp(try row.time(10))
        self.init(
            id: try row.text(0), kind: Kind(try row.text(1)), status: try row.value(2), owner: try row.text(3),
            image: try row.textOrNil(4).map { ImageID($0) }, requestID: try row.textOrNil(5), user: try row.textOrNil(6),
            input: try row.textOrNil(7), result: try row.textOrNil(8), message: try row.textOrNil(9), createdAt: created,
            updatedAt: try row.timeOrNil(11).map(Timestamp.init) ?? created, expiresAt: try row.timeOrNil(12).map(Timestamp.init))
    }
}

/// The query for a page of tasks. There are few tasks, so all that the caller may see are read and sorted.
private struct TaskList {
    let listing: TaskListing
    let caller: Caller

    func page(on connection: Connection) throws -> TaskPage {
        if let marker = listing.marker { try checkMarker(marker, on: connection) }
        guard listing.limit > 0 else { return TaskPage(tasks: [], isFull: false) }
        let statement = statement
        let tasks = try connection.all(Query(statement.sql, decode: Task.init), statement.values)
        return TaskPage(tasks: tasks, isFull: tasks.count == listing.limit)
    }

    private func checkMarker(_ marker: String, on connection: Connection) throws {
        let found = try connection.readingLate(unless: { $0 != nil }) { try TaskRows.load(marker, visibleTo: caller, on: connection) }
        guard found != nil else {
            throw Fault(.invalid, "The marker \(marker.prefix(80)) is no task.")
        }
    }

    private var statement: SQLFragment {
        var columns = [listing.key.rawValue]
        for column in ["created_at", "id"] where !columns.contains(column) && columns[0] != "id" { columns.append(column) }
        let keyset = Keyset(columns: columns, isDescending: listing.isDescending)
        var conditions = [TaskRows.isThere(for: caller)]
        for filter in listing.filters { conditions.append("t.\(word: filter.field.rawValue) = \(.text(filter.value))") }
        var marker: SQLFragment = ""
        if let id = listing.marker {
            marker = " JOIN (SELECT * FROM tasks x WHERE x.id = \(.text(id))) AS m"
            conditions.append(keyset.comes("t", after: "m"))
        }
        return """
            SELECT \(word: TaskRows.briefColumns)
              FROM tasks t\(marker)
             WHERE \(conditions.allOfThem)
             ORDER BY \(keyset.order("t")) LIMIT \(.int(Int64(listing.limit)))
            """
    }
}
