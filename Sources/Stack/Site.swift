internal import Foundation
internal import Glibc

/// nginx and the workers behind it, in one folder: the service as `make run`, the tests and the benchmarks use it.
package final class Site: @unchecked Sendable {
    package struct Settings: Sendable {
        /// Sockets, logs and what nginx buffers; made when it is not there.
        package var folder: String
        /// `glance-api` and `glance-tasks` lie here.
        package var programs: String
        /// The project's `nginx/`.
        package var nginxFolder: String
        package var configuration: String
        /// What overrides the configuration: `OS_<GROUP>__<OPTION>`.
        package var environment: [String: String] = [:]
        /// The internal locations by which nginx sends stores' files, and where those lie.
        package var blobs: [(prefix: String, folder: String)]
        package var port: Int
        /// Where the registry listens; nil for none.
        package var registryPort: Int?
        package var workers: Int
        /// Looks after abandoned uploads.
        package var runsTasks = true

        package init(
            folder: String, programs: String, nginxFolder: String, configuration: String, blobs: [(prefix: String, folder: String)],
            port: Int, workers: Int
        ) {
            self.folder = folder
            self.programs = programs
            self.nginxFolder = nginxFolder
            self.configuration = configuration
            self.blobs = blobs
            self.port = port
            self.workers = workers
        }
    }

    private let settings: Settings
    private var sockets: [CInt] = []
    private var nginx: ChildProcess?
    private var tasks: ChildProcess?
    private var workers: [ChildProcess] = []
    private var registries: [ChildProcess] = []
    private var lastRespawn = Date.distantPast

    package init(_ settings: Settings) { self.settings = settings }

    /// Starts everything; requests are taken as soon as this returns, though a worker may need a moment for the first.
    package func start() throws {
        for folder in ["run", "log", "nginx"] {
            try FileManager.default.createDirectory(atPath: "\(settings.folder)/\(folder)", withIntermediateDirectories: true)
        }
        sockets = [try listen(at: "\(settings.folder)/run/metadata.sock"), try listen(at: "\(settings.folder)/run/data.sock")]
        workers = try (0..<settings.workers).map { _ in try startWorker() }
        if settings.registryPort != nil {
            sockets.append(try listen(at: "\(settings.folder)/run/registry.sock"))
            registries = try (0..<settings.workers).map { _ in try startRegistry() }
        }
        let included = "\(settings.folder)/nginx/vitrine"
        unlink(included)
        try FileManager.default.createSymbolicLink(atPath: included, withDestinationPath: settings.nginxFolder)
        try makeNginxConfiguration().write(toFile: "\(settings.folder)/nginx/nginx.conf", atomically: true, encoding: .utf8)
        nginx = try ChildProcess(
            "nginx", ["-p", settings.folder, "-c", "\(settings.folder)/nginx/nginx.conf", "-e", "\(settings.folder)/log/nginx.log"],
            output: "\(settings.folder)/log/nginx.log")
        if settings.runsTasks { tasks = try startTasks() }
    }

    /// Waits until nginx takes connections.
    package func waitUntilReady() throws {
        guard waitUntil(seconds: 60, { nginx?.isRunning != true || isListening }), nginx?.isRunning == true else {
            let log = (try? String(contentsOfFile: "\(settings.folder)/log/nginx.log", encoding: .utf8)) ?? ""
            throw ChildProcess.NotStarted(description: "nginx does not start: \(log.suffix(500))")
        }
    }

    /// Takes nothing new, finishes what runs.
    package func stop() {
        nginx?.signal(SIGQUIT)
        for worker in workers { worker.signal(SIGTERM) }
        tasks?.signal(SIGTERM)
        for worker in workers { worker.stop(patience: 70) }
        for registry in registries { registry.stop(patience: 70) }
        tasks?.stop()
        nginx?.stop(with: SIGQUIT)
        for socket in sockets { close(socket) }
    }

    /// Starts again what ended by itself; waits a little when that comes too often.
    package func revive() throws {
        try revive(&workers, startWorker)
        try revive(&registries, startRegistry)
        if let tasks, !tasks.isRunning { self.tasks = try startTasks() }
    }

    private func revive(_ processes: inout [ChildProcess], _ start: () throws -> ChildProcess) throws {
        for place in processes.indices where !processes[place].isRunning {
            if Date().timeIntervalSince(lastRespawn) < 1 { usleep(500_000) }
            lastRespawn = Date()
            processes[place] = try start()
        }
    }

    package var registryIDs: [Int32] { registries.filter(\.isRunning).map(\.id) }
    package var workerIDs: [Int32] { workers.filter(\.isRunning).map(\.id) }
    package var tasksID: Int32? { tasks?.id }
    package var nginxID: Int32? { nginx?.id }
    package var isRunning: Bool { nginx?.isRunning == true }
    package var workerLog: String { "\(settings.folder)/log/glance-api.log" }

    /// Where nginx tells of the bytes that it sent: `[vitrine] send_log`.
    package static func sendLog(in folder: String) -> String { "\(folder)/log/sends.log" }

    private func startWorker() throws -> ChildProcess {
        try ChildProcess(
            "\(settings.programs)/glance-api",
            ["--config-file", settings.configuration, "--metadata", "fd:0", "--data", "fd:3"], output: workerLog,
            descriptors: [sockets[0]: 0, sockets[1]: 3], environment: settings.environment)
    }

    private func startRegistry() throws -> ChildProcess {
        try ChildProcess(
            "\(settings.programs)/glance-registry", ["--config-file", settings.configuration, "--socket", "fd:0"],
            output: "\(settings.folder)/log/glance-registry.log", descriptors: [sockets[2]: 0], environment: settings.environment)
    }

    private func startTasks() throws -> ChildProcess {
        try ChildProcess(
            "\(settings.programs)/glance-tasks", ["--config-file", settings.configuration],
            output: "\(settings.folder)/log/glance-tasks.log", environment: settings.environment)
    }

    private func listen(at path: String) throws -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw ChildProcess.NotStarted(description: "\(path) is too long for a socket; choose a shorter STATE")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        unlink(path)
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, chmod(path, 0o660) == 0, Glibc.listen(descriptor, 1024) == 0 else {
            let code = errno
            if descriptor >= 0 { close(descriptor) }
            throw ChildProcess.NotStarted(description: "cannot listen at \(path): \(String(cString: strerror(code)))")
        }
        return descriptor
    }

    private var isListening: Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(settings.port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        } == 0
    }

    /// What production has, with the paths of this folder.
    private func makeNginxConfiguration() throws -> String {
        let upstreams = try shipped("glance-upstreams.conf", "/run/vitrine/", at: "\(settings.folder)/run/")
        let sends = try shipped("glance-sends.conf", "/var/log/nginx/glance-sends.log", at: Self.sendLog(in: settings.folder))
        return """
            daemon off;
            \(getuid() == 0 ? "user root;" : "")
            worker_processes auto;
            pid \(settings.folder)/run/nginx.pid;
            events { worker_connections 4096; }
            http {
                access_log \(settings.folder)/log/access.log combined buffer=64k flush=1s;
                \(sends)
                default_type application/octet-stream;
                keepalive_requests 100000;
                client_body_temp_path \(settings.folder)/nginx/body;
                fastcgi_temp_path \(settings.folder)/nginx/fastcgi;
                proxy_temp_path \(settings.folder)/nginx/proxy;
                scgi_temp_path \(settings.folder)/nginx/scgi;
                uwsgi_temp_path \(settings.folder)/nginx/uwsgi;

                \(upstreams)
                server {
                    listen 127.0.0.1:\(settings.port) backlog=1024;
                    include vitrine/glance-api.conf;
                    \(Self.blobLocations(settings.blobs))
                }
                \(registryConfiguration)
            }
            """
    }

    /// A file of the project's `nginx/` in which a path is another.
    private func shipped(_ name: String, _ path: String, at place: String) throws -> String {
        try String(contentsOfFile: "\(settings.nginxFolder)/\(name)", encoding: .utf8).replacingOccurrences(of: path, with: place)
    }

    /// What `glance-stores.conf` says for certain stores. Both slashes matter.
    package static func blobLocations(_ blobs: [(prefix: String, folder: String)]) -> String {
        blobs.map { prefix, folder in
            let quoted = folder.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
            return """
                location \(prefix)/ {
                    alias            "\(quoted)/";
                    disable_symlinks on "from=\(quoted)";
                    include          vitrine/glance-blob.conf;
                }
                """
        }.joined(separator: "\n")
    }

    private var registryConfiguration: String {
        guard let port = settings.registryPort else { return "" }
        return """
            server {
                listen 127.0.0.1:\(port) backlog=1024;
                access_log off;
                include vitrine/glance-registry.conf;
            }
            """
    }
}
