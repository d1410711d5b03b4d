import Foundation
import TestSupport

/// The examples of a document that are run: fenced `sh` blocks with the line `<!-- run -->` above them.
///
/// The blocks of a page are run as one script, in order, so that a later one sees what an earlier one did. They run in an empty folder with a
/// `disk.qcow2`, as a user of a service that asks nobody who they are. A command that ends with another status than 0 ends the script.
struct Example {
    let page: String
    /// The blocks at the lines that they have in the page, so that the shell's line numbers are the page's.
    let script: String

    static let marker = "<!-- run -->"

    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    /// - Returns: nil for a page without marked blocks.
    init?(page: String, text: String) throws(Malformed) {
        var lines: [String] = []
        var (isMarked, isInside, hasAny) = (false, false, false)
        for (number, line) in text.components(separatedBy: "\n").enumerated() {
            switch (isInside, line) {
            case (true, "```"):
                isInside = false
                lines.append("")
            case (true, _): lines.append(line)
            case (false, Self.marker):
                isMarked = true
                lines.append("")
            case (false, "```sh") where isMarked:
                (isMarked, isInside, hasAny) = (false, true, true)
                lines.append("")
            default:
                guard !isMarked else { throw Malformed(description: "\(page):\(number + 1): \(Self.marker) stands above no ```sh block") }
                lines.append("")
            }
        }
        guard !isInside, !isMarked else { throw Malformed(description: "\(page): the last block has no end") }
        guard hasAny else { return nil }
        (self.page, script) = (page, lines.joined(separator: "\n"))
    }

    /// - Throws: where it ends with another status than 0: page, line, command and what it wrote.
    func run(at glance: TestGlance) throws {
        let folder = "\(TestFolder.root)/example-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(Made.qcow2.all).write(to: URL(filePath: "\(folder)/disk.qcow2"))
        let here = script.replacing("127.0.0.1:9292", with: "127.0.0.1:\(glance.port)").replacing(
            "/etc/glance/glance-api.conf", with: glance.configurationFile)
        // The first line of a page is its title, so it is free.
        let setting =
            #"set -eE -o pipefail; trap 'echo "line $LINENO: $BASH_COMMAND: status $?"' ERR; trap 'echo "line $LINENO: it did not end"' TERM; cd '\#(folder)'"#
        let file = "\(folder)/script"
        try (setting + here).write(toFile: file, atomically: true, encoding: .utf8)
        let command = try Clients.shell(file, ["OS_AUTH_TYPE": "none", "OS_ENDPOINT": glance.address])
        guard command.status == 0 else { throw Command.Failed("\(page): \(command.text)\(command.errors)") }
    }
}
