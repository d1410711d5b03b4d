import Foundation
import Glibc
import Stack
import Synchronization

/// A RabbitMQ server from Debian's package: in its own folder, with its own name directory and ports.
package final class RabbitMQ: @unchecked Sendable {
    package let port: Int
    private let folder: String
    private let ports: (names: Int, nodes: Int)
    private let names: ChildProcess
    private var server: ChildProcess?

    /// For `transport_url`; its characters must all be escaped in the URL.
    package var url: String { "rabbit://vitrine:p%40ss%3Aw%2Brd@127.0.0.1:\(port)/cloud%20one" }

    package init() throws {
        folder = "\(TestFolder.root)/rabbitmq-\(UInt32.random(in: 0 ... .max))"
        port = try freePort()
        ports = (try freePort(), try freePort())
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Under a name in the folder, so that it is found and ended with it.
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/epmd", withDestinationPath: "/usr/bin/epmd")
        try """
        listeners.tcp.1 = 127.0.0.1:\(port)
        default_user = vitrine
        default_pass = p@ss:w+rd
        default_vhost = cloud one
        disk_free_limit.absolute = 1MB

        """.write(toFile: "\(folder)/rabbitmq.conf", atomically: true, encoding: .utf8)
        try "[].\n".write(toFile: "\(folder)/enabled_plugins", atomically: true, encoding: .utf8)
        names = try ChildProcess(
            "\(folder)/epmd", ["-port", String(ports.names), "-address", "127.0.0.1"], output: "\(folder)/epmd.log")
        try start()
    }

    deinit {
        stop()
        names.stop()
    }

    /// The one that all suites of the process share.
    package static func running() throws -> RabbitMQ {
        try shared.withLock { known in
            if let known { return known }
            let started = try RabbitMQ()
            known = started
            return started
        }
    }

    private static let shared = Mutex<RabbitMQ?>(nil)

    /// Starts it, also again after a stop, with its data.
    package func start() throws {
        server = try ChildProcess(
            "/usr/lib/rabbitmq/bin/rabbitmq-server", [], output: "\(folder)/out.log",
            environment: [
                "HOME": folder, "ERL_EPMD_PORT": String(ports.names), "ERL_EPMD_ADDRESS": "127.0.0.1",
                "RABBITMQ_NODENAME": "vitrine@localhost", "RABBITMQ_DIST_PORT": String(ports.nodes),
                "RABBITMQ_MNESIA_BASE": "\(folder)/mnesia", "RABBITMQ_LOG_BASE": "\(folder)/log",
                "RABBITMQ_CONFIG_FILE": "\(folder)/rabbitmq.conf", "RABBITMQ_ENABLED_PLUGINS_FILE": "\(folder)/enabled_plugins",
                "RABBITMQ_CONF_ENV_FILE": "/dev/null", "RABBITMQ_PID_FILE": "\(folder)/pid",
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}",
                // The script becomes the server then, and does not wait for it.
                "RUNNING_UNDER_SYSTEMD": "1",
            ])
        guard eventually(within: 120, { server?.isRunning != true || (try? HTTPConnection(port: port)) != nil }), server?.isRunning == true
        else {
            let log = (try? String(contentsOfFile: "\(folder)/out.log", encoding: .utf8)) ?? ""
            throw Unexpected("RabbitMQ does not start: \(log.suffix(1000))")
        }
    }

    package func stop() { server?.stop(patience: 60) }
}
