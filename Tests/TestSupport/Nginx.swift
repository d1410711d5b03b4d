import Foundation
import Stack

/// An nginx in its own folder, with the locations of a test. It ends with its owner.
package final class Nginx: Sendable {
    package let port: Int
    package let folder: String
    private let process: ChildProcess

    /// - Parameters:
    ///   - locations: the content of the `server` block.
    ///   - http: what goes before it.
    package init(_ locations: String, http: String = "") throws {
        port = try freePort()
        folder = "\(TestFolder.root)/nginx-\(port)"
        for name in ["log", "www"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        let text = """
            daemon off;
            \(getuid() == 0 ? "user root;" : "")
            pid \(folder)/nginx.pid;
            worker_processes 1;
            events { worker_connections 256; }
            http {
                access_log \(folder)/log/access.log;
                client_body_temp_path \(folder)/body;
                proxy_temp_path \(folder)/proxy;
                fastcgi_temp_path \(folder)/fastcgi;
                uwsgi_temp_path \(folder)/uwsgi;
                scgi_temp_path \(folder)/scgi;
                \(http)
                server {
                    listen 127.0.0.1:\(port);
                    root \(folder)/www;
                    \(locations)
                }
            }

            """
        try text.write(toFile: "\(folder)/nginx.conf", atomically: true, encoding: .utf8)
        let log = "\(folder)/log/nginx.log"
        process = try ChildProcess("nginx", ["-p", folder, "-c", "\(folder)/nginx.conf", "-e", log], output: log)
        guard eventually({ (try? HTTPConnection(port: port)) != nil }) else {
            throw ChildProcess.NotStarted(description: (try? String(contentsOfFile: log, encoding: .utf8)) ?? "no nginx")
        }
    }

    deinit { process.stop() }

    package func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// The number of requests in the log that contain a text. A request is there some moments after its answer.
    package func accessLines(with text: String = "") throws -> Int {
        try String(contentsOfFile: "\(folder)/log/access.log", encoding: .utf8).split(separator: "\n")
            .count { text.isEmpty || $0.contains(text) }
    }
}
