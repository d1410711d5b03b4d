internal import Assembly
internal import Domain
internal import Foundation
internal import Options
internal import OsloConfig
internal import Persistence
internal import Reports
internal import Schema

/// Reads reports from the database and writes them to standard output.
struct ReportReading {
    let reader: ReportReader
    private let migrations: Migrations
    private let seconds: Int
    let output = ReportOutput()

    /// Rows of a page if no limit is given: a browser shows many more slowly.
    private static let rowsOfPage = 1000

    init(_ arguments: ConfigurationArguments, within seconds: Int) throws {
        let database = try CompositionRoot(arguments.configuration(), program: "glance-manage").database
        (reader, migrations, self.seconds) = (ReportReader(database), Migrations(database), seconds)
    }

    /// Reads one state of the database. A fault ends the program with one sentence.
    func read(_ report: Schema.Report?, _ body: (ReportSnapshot) throws -> Void) throws {
        var interrupt: ReportInterrupt?
        do {
            try reader.read(within: seconds) { snapshot in
                interrupt = try ReportInterrupt(cancelling: reader, snapshot.connectionID)
                try body(snapshot)
            }
        } catch let fault as Fault {
            interrupt?.waitForEndIfInterrupted()
            // If rows went out already, those that were read since follow, so that no line is cut; the status says that more are missing.
            if output.hasWritten { try? output.flush() }
            OsloArguments.refuse(explained(fault, report), status: 1)
        }
    }

    /// Prints one report.
    func show(_ choice: ReportChoice) throws {
        guard let report = choice.report else { return }
        try read(report) { snapshot in
            switch choice.format {
            case .table: try write(choice, report, snapshot, TableRows(to: output, on: Terminal()))
            case .csv: try write(choice, report, snapshot, CSVRows(to: output))
            case .json: try write(choice, report, snapshot, JSONRows(to: output))
            case .html: try writePage(choice, report, snapshot)
            }
        }
    }

    private func write(
        _ choice: ReportChoice, _ report: Schema.Report, _ snapshot: ReportSnapshot, _ writer: consuming some RowWriter
    ) throws {
        var (writer, left) = (writer, choice.limit ?? .max)
        try rows(of: choice, report, snapshot, begin: { try writer.begin($0) }) { values in
            try writer.row(values)
            left -= 1
            return left > 0
        }
        try writer.end()
    }

    private func writePage(_ choice: ReportChoice, _ report: Schema.Report, _ snapshot: ReportSnapshot) throws {
        let page = HTMLPage(to: output)
        try page.begin(
            report.question, subtitle: ([choice.filterText] + report.notes).filter { !$0.isEmpty }.joined(separator: " · "),
            made: "\(report.name) · \(Self.made)")
        if choice.filterText.isEmpty, choice.columns == report.columns.map(\.name) {
            for figure in ReportFigure.all where figure.view == report.name { try plot(figure, page, snapshot) }
        }
        let most = choice.limit ?? Self.rowsOfPage
        var choice = choice
        choice.limit = most + 1
        try page.beginSection(report.name, note: "Bytes have units; the exact number is shown where the pointer rests. Times are UTC.")
        var table = HTMLRows(to: output, meanings: report.meanings)
        var count = 0
        try rows(of: choice, report, snapshot, begin: { try table.begin($0) }) { values in
            count += 1
            guard count <= most else { return false }
            try table.row(values)
            return true
        }
        try table.end()
        if count > most {
            try page.paragraph(
                "These are the first \(grouped(Int64(most))) rows; there are more. --limit shows more, and --format csv has all.")
        }
        try page.endSection()
        try page.end()
    }

    private func rows(
        of choice: ReportChoice, _ report: Schema.Report, _ snapshot: ReportSnapshot, begin: ([ReportColumn]) throws -> Void,
        row: ([ReportValue]) throws -> Bool
    ) throws {
        guard choice.isPeriodOfAccounting else { return try snapshot.rows(of: choice.query(report), begin: begin, row: row) }
        try snapshot.rows(
            of: ReportPeriod(since: choice.since?.moment, until: choice.until?.moment, project: choice.project, limit: choice.limit),
            sql: Schema.accountingOfPeriod, view: "report_account_images", begin: begin, row: row)
    }

    /// When and by what a page was made.
    static var made: String {
        let now = Date().formatted(.iso8601.year().month().day().timeZone(separator: .omitted).time(includingFractionalSeconds: false))
        return "made \(now) by \(OsloArguments.release)"
    }

    /// A fault as one sentence, with the reason why a view is missing if the database can tell it.
    private func explained(_ fault: Fault, _ report: Schema.Report?) -> String {
        guard fault.kind == .notFound || fault.kind == .conflict, let state = try? migrations.state(), !state.isComplete else {
            return fault.message
        }
        guard let revision = state.revisions.first else {
            return "The database has no tables of the image service; run `glance-manage db sync`."
        }
        return """
            The database is at an older revision (\(revision), and \(state.missing.count) migrations of this release are missing), so it has no \
            \(report?.name ?? "reports"); run `glance-manage db sync`.
            """
    }
}
