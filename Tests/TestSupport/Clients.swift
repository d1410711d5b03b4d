import Foundation
import Stack

/// OpenStack's own clients, from PyPI.
package enum Clients {
    /// Where `make test` installs them.
    static let folder: Result<String, Missing> = {
        let folder = ProcessInfo.processInfo.environment["VITRINE_CLIENTS"] ?? "\(TestGlance.repository).build/clients/bin"
        let missing = ["openstack", "glance", "python3"].filter { !FileManager.default.isExecutableFile(atPath: "\(folder)/\($0)") }
        guard missing.isEmpty else { return .failure(Missing(folder: folder, programs: missing)) }
        return .success(folder)
    }()

    struct Missing: Error, CustomStringConvertible {
        let folder: String
        let programs: [String]
        var description: String {
            """
            \(programs.joined(separator: ", ")) not found in \(folder). `make .build/clients/.made` puts OpenStack's clients there; \
            VITRINE_CLIENTS names another folder of them.
            """
        }
    }

    /// Runs one of them.
    ///
    /// - Parameter variables: its environment for the service; the test's own is not passed on.
    package static func run(
        _ program: String, _ arguments: [String], _ variables: [String: String] = [:], input: [UInt8]? = nil, hasTerminal: Bool = false
    )
        throws
        -> Command
    {
        let streams = try Command.Streams(input: input, hasTerminal: hasTerminal)
        let call: [String: Any] = [
            "program": program, "arguments": arguments, "environment": try environment.merging(variables) { $1 },
            "input": streams.input, "output": streams.output, "errors": streams.errors, "seconds": 180,
        ]
        let server = try StreamSocket.connected(to: server.get())
        defer { close(server) }
        let line = try JSONSerialization.data(withJSONObject: call) + Data("\n".utf8)
        guard line.withUnsafeBytes({ StreamSocket.send($0, to: server) }) else { throw Command.Failed("the clients' server is gone") }
        var answer = [UInt8](repeating: 0, count: 16)
        var length = 0
        while length < answer.count, case let count = recv(server, &answer[length], answer.count - length, 0), count > 0 { length += count }
        guard let ended = CInt(String(decoding: answer[..<length], as: UTF8.self).dropLast()) else {
            throw Command.Failed("\(program) \(arguments.joined(separator: " ")): the clients' server did not answer")
        }
        return Command(ended, streams)
    }

    /// The socket of `clients.py`, which runs the clients.
    private static let server = Result {
        let socket = "\(TestFolder.root)/clients.sock"
        let log = "\(TestFolder.root)/clients.log"
        let process = try ChildProcess(
            "/usr/bin/env",
            ["-i"] + environment.map { "\($0)=\($1)" }
                + ["\(folder.get())/python3", "\(TestGlance.repository)Tests/TestSupport/clients.py", socket], output: log)
        guard eventually({ FileManager.default.fileExists(atPath: socket) || !process.isRunning }), process.isRunning else {
            throw Command.Failed("clients.py did not start: \((try? String(contentsOfFile: log, encoding: .utf8)) ?? "")")
        }
        return socket
    }

    private static var environment: [String: String] {
        get throws {
            ["PATH": "\(try folder.get()):/usr/bin:/bin", "HOME": TestFolder.root, "LC_ALL": "C.UTF-8", "COLUMNS": "500"]
        }
    }

    /// Runs a script of bash at a terminal, for five minutes at most. It finds these clients, our programs and the system's.
    package static func shell(_ script: String, _ variables: [String: String] = [:]) throws -> Command {
        let path = "\(try folder.get()):\(TestGlance.programs):/usr/bin:/bin"
        let environment = ["PATH": path, "HOME": TestFolder.root, "LC_ALL": "C.UTF-8", "COLUMNS": "200"]
        return try Command(
            "/usr/bin/timeout", ["300", "/bin/bash", script], environment: environment.merging(variables) { $1 }, hasTerminal: true,
            limit: 320)
    }
}

extension Command {
    /// Its output, as JSON.
    package var json: JSONValue {
        get throws {
            let value = (try? JSONValue(parsing: succeeded().output)) ?? .null
            guard value != .null else { throw Failed("no JSON: \(text)\(errors)") }
            return value
        }
    }
}
