import Foundation
import Schema
import TestSupport
import Testing

/// The part of `docs/reports.md` that is made of the headers of `sql/reports/`.
@Suite struct `The reference of the views` {
    @Test func `is that of the headers`() throws {
        let page = try String(contentsOfFile: "\(TestGlance.repository)docs/reports.md", encoding: .utf8)
        let start = try #require(page.range(of: "## Views\n"))
        let fresh = page[..<start.lowerBound] + Schema.reportsReference
        guard page != fresh else { return }
        let path = "\(TestGlance.repository).build/reports.md"
        try fresh.write(toFile: path, atomically: true, encoding: .utf8)
        Issue.record("docs/reports.md is not that of sql/reports/ any more: cp \(path) docs/reports.md")
    }
}
