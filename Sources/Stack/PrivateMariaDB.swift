internal import Foundation
internal import Glibc
package import MariaDB
internal import Text

/// A MariaDB server in a folder, reached only by a UNIX socket in it.
package final class PrivateMariaDB: @unchecked Sendable {
    private let folder: String
    package let socket: String
    private let extra: [String]
    private var server: ChildProcess?

    /// - Parameters:
    ///   - folder: for data, socket and log; created if it does not exist.
    ///   - extra: further options of mariadbd, such as a larger buffer pool.
    package init(folder: String, extra: [String] = []) {
        self.folder = folder
        self.extra = extra
        socket = "\(folder)/mariadb.sock"
    }

    /// Creates the data folder if there is none, and starts the server. Returns when it accepts connections.
    package func start() throws {
        let data = "\(folder)/data"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        // Two servers that are created at the same time would overwrite each other's files in /tmp.
        let temporary = "\(folder)/tmp"
        try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
        if !FileManager.default.fileExists(atPath: "\(data)/mysql") {
            // Under a temporary name until it is complete, so that an interrupted first start is repeated.
            let fresh = "\(folder)/data.new"
            try? FileManager.default.removeItem(atPath: fresh)
            try runToEnd(
                "mariadb-install-db",
                [
                    "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--datadir=\(fresh)",
                    "--tmpdir=\(temporary)",
                ] + user,
                output: "\(folder)/install.log")
            try FileManager.default.moveItem(atPath: fresh, toPath: data)
        }
        server = try ChildProcess(
            "mariadbd",
            [
                "--no-defaults", "--datadir=\(data)", "--socket=\(socket)", "--pid-file=\(folder)/mariadb.pid",
                "--log-error=\(folder)/mariadb.log", "--tmpdir=\(temporary)", "--skip-networking", "--skip-name-resolve", "--skip-log-bin",
                "--character-set-server=utf8mb4", "--max-connections=500",
            ] + extra + user, output: "\(folder)/mariadb.log")
    }

    /// Waits until the server accepts connections.
    package func waitUntilReady() throws {
        let ready = waitUntil(seconds: 60) { server?.isRunning == true ? (try? connect()) != nil : true }
        guard ready, server?.isRunning == true else {
            throw ChildProcess.NotStarted(description: "MariaDB does not start. \(sentence)")
        }
    }

    package func stop() { server?.stop(patience: 60) }

    /// Ends the server at once, as a power cut would.
    package func kill() { server?.stop(with: SIGKILL) }

    package var processID: Int32? { server?.id }

    package var isRunning: Bool { server?.isRunning == true }

    /// The end of the server's log, and how it ended if it did.
    package var sentence: String {
        "mariadbd \(server?.ending ?? "does not take connections") (\(folder)/mariadb.log): \(tail(of: "\(folder)/mariadb.log"))"
    }

    package func createDatabase(_ name: String) throws {
        try connect().execute("CREATE DATABASE IF NOT EXISTS \(name) CHARACTER SET utf8mb3")
    }

    /// The URL of a database, for `[database] connection`.
    package func url(of database: String) -> String {
        "mysql+pymysql://root@localhost/\(database)?unix_socket=\(percentEncoded(socket))"
    }

    /// A connection as the administrator.
    package func connect(to database: String = "") throws -> Connection {
        var address = Address()
        address.socket = socket
        address.user = "root"
        address.database = database
        return try Connection(to: address, timeouts: .init(connect: 2))
    }

    /// mariadbd runs as root only with this option.
    private var user: [String] { getuid() == 0 ? ["--user=root"] : [] }
}
