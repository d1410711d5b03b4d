import Schema
import TestSupport
import Testing

/// The headers of `sql/reports/`, which the documents and `glance-manage report list` show.
@Suite struct `The header of a view` {
    @Test(arguments: Schema.reports.map(\.name)) func `says everything`(_ name: String) throws {
        let report = try #require(Schema.reports.first { $0.name == name })
        #expect(report.name.hasPrefix("report_") && report.question.hasSuffix("?") && !report.columns.isEmpty)
        #expect(report.columns.allSatisfy { !$0.name.isEmpty && !$0.meaning.isEmpty })
        #expect(report.example.hasPrefix("SELECT ") && report.example.contains(" \(name)"))
        #expect(!report.answer.isEmpty)
        #expect(report.sql.hasPrefix("CREATE OR REPLACE SQL SECURITY DEFINER VIEW \(name) AS"))
        #expect(!report.sql.hasSuffix(";"))
    }

    @Test func `is read with its continued lines`() {
        let report = Schema.Report(
            text: """
                -- report_x: What is
                -- there?
                --
                -- A note
                -- of two lines.
                --
                -- Columns
                --   id     the thing,
                --          which is one
                --   bytes  its size
                --
                -- Example
                --   SELECT id
                --     FROM report_x
                --   id
                --   1
                CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_x AS
                SELECT 1 AS id, 2 AS bytes;

                """)
        #expect(report.name == "report_x" && report.question == "What is there?" && report.notes == ["A note of two lines."])
        #expect(report.columns == [.init(name: "id", meaning: "the thing, which is one"), .init(name: "bytes", meaning: "its size")])
        #expect(report.example == "SELECT id FROM report_x" && report.answer == ["id", "1"])
        #expect(report.sql == "CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_x AS\nSELECT 1 AS id, 2 AS bytes")
    }
}
