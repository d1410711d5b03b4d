import Foundation
import MariaDB
import Stack
import TestSupport

/// A database of a test, and `glance-manage` on it.
struct ReportDatabase {
    let name: String
    let server: PrivateMariaDB

    /// Makes an empty database.
    init() throws {
        name = "r\(UInt32.random(in: 0...UInt32.max))"
        server = try SharedMariaDB.running()
        try server.createDatabase(name)
    }

    /// The database of a service.
    init(of glance: TestGlance) throws { (name, server) = (glance.databaseName, try SharedMariaDB.running()) }

    /// Makes a database with all tables and views.
    static func synced() throws -> ReportDatabase {
        let database = try ReportDatabase()
        let sync = try database.manage("db", "sync")
        guard sync.status == 0, sync.errors.split(separator: "\n").allSatisfy({ $0.hasPrefix("appl") }) else {
            throw Unexpected(sync.errors)
        }
        return database
    }

    /// Runs `glance-manage`, with the account of the administrator or another one.
    func manage(_ words: String..., as user: String = "root") throws -> Command {
        let url = server.url(of: name).replacingOccurrences(of: "//root@", with: "//\(user)@")
        return try Command("\(TestGlance.programs)/glance-manage", words, environment: ["OS_DATABASE__CONNECTION": url])
    }

    func execute(_ statements: String...) throws { try execute(statements) }

    func execute(_ statements: [String]) throws {
        let connection = try server.connect(to: name)
        for sql in statements { try connection.execute(sql) }
    }

    /// A connection of another account.
    func connect(as user: String) throws -> Connection {
        var address = Address()
        (address.socket, address.user, address.database) = (server.socket, user, name)
        return try Connection(to: address, timeouts: .init(connect: 2))
    }

    /// The first columns of a query's rows.
    func rows(_ sql: String, columns: Int = 1) throws -> [[String?]] { try rows(sql, columns: columns, on: server.connect(to: name)) }

    func rows(_ sql: String, columns: Int = 1, on connection: Connection) throws -> [[String?]] {
        try connection.all(
            Query(sql) { row throws(MariaDBError) in
                var values: [String?] = []
                for column in 0..<columns { values.append(try row.textOrNil(column)) }
                return values
            })
    }

    func texts(_ sql: String) throws -> [String] { try rows(sql).map { $0[0] ?? "NULL" } }

    var views: [String] {
        get throws { try texts("SELECT table_name FROM information_schema.views WHERE table_schema = '\(name)'").sorted() }
    }

    /// Every table with its columns and indexes.
    var tables: [String] {
        get throws {
            // Two statements: a join of these tables opens each table for every column of another, and takes a minute on a loaded machine.
            try texts(
                """
                SELECT CONCAT(table_name, '.', column_name, ' ', column_type) FROM information_schema.columns
                 WHERE table_schema = '\(name)' AND table_name NOT LIKE 'report\\_%' ORDER BY 1
                """)
                + texts(
                    """
                    SELECT CONCAT(table_name, '.', column_name, ' ', index_name, ' ', seq_in_index) FROM information_schema.statistics
                     WHERE table_schema = '\(name)' ORDER BY 1
                    """)
        }
    }
}
