import Foundation
import Stack
import TestSupport

/// A host after a deployment tool has run: its files, its commands, and the service that runs on them.
final class Deployment {
    /// The folder that stands for `/etc/glance`: the default place of configuration files.
    private let etc: String
    private let home: String
    private let log: String
    private let port: Int
    private let keystone: Keystone
    /// The tool's files, beside these tests.
    private let source: String
    private var site: Site?

    /// A line of a tool's `commands`: the expected status, and the arguments.
    struct Step: CustomStringConvertible {
        let status: Int32
        let words: [String]
        var description: String { words.joined(separator: " ") }
    }

    init(_ tool: String, keystone: Keystone) throws {
        home = "\(TestFolder.root)/\(tool)-\(UInt32.random(in: 0 ... .max))"
        (etc, log, source) = ("\(home)/.glance", "\(home)/log", "\(TestGlance.repository)Tests/Deployments/\(tool)")
        (port, self.keystone) = (try freePort(), keystone)
        for folder in [etc, log, "\(home)/lib"] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        let server = try SharedMariaDB.running()
        let database = "d\(UInt32.random(in: 0 ... .max))"
        try server.createDatabase(database)
        for name in try FileManager.default.contentsOfDirectory(atPath: source) where !["commands", "warnings"].contains(name) {
            let text = try String(contentsOfFile: "\(source)/\(name)", encoding: .utf8)
            try filled(text, database: server.url(of: database)).write(toFile: "\(etc)/\(name)", atomically: true, encoding: .utf8)
        }
    }

    /// A tool's text with the folders and addresses of this host.
    private func filled(_ text: String, database: String = "") -> String {
        let host = keystone.address.replacing("/v3", with: "")
        let values = [
            "{etc}": etc, "{log}": log, "{lib}": "\(home)/lib", "{database}": database, "{keystone}": host,
            "{address}": "http://127.0.0.1:\(port)",
        ]
        return values.reduce(text) { $0.replacing($1.key, with: $1.value) }
    }

    /// The commands of the tool, in order.
    func steps() throws -> [Step] {
        try lines(of: "commands").map { line in
            let words = filled(line).split(separator: " ").map(String.init)
            guard let status = Int32(words[0]), words.count > 1 else { throw Unexpected("no status and command: \(line)") }
            return Step(status: status, words: Array(words.dropFirst()))
        }
    }

    /// The expected warnings and errors in the log, each by some of its words; those behind `?` are optional.
    func warnings() throws -> [String] { try lines(of: "warnings").map { filled($0) } }

    private func lines(of file: String) throws -> [String] {
        try String(contentsOfFile: "\(source)/\(file)", encoding: .utf8).split(separator: "\n").map(String.init)
            .filter { !$0.hasPrefix("#") }
    }

    private var environment: [String: String] { ["HOME": home, "PATH": "/usr/bin:/usr/sbin:/bin:/sbin"] }

    /// The smaller programs are links to one program, where `make build` puts them.
    func run(_ step: Step) throws -> Command {
        let isOwn = step.words[0] == "glance-manage"
        let (program, words) = isOwn ? (step.words[0], Array(step.words.dropFirst())) : ("glance-tools", step.words)
        return try Command("\(TestGlance.programs)/\(program)", words, environment: environment)
    }

    /// How the tool starts the service: without naming its files, or with those that its commands name.
    private func arguments() throws -> [String] {
        guard let words = try steps().last?.words else { return [] }
        return words.indices.filter { ["--config-dir"].contains(words[$0]) }.flatMap { [words[$0], words[$0 + 1]] }
    }

    /// Starts the service, and waits until it answers.
    func start() throws {
        let arguments = try arguments()
        let nginx = try Command("\(TestGlance.programs)/glance-manage", ["nginx"] + arguments, environment: environment).succeeded()
        var settings = Site.Settings(
            folder: "\(home)/site", programs: TestGlance.programs, nginxFolder: TestGlance.repository + "/nginx",
            configuration: arguments,
            blobs: nginx.text.matches(of: /location (\/\S+)\/ \{\s*alias\s+"([^"]+)\/";/).map { (String($0.1), String($0.2)) },
            port: port, workers: 1)
        settings.environment = environment
        let site = Site(settings)
        self.site = site
        try site.start()
        try site.waitUntilReady()
    }

    func stop() { site?.stop() }

    func ask(_ method: String, _ path: String, token: String, _ headers: [String: String] = [:], body: [UInt8] = []) throws -> Reply {
        let connection = try HTTPConnection(port: port)
        var fields = ["Host": "127.0.0.1:\(port)", "Connection": "close", "X-Auth-Token": token, "Content-Length": String(body.count)]
        fields.merge(headers) { $1 }
        let lines = fields.map { "\($0.key): \($0.value)\r\n" }.joined()
        try connection.send(Array("\(method) \(path) HTTP/1.1\r\n\(lines)\r\n".utf8) + body)
        return try connection.receive()
    }

    /// The warnings and errors of the service, in files and on standard output, each once.
    func said() throws -> Set<String> {
        var lines: Set<String> = []
        for folder in [log, "\(home)/site/log"] {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                let text = String(decoding: FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data(), as: UTF8.self)
                for line in text.split(separator: "\n") {
                    if let found = line.firstMatch(of: /(WARNING|ERROR|CRITICAL) (.*)/) { lines.insert(String(found.2)) }
                }
            }
        }
        return lines
    }
}
