import Foundation

/// The real Glance and its libraries, from PyPI: the reference for the behaviour of oslo, SQLAlchemy and Glance.
package enum PyPIGlance {
    /// Where `make test` installs it.
    private static let folder = ProcessInfo.processInfo.environment["VITRINE_GLANCE"] ?? "\(TestGlance.repository).build/glance"

    /// Runs one of its programs (`python3`, `glance-manage`, …), whose environment is `variables` and a PATH.
    package static func run(
        _ program: String, _ arguments: [String], _ variables: [String: String] = [:], input: [UInt8]? = nil
    ) throws -> Command {
        let path = "\(folder)/bin/\(program)"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw Command.Failed("\(path) is not there. `make .build/glance/.made` installs it; VITRINE_GLANCE names another folder.")
        }
        let environment = ["PATH": "\(folder)/bin:/usr/bin:/bin", "HOME": TestFolder.root, "LC_ALL": "C.UTF-8"]
        return try Command(path, arguments, environment: environment.merging(variables) { $1 }, input: input)
    }

    /// The JSON output of a Python program.
    package static func answer(to script: String, _ arguments: [String] = []) throws -> JSONValue {
        try run("python3", ["-c", script] + arguments).json
    }
}
