import Foundation
import Schema
import TestSupport
import Testing

/// What `glance-manage report` writes, read by Python's modules.
@Suite struct `A report` {
    /// Names as users choose them, some of them to do harm.
    static let names = [
        "plain", "with, comma; and \"quotes\"", "line\nbreak\r\nand\ttab", "=HYPERLINK(\"http://evil\")", "+1", "-1", "@SUM(A1)", "\t=1",
        "\r=1",
        "＝1", "'=1", "'plain", "", " =1", "日本語の名前", "é", "e\u{301}", "\u{1b}[31mred\u{7}", "\u{202e}txt.exe", "<script>alert(1)</script>",
        "a</title></svg><img src=x onerror=alert(1)>", "&amp; & &lt;", "\u{FFFE}", "=\u{301}1",
    ]

    private static let database = Result {
        let database = try ReportDatabase.synced()
        try database.add(
            names.enumerated().map { index, name in
                ReportImage(
                    id: "image-\(index)", name: name, owner: index % 2 == 0 ? name : "acme", size: Int64(index) << 30,
                    created: 1_772_323_200 + index)
            } + [ReportImage(id: "nameless", name: nil, owner: nil, size: nil, status: "queued", created: 1_772_323_300)])
        try database.execute(
            "INSERT INTO image_properties (image_id, name, value, created_at, deleted) VALUES ('image-0', 'os_distro', 'debian', NOW(), 0)")
        return database
    }

    private func report(_ words: String...) throws -> Command { try Self.database.get().manage(["report"] + words) }

    @Test func `as JSON has every value with its type`() throws {
        let rows = try report("images", "--sort", "created_at", "--format", "json").succeeded().json.array ?? []
        #expect(rows.count == Self.names.count + 1)
        #expect(rows.dropLast().map { $0["name"]?.string } == Self.names)
        #expect(rows[3]["size_bytes"]?.int == 3 << 30 && rows[3]["min_disk_gib"]?.int == 0)
        #expect(rows[3]["created_at"]?.string == "2026-03-01T00:00:03Z" && rows[3]["updated_at"] == .null)
        #expect(rows.last?["name"] == .null && rows.last?["owner"] == .null && rows.last?["size_bytes"] == .null)
        // JSON of the database is JSON of the report.
        #expect(rows[0]["properties"]?["os_distro"]?.string == "debian")
    }

    @Test func `as CSV gives every text back, and no formula`() throws {
        let report = try report("account_images", "--columns", "project,image_id,bytes,ended_at", "--sort", "created_at", "--format", "csv")
        let rows = try Referee.csv(report.succeeded().output)
        #expect(rows[0] == ["project", "image_id", "bytes", "ended_at"])
        let projects = rows.dropFirst().map { $0[0] }
        for project in projects {
            let first = project.unicodeScalars.first
            #expect(first.map { !["=", "+", "-", "@", "\t", "\r", "\n", "＝"].contains($0) } ?? true)
        }
        // An apostrophe at the beginning is taken off.
        let bare = projects.map { $0.hasPrefix("'") ? String($0.dropFirst()) : $0 }
        #expect(bare == Self.names.enumerated().map { $0 % 2 == 0 ? $1 : "acme" } + [""])
        #expect(rows.dropFirst().dropLast().map { $0[2] } == Self.names.indices.map { String($0 << 30) })
        // NULL is nothing, and an empty text is in quotes.
        #expect(report.text.hasSuffix("\r\n,\"nameless\",0,\r\n") && report.text.contains("\r\n\"\",\"image-12\","))
    }

    @Test func `as a table in a pipe is whole, and has no character that controls a terminal`() throws {
        let report = try report("images", "--columns", "image_id,name,size_bytes", "--sort", "created_at").succeeded()
        let lines = report.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == Self.names.count + 4)
        #expect(!report.output.contains { $0 < 0x20 && $0 != 0x0A || $0 == 0x7F } && !report.text.contains("\u{202e}"))
        #expect(lines.allSatisfy { !$0.hasSuffix(" ") })
        #expect(lines[4].contains("line\\nbreak\\r\\nand\\ttab"))
        // Exact numbers, at the right.
        #expect(lines[5].hasSuffix(" 3221225472") && lines[2].hasSuffix("  0"))
        #expect(Set(lines[2..<6].map { $0.utf8.count }).count == 1)
    }

    @Test(arguments: ["images", "growth_daily", "usage_by_project", "accounting", "overview"])
    func `as a page is well-formed, needs nothing from elsewhere, and shows names as names`(_ name: String) throws {
        let command = try report(name, "--format", "html").succeeded()
        let page = try Referee.page(command.output)
        #expect(page["open"]?.array == [] && page["wrong"]?.array == [] && page["outside"]?.array == [])
        #expect(page["tags"]?["script"] == nil && page["tags"]?["img"] == nil && page["tags"]?["body"]?.int == 1)
        #expect(!command.text.contains("<script") && command.text.contains("default-src 'none'"))
        // Every part of the overview could be read.
        #expect(page["words"]?.string?.contains("Not shown") == false)
        guard name == "images" else { return }
        let words = page["words"]?.string ?? ""
        #expect(words.contains("<script>alert(1)</script>") && words.contains("a</title></svg><img src=x onerror=alert(1)>"))
        #expect(words.contains("&amp; & &lt;") && words.contains("\\u{1b}[31mred"))
    }

    @Test func `as a page has so many rows, and says that there are more`() throws {
        let page = try Referee.page(report("images", "--format", "html", "--limit", "3").succeeded().output)
        #expect(page["tags"]?["tr"]?.int == 4 && page["words"]?.string?.contains("These are the first 3 rows") == true)
        let whole = try Referee.page(report("images", "--format", "html").succeeded().output)
        #expect(whole["tags"]?["tr"]?.int == Int64(Self.names.count + 2))
        #expect(whole["words"]?.string?.contains("These are the first") == false)
    }

    @Test(arguments: ["json", "csv", "table"]) func `without rows has its columns`(_ format: String) throws {
        let text = try report("images", "--columns", "image_id,name", "--project", "nobody", "--format", format).succeeded().text
        #expect(text == ["json": "[\n]\n", "csv": "image_id,name\r\n", "table": "image_id  name\n--------  ----\n"][format])
    }

    @Test func `of some rows has those of a project and a time`() throws {
        func ids(_ words: String...) throws -> [String] {
            let words = ["report", "images", "--columns", "image_id", "--sort", "created_at", "--format", "json"] + words
            return try Self.database.get().manage(words).succeeded().json.array?.map { $0["image_id"]?.string ?? "" } ?? []
        }
        #expect(try ids("--project", "acme").count == Self.names.count / 2)
        #expect(try ids("--project", "") == ["image-12", "nameless"])
        // The beginning belongs to the period, the end does not.
        #expect(
            try ids("--since", "2026-03-01T00:00:02", "--until", "2026-03-01 00:00:05Z") == ["image-2", "image-3", "image-4"])
        #expect(try ids("--since", "2026-03-01T00:00:02+00:00", "--limit", "1") == ["image-2"])
        #expect(try ids("--until", "2026-03-01").isEmpty)
    }

    @Test func `is sorted by a column`() throws {
        let rows = try report("images", "--columns", "image_id", "--sort", "size_bytes:desc", "--limit", "2", "--format", "csv").succeeded()
        #expect(rows.text == "image_id\r\n\"image-\(Self.names.count - 1)\"\r\n\"image-\(Self.names.count - 2)\"\r\n")
    }

    @Test func `is found in the list`() throws {
        let json = try report("list", "--format", "json").succeeded().json.array ?? []
        #expect(json.map { $0["name"]?.string } == ["overview"] + Schema.reports.map { String($0.name.dropFirst(7)) })
        #expect(json.allSatisfy { $0["question"]?.string?.contains("?") == true })
        let markdown = try report("list", "--format", "markdown").succeeded().text.split(separator: "\n")
        #expect(markdown.count == json.count + 2 && markdown.allSatisfy { $0.hasPrefix("| ") || $0.hasPrefix("|-") })
        #expect(try report("list").succeeded().text.split(separator: "\n").count == json.count + 2)
    }

    @Test(arguments: Schema.reports.map(\.name)) func `of every view can be read in every format`(_ name: String) throws {
        for format in ["table", "csv", "json", "html"] {
            let report = try report(name, "--format", format, "--limit", "5")
            #expect(report.status == 0 && report.errors.isEmpty, "\(name) \(format): \(report.errors)")
        }
        let columns = try #require(Schema.reports.first { $0.name == name }).columns.map(\.name)
        let rows = try Referee.csv(report(name, "--format", "csv", "--limit", "1").output)
        #expect(rows.first == columns)
    }
}
