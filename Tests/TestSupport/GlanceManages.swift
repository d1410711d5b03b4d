import Foundation
import MariaDB
import Stack

/// The two `glance-manage` programs, Glance's and this project's, each on its own database.
package struct GlanceManages {
    /// The result of a command line.
    package struct End: Equatable, CustomStringConvertible {
        package let status: Int
        package let output: String
        package var description: String { "status \(status): \(output)" }
    }

    package let theirs: String
    package let ours: String
    private let server: PrivateMariaDB

    package init() throws {
        server = try SharedMariaDB.running()
        let name = "g\(UInt32.random(in: 0...UInt32.max))"
        (theirs, ours) = ("\(name)_theirs", "\(name)_ours")
        for database in [theirs, ours] {
            try server.createDatabase(database)
            try "[DEFAULT]\n[database]\nconnection = \(server.url(of: database))\n"
                .write(toFile: configuration(of: database), atomically: true, encoding: .utf8)
        }
    }

    package func configuration(of database: String) -> String { "\(TestFolder.root)/\(database).conf" }

    /// Command lines, one after another; `CONF` stands for the configuration file.
    package func theirs(_ lines: [String], on database: String? = nil) throws -> [End] {
        let lines = lines.map { words($0, database ?? theirs) }
        let input = try JSONEncoder().encode(lines)
        let ends = try PyPIGlance.run("python3", ["-W", "ignore", "-c", Self.many], input: Array(input)).json.array ?? []
        return ends.map { End(status: Int($0["status"]?.int ?? -1), output: $0["output"]?.string ?? "") }
    }

    package func ours(_ lines: [String]) throws -> [End] {
        try lines.map { line in
            let command = try Command("\(TestGlance.programs)/glance-manage", words(line, ours))
            return End(status: Int(command.status), output: command.text)
        }
    }

    private func words(_ line: String, _ database: String) -> [String] {
        line.split(separator: " ").map { $0.replacingOccurrences(of: "CONF", with: configuration(of: database)) }
    }

    package func execute(_ statements: [String]) throws {
        for database in [theirs, ours] { for sql in statements { try server.connect(to: database).execute(sql) } }
    }

    /// The texts of a column.
    package func rows(_ sql: String, of database: String) throws -> [String] {
        try server.connect(to: database).all(Query(sql) { row throws(MariaDBError) in try row.textOrNil(0) ?? "NULL" })
    }

    /// Runs Glance's program for each of many lines, each in a forked child, because starting Python takes a second.
    private static let many = """
        import io, json, os, sys, tempfile
        from glance.cmd import manage
        ends = []
        for words in json.load(sys.stdin):
            with tempfile.TemporaryFile() as output:
                child = os.fork()
                if child == 0:
                    status = 1
                    try:
                        os.dup2(output.fileno(), 1)
                        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
                        sys.argv = ['glance-manage'] + words
                        status = manage.main() or 0
                    except SystemExit as end:
                        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
                    except BaseException:
                        pass
                    sys.stdout.flush()
                    os._exit(status)
                _, ended = os.waitpid(child, 0)
                output.seek(0)
                ends.append({'status': os.waitstatus_to_exitcode(ended), 'output': output.read().decode()})
        print(json.dumps(ends))
        """
}
