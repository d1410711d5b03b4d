import Foundation
import TestSupport
import Testing

/// Reports on a pseudo-terminal.
@Suite struct `A report on a terminal` {
    private static let database = Result {
        let database = try ReportDatabase.synced()
        let names = [
            "plain", "日本語の名前を持つとても長いイメージの名前", "a name that is very long and does not fit any terminal of the usual width at all",
            "\u{1b}[2J\u{1b}[31mred", "한국어",
        ]
        try database.add(
            names.enumerated().map { index, name in
                ReportImage(
                    id: "image-\(index)", name: name, owner: "project-\(index)", size: 5 << 30, created: 1_772_323_200 + index,
                    deleted: nil)
            })
        return database
    }

    private func lines(_ columns: Int, _ words: String...) throws -> (lines: [String], widths: [Int64]) {
        let database = try Self.database.get()
        let shown = try Referee.terminal(columns, ["\(TestGlance.programs)/glance-manage", "report"] + words, database.environment)
        #expect(shown["status"]?.int == 0)
        return (shown["lines"]?.array?.map { $0.string ?? "" } ?? [], shown["widths"]?.array?.map { $0.int ?? -1 } ?? [])
    }

    @Test(arguments: [40, 60, 80, 100, 200]) func `fits the width`(_ columns: Int) throws {
        for name in ["images", "account_images", "accounting", "growth_daily", "list"] {
            let (lines, widths) = try lines(columns, name)
            #expect(lines.count >= 3)
            #expect(widths.allSatisfy { $0 <= columns }, "\(name): \(zip(lines, widths).filter { $0.1 > columns })")
        }
    }

    @Test func `shortens texts and aligns what stands behind wide letters`() throws {
        let (lines, widths) = try lines(60, "images", "--columns", "name,owner,size_bytes", "--sort", "created_at")
        #expect(lines[3].contains("…") && lines[4].contains("…") && !lines[2].contains("…"))
        // The last column is one of numbers, so all rows end at the same place.
        #expect(Set(widths[0..<7]).count == 1)
        #expect(lines[2].hasSuffix("5.00 GiB") && lines.last == "5 rows")
        #expect(lines[5].hasPrefix("\\u{1b}[2J") && !lines.joined().contains("\u{1b}"))
    }

    @Test func `names the columns that have no room`() throws {
        let (lines, _) = try lines(60, "images")
        let end = lines.drop { $0 != "5 rows" }.joined(separator: " ")
        #expect(end.contains("columns are not shown") && end.contains("properties") && end.contains("--columns"))
    }
}
