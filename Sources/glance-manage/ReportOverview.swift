internal import Domain
internal import Foundation
internal import Persistence
internal import Reports
internal import Schema
internal import Text

/// The overview: key figures, plots and short tables of many reports. A report that cannot be read is named, and the others are shown.
final class ReportOverview {
    /// A key figure: the sum of a column, or the number of rows.
    struct KeyFigure {
        let name: String
        let view: String
        /// nil for the number of rows.
        var column: String?
        var unit = PlotUnit.count
        /// Only rows of so many last days, by the view's column of time.
        var days: Int?
        /// Whether any value but 0 needs somebody's attention.
        var isWarning = false
        var note = ""
    }

    /// A short table.
    struct Table {
        let title, note, view: String
        let columns: [String]
        /// Columns that are added up for each value of the others.
        var sums: [String] = []
        /// The column whose greatest values are shown.
        let order: String
        /// A column that must be NULL.
        var absent: String?
        /// Only rows of so many last days.
        var days: Int?
    }

    /// A table with its rows.
    private struct Filled {
        let table: Table
        let report: Schema.Report
        let columns: [ReportColumn]
        let rows: [[ReportValue]]
    }

    // swift-format-ignore
    static let keyFigures: [KeyFigure] = [
        KeyFigure(name: "Images", view: "report_usage_by_project", column: "images"),
        KeyFigure(name: "Stored", view: "report_usage_by_project", column: "stored_bytes", unit: .bytes),
        KeyFigure(name: "To be removed", view: "report_usage_by_project", column: "pending_deletion_bytes", unit: .bytes, note: "deleted, data still there"),
        KeyFigure(name: "Projects", view: "report_usage_by_project", note: "with images"),
        KeyFigure(name: "Downloads", view: "report_downloads_daily", column: "downloads", days: 30, note: "in 30 days"),
        KeyFigure(name: "Sent", view: "report_downloads_daily", column: "bytes", unit: .bytes, days: 30, note: "in 30 days"),
        KeyFigure(name: "Wasted", view: "report_duplicates", column: "wasted_bytes", unit: .bytes, note: "by equal images"),
        KeyFigure(name: "Stuck", view: "report_stuck", isWarning: true, note: "images in no final state"),
        KeyFigure(name: "Findings", view: "report_verification", column: "open_findings", isWarning: true, note: "of the verification, open"),
    ]

    // swift-format-ignore
    static let tables: [Table] = [
        Table(title: "Stuck images", note: "Begun and not ended for too long; `report stuck` has all.",
              view: "report_stuck", columns: ["image_id", "name", "owner", "status", "age_seconds", "reason"], order: "age_seconds"),
        Table(title: "Downloads of 30 days", note: "The images with the most bytes sent; `report downloads_daily` has all.",
              view: "report_downloads_daily", columns: ["image_id", "image_name", "owner"], sums: ["downloads", "bytes"], order: "bytes", days: 30),
        Table(title: "Never downloaded", note: "The greatest images that nobody has downloaded since use is recorded; `report unused` has all.",
              view: "report_unused", columns: ["image_id", "name", "owner", "size_bytes", "created_at", "age_days"], order: "size_bytes",
              absent: "last_downloaded_at"),
        Table(title: "Equal images", note: "Digests that several images have, and the bytes that they waste; `report duplicates` has all.",
              view: "report_duplicates", columns: ["digest_algorithm", "digest", "images", "owners", "wasted_bytes"], order: "wasted_bytes"),
    ]

    private static let rowsOfTable = 10

    private let reading: ReportReading
    private let snapshot: ReportSnapshot
    /// Reports that could not be read.
    private var troubles: [Fault] = []
    private var readParts = 0

    init(_ reading: ReportReading, _ snapshot: ReportSnapshot) { (self.reading, self.snapshot) = (reading, snapshot) }

    /// Reads a part of the overview. A report that is missing or forbidden is noted; any other fault ends the overview.
    private func part<Value>(_ body: () throws -> Value?) throws -> Value? {
        do {
            let value = try body()
            readParts += 1
            return value
        } catch let fault as Fault where [.notFound, .conflict, .forbidden].contains(fault.kind) {
            if !troubles.contains(where: { $0.message == fault.message }) { troubles.append(fault) }
            return nil
        }
    }

    /// Throws the first fault if nothing at all could be read.
    private func requireSomething() throws {
        if readParts == 0, let fault = troubles.first { throw fault }
    }

    /// The key figures with their values.
    private func values() throws -> [(figure: KeyFigure, value: Double)] {
        var values: [(KeyFigure, Double)] = []
        for figure in Self.keyFigures {
            guard let report = Schema.reports.first(where: { $0.name == figure.view }) else { continue }
            if let value = try part({ try value(of: figure, report) }) { values.append((figure, value)) }
        }
        return values
    }

    /// The condition for so many last days, today among them.
    private func last(_ days: Int, of report: Schema.Report) -> (column: String, moment: String)? {
        report.filters.time.map { ($0, "\(dayText(snapshot.now / 86400 - days + 1)) 00:00:00") }
    }

    private func value(of figure: KeyFigure, _ report: Schema.Report) throws -> Double? {
        var query = ReportQuery(figure.view, columns: figure.column == nil ? [report.columns[0].name] : [])
        query.sums = figure.column.map { [$0] } ?? []
        if let days = figure.days { query.since = last(days, of: report) }
        var value = 0.0
        try snapshot.rows(of: query, begin: { _ in }) { row in
            value += figure.column == nil ? 1 : row[0].double ?? 0
            return true
        }
        return value
    }

    /// Writes the key figures as rows: a short text.
    func write(_ writer: consuming some RowWriter) throws {
        let values = try values()
        try requireSomething()
        var writer = writer
        try writer.begin([
            ReportColumn("figure", .text), ReportColumn("value", .number), ReportColumn("unit", .text), ReportColumn("note", .text),
        ])
        for (figure, value) in values {
            let unit = figure.unit == .bytes ? "bytes" : ""
            try writer.row([.text(figure.name), .number(fixed(value, 0)), .text(unit), .text(figure.note)])
        }
        try writer.end()
    }

    /// Writes the page.
    func writePage() throws {
        // All is read before the first byte is written, so that a database that cannot be read leaves no half page.
        let tiles = try values().map { figure, value in
            HTMLPage.Tile(
                figure.name, figure.unit.text(value), note: figure.note, isWarning: figure.isWarning && value > 0)
        }
        var plots: [(figure: ReportFigure, svg: String, note: String)] = []
        for figure in ReportFigure.all where Schema.reports.contains(where: { $0.name == figure.view }) {
            if let plot = try part({ try figure.svg(snapshot, isWide: figure.isWide) }) { plots.append((figure, plot.svg, plot.note)) }
        }
        var tables: [Filled] = []
        for table in Self.tables {
            guard let report = Schema.reports.first(where: { $0.name == table.view }) else { continue }
            if let (columns, rows) = try part({ try rows(of: table, report) }), !rows.isEmpty {
                tables.append(Filled(table: table, report: report, columns: columns, rows: rows))
            }
        }

        if let table = try part({ try accounting() }) { tables.append(table) }
        try requireSomething()

        let page = HTMLPage(to: reading.output)
        try page.begin("Image service", subtitle: "What is there, who uses it, and what needs attention.", made: ReportReading.made)
        try page.tiles(tiles)
        try page.beginGrid()
        for plot in plots { try page.plot(plot.figure.title, note: plot.note, plot.svg, isWide: plot.figure.isWide) }
        try page.endGrid()
        for filled in tables {
            try page.beginSection(filled.table.title, note: filled.table.note)
            var writer = HTMLRows(to: reading.output, meanings: filled.report.meanings)
            try writer.begin(filled.columns)
            for row in filled.rows { try writer.row(row) }
            try writer.end()
            try page.endSection()
        }
        if !troubles.isEmpty {
            try page.beginSection("Not shown", note: "These reports could not be read.")
            for trouble in troubles { try page.paragraph(trouble.message) }
            try page.endSection()
        }
        try page.end()
    }

    /// The accounting of the last whole month; nil if nothing is in it.
    private func accounting() throws -> Filled? {
        guard let report = Schema.reports.first(where: { $0.name == "report_accounting" }) else { return nil }
        let now = CivilTime(seconds: snapshot.now)
        let until = CivilTime(year: now.year, month: now.month, day: 1)
        let since = CivilTime(seconds: CivilTime(year: now.year, month: now.month - 1, day: 1).seconds)
        let period = ReportPeriod(since: since.text(between: " "), until: until.text(between: " "), project: nil, limit: 10)
        var (columns, rows) = ([ReportColumn](), [[ReportValue]]())
        try snapshot.rows(
            of: period, sql: Schema.accountingOfPeriod, view: "report_account_images", begin: { columns = Array($0.prefix(4)) }
        ) { row in
            rows.append(Array(row.prefix(4)))
            return true
        }
        let table = Table(
            title: "Accounting of \(since.text().prefix(7))",
            note: "The projects with the most byte-hours; `report accounting` has all months, and any period exact to the second.",
            view: report.name, columns: [], order: "")
        return rows.isEmpty ? nil : Filled(table: table, report: report, columns: columns, rows: rows)
    }

    private func rows(of table: Table, _ report: Schema.Report) throws -> (columns: [ReportColumn], rows: [[ReportValue]]) {
        var query = ReportQuery(table.view, columns: table.columns)
        (query.sums, query.absent, query.order, query.limit) = (table.sums, table.absent, (table.order, true), Self.rowsOfTable)
        if let days = table.days { query.since = last(days, of: report) }
        var (columns, rows) = ([ReportColumn](), [[ReportValue]]())
        try snapshot.rows(of: query, begin: { columns = $0 }) { row in
            rows.append(row)
            return true
        }
        return (columns, rows)
    }
}

extension ReportReading {
    /// Prints the overview: a page, or the key figures alone.
    func overview(_ choice: ReportChoice) throws {
        try read(nil) { snapshot in
            let overview = ReportOverview(self, snapshot)
            switch choice.format {
            case .html: try overview.writePage()
            case .table: try overview.write(TableRows(to: output, on: Terminal()))
            case .csv: try overview.write(CSVRows(to: output))
            case .json: try overview.write(JSONRows(to: output))
            }
        }
    }

    /// Writes a plot onto a page, if there is anything to draw.
    func plot(_ figure: ReportFigure, _ page: HTMLPage, _ snapshot: ReportSnapshot) throws {
        guard let (svg, note) = try figure.svg(snapshot, isWide: true) else { return }
        try page.plot(figure.title, note: note, svg)
    }
}
