import Foundation
import TestSupport

/// The programs that operators call by Glance's names: ours, and those of PyPI.
enum Tool {
    static func run(
        _ name: String, _ arguments: [String], _ variables: [String: String] = [:], input: [UInt8]? = nil
    ) throws -> Command {
        let environment = ["PATH": "/usr/bin:/bin", "HOME": TestFolder.root]
        return try Command(
            "\(TestGlance.programs)/glance-tools", [name] + arguments, environment: environment.merging(variables) { $1 }, input: input)
    }
}
