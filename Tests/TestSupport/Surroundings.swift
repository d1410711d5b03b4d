import Foundation
import Glibc
import Stack
import Synchronization

/// The folder of this process's tests, removed when the process ends.
package enum TestFolder {
    private static let prefix = "/tmp/vitrine-tests."

    package static let root: String = {
        endLeftovers()
        let folder = prefix + String(getpid())
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        atexit { TestFolder.end(of: getpid()) }
        return folder
    }()

    /// Folders and servers of test processes that were killed.
    private static func endLeftovers() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? [] {
            guard let id = Int32(name.dropFirst("vitrine-tests.".count)), name.hasPrefix("vitrine-tests."), kill(id, 0) != 0 else {
                continue
            }
            end(of: id)
        }
    }

    private static func end(of process: Int32) {
        let folder = prefix + String(process)
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let id = Int32(entry), id != getpid(), let command = FileManager.default.contents(atPath: "/proc/\(id)/cmdline"),
                command.range(of: Data("\(folder)/".utf8)) != nil
            else { continue }
            // The command lines of nginx's workers lack the folder's name, so their master has to end them.
            kill(id, command.starts(with: Data("nginx".utf8)) ? SIGTERM : SIGKILL)
        }
        try? FileManager.default.removeItem(atPath: folder)
    }
}

/// One MariaDB server for all suites of the process, each with its own database.
package enum SharedMariaDB {
    private static let server = Mutex<PrivateMariaDB?>(nil)

    package static func running() throws -> PrivateMariaDB {
        try server.withLock { server in
            if let server { return server }
            let started = try PrivateMariaDB.fresh("mariadb")
            server = started
            return started
        }
    }
}

extension PrivateMariaDB {
    /// A running server, in a new folder.
    package static func fresh(_ name: String) throws -> PrivateMariaDB {
        // The services of many suites run at the same time, and their workers keep connections. What was written outlives the process of a
        // server that is killed, but not the machine: nobody waits for the disk, as for each table that is made.
        let server = PrivateMariaDB(
            folder: "\(TestFolder.root)/\(name)",
            extra: ["--innodb-buffer-pool-size=256M", "--max-connections=5000", "--innodb-flush-method=nosync"])
        try server.start()
        try server.waitUntilReady()
        return server
    }
}

/// A free port.
package func freePort() throws -> Int {
    while true {
        let port = lastPort.withLock { last in
            last = last < 31_999 ? last + 1 : 20_000
            return last
        }
        if try isFree(port) { return port }
    }
}

/// Below the range that the system uses for connections, so that it stays free until its owner binds it.
private let lastPort = Mutex(Int.random(in: 20_000..<32_000))

private func isFree(_ port: Int) throws -> Bool {
    do {
        close(try StreamSocket.bound(to: port).descriptor)
        return true
    } catch let failed as HTTPConnection.Failed where failed.code == EADDRINUSE {
        return false
    }
}

/// Waits until a condition is true: long enough for an overloaded machine.
package func eventually(within seconds: Double = 120, _ condition: () throws -> Bool) rethrows -> Bool {
    let end = Date().addingTimeInterval(seconds)
    while Date() < end {
        if try condition() { return true }
        usleep(20_000)
    }
    return try condition()
}
