internal import Files
internal import Foundation
internal import Glibc
internal import Text

/// The folder of a running service, which no other service may use at the same time.
package final class Home {
    package let folder: String
    private let lock: CInt

    /// - Throws: if another service runs in the folder.
    package init(folder: String) throws {
        self.folder = folder
        // An error of the folder appears when the lock file is opened.
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        lock = open("\(folder)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard lock >= 0 else {
            throw ChildProcess.NotStarted(description: "the folder \(folder) cannot be used: \(String(cString: strerror(errno)))")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw ChildProcess.NotStarted(description: "a service runs in \(folder) already; stop it, or choose another STATE")
        }
        try endLeftovers()
    }

    package func leave() { close(lock) }

    /// The path of the configuration file. A default one is written if none exists.
    package func configurationFile() throws -> String {
        let path = "\(folder)/glance-api.conf"
        guard !FileManager.default.fileExists(atPath: path) else { return path }
        let text = """
            # Written by `make run`; change it as you like. Options are those of OpenStack Glance.

            [DEFAULT]
            # debug = true
            # Where images wait for their import.
            node_staging_uri = file://\(folder)/staging

            [glance_store]
            default_store = file
            filesystem_store_datadir = \(folder)/images

            [vitrine]
            # none: everybody is an administrator. tokens: see token_file.
            identity = none
            # token_file = \(folder)/tokens.yaml

            """
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// The secret that the API and the registry of this folder share. It is created at the first start, readable by its owner alone.
    package func registrySecret() throws -> String {
        let path = "\(folder)/registry_secret"
        if let known = fileText(of: path), !known.isEmpty { return known }
        let secret = (0..<4).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined()
        guard FileManager.default.createFile(atPath: path, contents: Data(secret.utf8), attributes: [.posixPermissions: 0o600]) else {
            throw ChildProcess.NotStarted(description: "cannot write \(path)")
        }
        return secret
    }

    /// Writes the variables that programs of this folder run with, for a shell that reads the file by `.`; its owner alone may read it, since
    /// they hold secrets.
    ///
    /// - Returns: the path of the file.
    package func write(environment: [String: String]) throws -> String {
        let path = "\(folder)/environment"
        let lines = environment.sorted { $0.key < $1.key }.map { "export \($0)='\($1.replacing("'", with: "'\\''"))'\n" }
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(lines.joined().utf8), attributes: [.posixPermissions: 0o600])
        else { throw ChildProcess.NotStarted(description: "cannot write \(path)") }
        return path
    }

    /// Ends programs that a killed service left running here.
    private func endLeftovers() throws {
        for pidFile in ["mariadb/mariadb.pid", "run/nginx.pid"] {
            guard let text = fileText(of: "\(folder)/\(pidFile)"),
                let id = pid_t(trimmed(text)),
                let command = fileText(of: "/proc/\(id)/cmdline", isRepaired: true), command.contains(folder)
            else { continue }
            kill(id, SIGTERM)
            _ = waitUntil(seconds: 30) { kill(id, 0) != 0 }
        }
    }
}
