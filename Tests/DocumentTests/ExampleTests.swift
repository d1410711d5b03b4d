import Foundation
import TestSupport
import Testing

/// What the documents show can be done so.
@Suite(.serialized) struct `Examples in the documents` {
    /// Every page that a reader meets, by its path in the repository.
    private static let pages: [String] = {
        let folder = TestGlance.repository
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)docs")) ?? []
        return ["README.md", "CONTRIBUTING.md"].filter { FileManager.default.fileExists(atPath: "\(folder)\($0)") }
            + names.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
    }()

    private static func text(_ page: String) throws -> String {
        try String(contentsOfFile: "\(TestGlance.repository)\(page)", encoding: .utf8)
    }

    @Test(arguments: pages)
    func `run as they are written`(_ page: String) throws {
        guard let example = try Example(page: page, text: try Self.text(page)) else { return }
        try example.run(at: try TestGlance(identity: "none", workers: 1, runsTasks: true, runsRegistry: true))
    }

    @Test func `are there`() throws {
        #expect(try Self.pages.contains { try Self.text($0).contains(Example.marker) })
    }

    @Test func `that fail are told with page, line and output`() throws {
        let page = "# Title\n\n<!-- run -->\n```sh\ntrue\n```\n\ntext\n\n<!-- run -->\n```sh\necho seen\nls disk.qcow2 nowhere\n```\n"
        let example = try #require(try Example(page: "docs/made.md", text: page))
        let glance = try TestGlance(identity: "none", workers: 1)
        let failure = #expect(throws: Command.Failed.self) { try example.run(at: glance) }
        let told = failure?.description ?? ""
        for part in ["docs/made.md", "line 13: ls disk.qcow2 nowhere: status 2", "seen\n", "'nowhere'"] {
            #expect(told.contains(part), "\(told)")
        }
    }

    @Test(arguments: [
        "<!-- run -->\n\n```sh\ntrue\n```\n", "<!-- run -->\n```\ntrue\n```\n", "<!-- run -->\n```sh\ntrue\n", "<!-- run -->",
    ])
    func `that are marked wrongly are told`(_ text: String) {
        #expect(throws: Example.Malformed.self) { try Example(page: "docs/made.md", text: text) }
    }
}
