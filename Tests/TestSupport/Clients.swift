import Foundation

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
        let folder = try folder.get()
        let environment = ["PATH": "\(folder):/usr/bin:/bin", "HOME": TestFolder.root, "LC_ALL": "C.UTF-8", "COLUMNS": "500"]
        return try Command(
            "\(folder)/\(program)", arguments, environment: environment.merging(variables) { $1 }, input: input, hasTerminal: hasTerminal)
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
