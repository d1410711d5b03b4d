import Foundation
import Stack
import TestSupport
import Testing

/// `glance-manage run`, as `make run` starts it.
@Suite(.serialized) struct `The whole service in one folder` {
    private let folder = "\(TestFolder.root)/run-\(UInt32.random(in: 0 ... .max))"
    private static let program = "\(TestGlance.programs)glance-manage"

    /// A service that runs or starts.
    private final class Running {
        let ports: (api: Int, registry: Int)
        let process: ChildProcess
        private let output: String

        init(_ folder: String, _ words: [String] = []) throws {
            ports = (try freePort(), try freePort())
            output = "\(folder).out"
            process = try ChildProcess(program, Running.words(folder, ports) + words, output: output)
        }

        deinit { process.stop(patience: 60) }

        static func words(_ folder: String, _ ports: (api: Int, registry: Int)) -> [String] {
            [
                "run", "--state", folder, "--api-port", String(ports.api), "--registry-port", String(ports.registry), "--nginx",
                "\(TestGlance.repository)nginx",
            ]
        }

        var said: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }

        /// Waits until it reports `ready`, and sends a request at once.
        func isReadyAndAnswers() throws -> Bool {
            guard eventually({ said.contains("ready: ") || !process.isRunning }), process.isRunning else { return false }
            return try status() == 200
        }

        /// How a list of images is answered.
        func status() throws -> Int { try statusOfList(at: ports.api) }
    }

    private func run(_ words: [String] = []) throws -> Command {
        try Command(Self.program, Running.words(folder, (try freePort(), try freePort())) + words)
    }

    /// An empty database.
    private func emptyDatabase() throws -> [String] {
        let name = "run\(UInt32.random(in: 0 ... .max))"
        try SharedMariaDB.running().createDatabase(name)
        return ["--db", try SharedMariaDB.running().url(of: name)]
    }

    /// A configuration of the test, in a file.
    private func configuration(_ options: String) throws -> [String] {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let text = "\(options)\n[vitrine]\nidentity = none\n[glance_store]\nfilesystem_store_datadir = \(folder)/images\n"
        try text.write(toFile: "\(folder)/own.conf", atomically: true, encoding: .utf8)
        return ["--conf", "\(folder)/own.conf"]
    }

    @Test func `leaves what an operator's commands need to know`() throws {
        let service = try Running(folder, try emptyDatabase())
        #expect(try service.isReadyAndAnswers())
        let script = """
            . "$1/environment" && "$2" store verify --config-file "$1/glance-api.conf" && "$2" report overview --config-file "$1/glance-api.conf"
            """
        let command = try Command("/bin/sh", ["-c", script, "sh", folder, Self.program])
        #expect(command.status == 0 && command.text.contains("0 findings"), "\(command.text) \(command.errors)")
        let mode = try FileManager.default.attributesOfItem(atPath: "\(folder)/environment")[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func `answers when it says that it is ready, also on a database that was empty`() throws {
        let running = try Running(folder, try emptyDatabase())
        #expect(try running.isReadyAndAnswers(), "\(running.said)")
        // Another in the same folder.
        let second = try run()
        #expect(second.status == 1)
        #expect(second.errors.contains("a service runs in \(folder) already"))
        // Another at its port, in a separate folder.
        for (words, port) in [
            (["--api-port", String(running.ports.api)], running.ports.api),
            (["--registry-port", String(running.ports.api)], running.ports.api),
        ] {
            let third = try Command(
                Self.program, Running.words("\(folder)-other", (try freePort(), try freePort())) + words)
            #expect(third.status == 1)
            #expect(
                third.errors.contains("port \(port) of 127.0.0.1 cannot be used: Address already in use; choose another by"),
                "\(third.errors)")
        }
        #expect(running.process.isRunning)
    }

    @Test func `starts twice at once, each with a database of its own`() throws {
        let both = try ["a", "b"].map { try Running("\(folder)-\($0)") }
        for running in both { #expect(try running.isReadyAndAnswers(), "\(running.said)") }
    }

    @Test func `serves metrics, and does without where another program has their port`() throws {
        let port = try freePort()
        let words = ["--metrics-port", String(port)]
        let first = try Running("\(folder)-a", words + emptyDatabase())
        #expect(try first.isReadyAndAnswers(), "\(first.said)")
        #expect(first.said.contains("metrics at http://127.0.0.1:\(port)/metrics"))
        let scrape = {
            let connection = try HTTPConnection(port: port)
            try connection.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            return try connection.receive()
        }
        #expect(try eventually { try scrape().text.contains(#"route="/v2/images",status_class="2xx"} 1"#) })
        let second = try Running("\(folder)-b", words + emptyDatabase())
        #expect(try second.isReadyAndAnswers(), "\(second.said)")
        #expect(second.said.contains("There are no metrics: port \(port) of 127.0.0.1 cannot be used: Address already in use"))
        let third = try Running("\(folder)-c", ["--metrics-port", "0"] + emptyDatabase())
        #expect(try third.isReadyAndAnswers() && !third.said.contains("etrics"), "\(third.said)")
    }

    static let refused: [(String, String)] = [
        ("[DEFAULT]\nenabled_import_methods = glance-download", "glance-download needs Keystone to know its callers"),
        ("[healthcheck]\nbackends = magic", "'magic' is not known"),
        // Only glance-tasks, and only the registry, find these wrong.
        ("[taskflow_executor]\nconversion_format = cow", "[taskflow_executor] conversion_format: 'cow' is not qcow2, raw or vmdk"),
        ("[vitrine]\nregistry_threads = none", "registry_threads must be an integer"),
    ]

    @Test(arguments: refused) func `says why a program does not start, and ends`(_ options: String, _ reason: String) throws {
        let command = try run(try configuration(options) + emptyDatabase())
        #expect(command.status == 1)
        #expect(command.errors.contains("the service does not start. glance-"), "\(command.errors)")
        #expect(command.errors.contains("ended with status 1: "), "\(command.errors)")
        #expect(command.errors.contains(reason), "\(command.errors)")
        #expect(!command.text.contains("ready"))
    }

    @Test(arguments: [("0", "0 is no port"), ("70000", "70000 is no port"), ("-1", "-1 is no port")])
    func `refuses what is no port`(_ port: String, _ reason: String) throws {
        let command = try run(["--api-port=\(port)"])
        #expect(command.status == 1)
        #expect(command.errors.contains(reason), "\(command.errors)")
    }

    @Test func `refuses a folder that cannot be`() throws {
        let command = try Command(Self.program, Running.words("/dev/null/state", (try freePort(), try freePort())))
        #expect(command.status == 1)
        #expect(command.errors.contains("the folder /dev/null/state cannot be used: Not a directory"), "\(command.errors)")
    }

    @Test func `gives up a program that cannot be started again, and says why`() throws {
        let running = try Running(folder, try configuration("[DEFAULT]\nworkers = 1") + emptyDatabase())
        #expect(try running.isReadyAndAnswers(), "\(running.said)")
        _ = try configuration("[DEFAULT]\nworkers = 1\nenabled_import_methods = glance-download")
        let worker = try #require(try child(of: running.process.id, "glance-api"))
        kill(worker, SIGKILL)
        #expect(eventually { !running.process.isRunning })
        #expect(running.said.contains("glance-download needs Keystone to know its callers; it was started 5 times"), "\(running.said)")
    }

    @Test func `says what nginx said when it ends`() throws {
        let running = try Running(folder, try configuration("[DEFAULT]\nworkers = 1") + emptyDatabase())
        #expect(try running.isReadyAndAnswers(), "\(running.said)")
        kill(try #require(try child(of: running.process.id, "nginx")), SIGKILL)
        #expect(eventually { !running.process.isRunning })
        #expect(running.said.contains("nginx was ended by signal 9 (\(folder)/log/nginx.log)"), "\(running.said)")
    }

    /// The file's attributes do not show that it was written: only the signal tells.
    @Test func `reads its files again at SIGHUP`() throws {
        let words = try configuration("[DEFAULT]\nworkers = 1\n[oslo_policy]\npolicy_file = \(folder)/policy.yaml") + emptyDatabase()
        func write(_ rule: String) throws {
            let policy = "\(folder)/policy.yaml"
            try "\"get_images\": \"\(rule)\"\n".write(toFile: policy, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)], ofItemAtPath: policy)
        }
        try write("@")
        let running = try Running(folder, words)
        #expect(try running.isReadyAndAnswers(), "\(running.said)")
        try write("!")
        try reload(running.process.id)
        #expect(try eventually { try running.status() == 403 })
        #expect(running.process.isRunning, "\(running.said)")
    }

    @Test func `ends when its terminal is closed`() throws {
        let (program, ports) = (Self.program, (api: try freePort(), registry: try freePort()))
        let words = Running.words(folder, ports) + (try configuration("[DEFAULT]\nworkers = 1") + emptyDatabase())
        let command = ([program] + words).map { "'\($0)'" }.joined(separator: " ")
        let shown = "\(folder)/terminal.out"
        let terminal = try ChildProcess("script", ["--quiet", "--command", "exec \(command)", "/dev/null"], output: shown)
        defer { terminal.stop() }
        #expect(eventually { (try? String(contentsOfFile: shown, encoding: .utf8))?.contains("Ctrl-C ends it.") == true })
        let running = try #require(try child(of: terminal.id, "glance-manage"))
        try reload(running)
        #expect(try statusOfList(at: ports.api) == 200)
        terminal.signal(SIGKILL)
        // Another may use the folder: all programs have ended.
        #expect(try eventually { try Command("flock", ["--nonblock", "\(folder)/lock", "true"]).status == 0 })
    }

    /// Sends SIGHUP, and waits until the same nginx has other workers.
    private func reload(_ service: Int32) throws {
        let nginx = try #require(try child(of: service, "nginx"))
        let before = try children(of: nginx)
        kill(service, SIGHUP)
        #expect(try eventually { try !children(of: nginx).isEmpty && before.isDisjoint(with: children(of: nginx)) })
        #expect(try child(of: service, "nginx") == nginx)
    }

    private func children(of parent: Int32) throws -> Set<Int32> {
        Set(try Command("pgrep", ["-P", String(parent)]).text.split(separator: "\n").compactMap { Int32($0) })
    }

    private func child(of parent: Int32, _ name: String) throws -> Int32? {
        let command = try Command("pgrep", ["-P", String(parent), "-x", name])
        return command.text.split(separator: "\n").first.flatMap { Int32($0) }
    }
}

/// How a service answers a list of images.
private func statusOfList(at port: Int) throws -> Int {
    let connection = try HTTPConnection(port: port)
    try connection.send("GET /v2/images HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    return try connection.receive().status
}
