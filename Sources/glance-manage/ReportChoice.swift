internal import Persistence
internal import Schema
internal import Text

/// What the command line asks for, checked before the database is asked.
struct ReportChoice {
    /// nil for the overview.
    let report: Schema.Report?
    let format: ReportCommand.Show.Format
    let columns: [String]
    let project: String?
    let since, until: ReportTime?
    let order: (column: String, isDescending: Bool)?
    var limit: Int?

    var isOverview: Bool { report == nil }
    /// Whether a period of the accounting is asked for, which is a statement of its own.
    var isPeriodOfAccounting: Bool { report?.name == "report_accounting" && (since != nil || until != nil) }

    init(_ show: ReportCommand.Show) throws {
        format = show.format
        guard show.timeout >= 0, show.timeout <= Self.longestTimeout else {
            throw ReportCommand.Refused("argument --timeout: \(show.timeout) is not from 0 to \(Self.longestTimeout)")
        }
        if let limit = show.limit, limit < 1 { throw ReportCommand.Refused("argument --limit: \(limit) is less than 1") }
        limit = show.limit
        since = try show.since.map { try ReportTime($0, of: "--since") }
        until = try show.until.map { try ReportTime($0, of: "--until") }
        if let since, let until, since.moment >= until.moment {
            throw ReportCommand.Refused("argument --until: \(until.moment) is not after --since, \(since.moment)")
        }
        project = show.project
        if show.name == ReportList.overview || show.name == "report_\(ReportList.overview)" {
            for (option, isGiven) in [
                ("--project", show.project != nil), ("--since", since != nil), ("--until", until != nil),
                ("--columns", show.columns != nil),
                ("--sort", show.sort != nil), ("--limit", limit != nil),
            ] where isGiven {
                throw ReportCommand.Refused("argument \(option): the overview shows everything; only single reports have \(option)")
            }
            (report, columns, order) = (nil, [], nil)
            return
        }
        let report = try Self.report(show.name)
        self.report = report
        try Self.check(report, hasProject: project != nil, since, until)
        let isPeriod = report.name == "report_accounting" && (since != nil || until != nil)
        let all = report.columns.map(\.name)
        if isPeriod, show.columns != nil || show.sort != nil {
            throw ReportCommand.Refused(
                "argument \(show.columns == nil ? "--sort" : "--columns"): accounting of a period has its own columns and order")
        }
        columns = try show.columns.map { try Self.columns($0, of: report, all) } ?? all
        order = try show.sort.map { try Self.order($0, of: report, all) }
    }

    private static let longestTimeout = 86400

    /// The report of a name, in any of the spellings that people try.
    private static func report(_ name: String) throws -> Schema.Report {
        let plain = name.lowercased().replacing("-", with: "_")
        let short = plain.hasPrefix("report_") ? String(plain.dropFirst("report_".count)) : plain
        if let report = Schema.reports.first(where: { $0.shortName == short }) { return report }
        let names = Schema.reports.map(\.shortName) + [ReportList.overview]
        let near = names.map { (distance: editDistance(Array(short.utf8), Array($0.utf8)), name: $0) }.min { $0.distance < $1.distance }
        let isNear = near.map { $0.distance <= max(2, short.utf8.count / 3) } ?? false
        let hint = isNear ? "; did you mean \(near!.name)?" : "."
        throw ReportCommand.Refused("there is no report '\(name)'\(hint) `glance-manage report list` names all")
    }

    /// Checks that the report has the filters that are given.
    private static func check(_ report: Schema.Report, hasProject: Bool, _ since: ReportTime?, _ until: ReportTime?) throws {
        func refuse(_ option: String, _ column: String, _ having: (Schema.Report) -> Bool) -> ReportCommand.Refused {
            let names = Schema.reports.filter(having).map(\.shortName).joined(separator: ", ")
            return ReportCommand.Refused(
                "argument \(option): the report \(report.shortName) has no \(column) to choose by; these have one: \(names)")
        }
        if hasProject, report.filters.project == nil { throw refuse("--project", "project") { $0.filters.project != nil } }
        for (option, time) in [("--since", since), ("--until", until)] {
            guard let time else { continue }
            guard report.filters.time != nil else { throw refuse(option, "time") { $0.filters.time != nil } }
            // The accounting of a period is exact to the second, though its view has months.
            if report.filters.areDays, !time.isDay, report.name != "report_accounting" {
                throw ReportCommand.Refused("argument \(option): the report \(report.shortName) has whole days; give a date alone")
            }
        }
    }

    private static func columns(_ text: String, of report: Schema.Report, _ all: [String]) throws -> [String] {
        let names = text.split(separator: ",").map { trimmed($0) }
        guard !names.isEmpty else { throw ReportCommand.Refused("argument --columns: no column is named") }
        for name in names where !all.contains(name) { throw unknown(name, "--columns", report, all) }
        return names
    }

    private static func order(_ text: String, of report: Schema.Report, _ all: [String]) throws -> (String, Bool) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard let name = parts.first, all.contains(name) else { throw unknown(parts.first ?? "", "--sort", report, all) }
        guard parts.count == 1 || ["asc", "desc"].contains(parts[1]) else {
            throw ReportCommand.Refused("argument --sort: '\(parts[1])' is neither asc nor desc")
        }
        return (name, parts.last == "desc" && parts.count == 2)
    }

    private static func unknown(_ name: String, _ option: String, _ report: Schema.Report, _ all: [String]) -> ReportCommand.Refused {
        .init("argument \(option): the report \(report.shortName) has no column '\(name)'; it has \(all.joined(separator: ", "))")
    }

    private static func trimmed(_ text: Substring) -> String { String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }

    /// What to read of the view.
    func query(_ report: Schema.Report) -> ReportQuery {
        var query = ReportQuery(report.name, columns: columns)
        if let project, let column = report.filters.project { query.project = (column, project) }
        if let since, let column = report.filters.time { query.since = (column, since.moment) }
        if let until, let column = report.filters.time { query.until = (column, until.moment) }
        query.order = order
        query.limit = limit
        query.json = Set(report.columns.filter { $0.meaning.contains("JSON") }.map(\.name))
        return query
    }

    /// The filters as a sentence for a page; empty if there are none.
    var filterText: String {
        [
            project.map { $0.isEmpty ? "without a project" : "project \($0)" }, since.map { "from \($0.moment)" },
            until.map { "before \($0.moment)" },
        ].compactMap(\.self).joined(separator: ", ")
    }
}

/// A moment of the command line, in UTC.
struct ReportTime {
    /// `2026-11-23 08:07:00`.
    let moment: String
    /// Whether it is a midnight.
    let isDay: Bool

    /// Reads an ISO 8601 date, or a date and a time of whole minutes or seconds. What follows the time may be `Z` or `+00:00`, as all times are UTC.
    init(_ text: String, of option: String) throws {
        var rest = text.uppercased()
        for end in ["Z", "+00:00"] where rest.hasSuffix(end) && rest.count > 10 {
            rest.removeLast(end.count)
            break
        }
        let whole =
            switch rest.utf8.count {
            case 10: rest + "T00:00:00"
            case 16: rest + ":00"
            default: rest
            }
        let spelled = whole.utf8.count == 19 ? whole.replacing(" ", with: "T", maxReplacements: 1) : ""
        // CivilTime takes the 31st of every month, and a 60th second.
        guard let time = CivilTime(prefixOf: spelled), CivilTime(seconds: time.seconds) == time, time.year >= 1000 else {
            throw ReportCommand.Refused(
                "argument \(option): '\(text)' is not a time; give 2026-11-23 or 2026-11-23T08:07:00, in UTC")
        }
        moment = time.text(between: " ")
        isDay = time.hour == 0 && time.minute == 0 && time.second == 0
    }
}
