import Foundation
import JSONDocument
import OsloConfig
import TestSupport

/// Answers of the real oslo.config, and the files that both read.
enum Oslo {
    /// - Parameter question: a function of `oslo.py`.
    static func answer(_ question: String, _ argument: JSON = .null) throws -> JSON {
        let script = "\(TestGlance.repository)Tests/ConfigurationTests/oslo.py"
        var input = JSONWriter()
        input.value(argument)
        return try PyPIGlance.run("python3", ["-W", "ignore", script, question], input: input.bytes).succeeded().json
    }

    /// An option of Glance 33 or of its libraries.
    struct Declared {
        let id: OptionName
        let group, name: String
        let fallback: JSON
        let former: [OptionName]
    }

    /// All of them.
    static func declared() throws -> [Declared] { try all.get() }

    private static let all = Result {
        try (answer("declared").array ?? []).map { option in
            let (group, name) = (option["group"]?.string ?? "", option["name"]?.string ?? "")
            return Declared(
                id: OptionName(group, name), group: group, name: name, fallback: option["default"] ?? .null,
                former: (option["former"]?.array ?? []).map { OptionName($0.array?[0].string ?? "", $0.array?[1].string ?? "") })
        }
    }
}

/// A configuration of files with these texts.
func configuration(_ texts: String..., known: [OptionKey] = []) throws -> Configuration {
    let folder = "\(TestFolder.root)/configuration-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let files = texts.indices.map { "\(folder)/\($0).conf" }
    for (file, text) in zip(files, texts) { try text.write(toFile: file, atomically: true, encoding: .utf8) }
    return try Configuration(files.map { .file($0) }, environment: [:], known: known)
}
