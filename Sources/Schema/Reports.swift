extension Schema {
    /// A view of `sql/reports/`, with what its header says.
    package struct Report: Sendable {
        /// A column of the view, in the view's order.
        package struct Column: Sendable, Equatable {
            package let name: String
            package let meaning: String

            package init(name: String, meaning: String) { (self.name, self.meaning) = (name, meaning) }
        }

        /// The columns of a view by which its rows may be chosen; nil where the view has none.
        package struct Filters: Sendable, Equatable {
            /// The column of the project.
            package var project: String?
            /// The column of a moment, or of a day.
            package var time: String?
            /// Whether `time` is a day, so that only whole days can be chosen.
            package var areDays = false

            package init(project: String? = nil, time: String? = nil, areDays: Bool = false) {
                (self.project, self.time, self.areDays) = (project, time, areDays)
            }

            /// Reads `project=owner time=created_at`, or with `day=` in place of `time=`. What the line does not say follows from the usual
            /// names of columns.
            init(_ words: Substring, usualIn columns: [String]) {
                project = ["project", "owner"].first(where: columns.contains)
                time = ["created_at", "happened_at"].first(where: columns.contains)
                if let day = ["day", "month", "deleted_on"].first(where: columns.contains) { (time, areDays) = (day, true) }
                for word in words.split(separator: " ") {
                    let sides = word.split(separator: "=", maxSplits: 1).map(String.init)
                    guard sides.count == 2 else { continue }
                    switch sides[0] {
                    case "project": project = sides[1]
                    case "time": (time, areDays) = (sides[1], false)
                    case "day": (time, areDays) = (sides[1], true)
                    default: break
                    }
                }
            }
        }

        /// The name of the view, `report_…`.
        package let name: String
        /// The question that the view answers.
        package let question: String
        /// Paragraphs about what counts, each on one line.
        package let notes: [String]
        package let columns: [Column]
        /// The columns that `glance-manage report` filters by: its line `Filters` says so.
        package let filters: Filters
        /// A query that can be run as it is.
        package let example: String
        /// The lines of an answer to the example, with the names of the columns first.
        package let answer: [String]
        /// The statement that creates or replaces the view.
        package let sql: String
    }

    /// The views of this release, sorted by name. A view that reads another one has a name that sorts behind it, since they are made in this order.
    package static let reports: [Report] = [
        Report(PackageResources.report_account_images_sql),
        Report(PackageResources.report_accounting_sql),
        Report(PackageResources.report_deleted_not_purged_sql),
        Report(PackageResources.report_downloads_daily_sql),
        Report(PackageResources.report_duplicates_sql),
        Report(PackageResources.report_events_sql),
        Report(PackageResources.report_growth_daily_sql),
        Report(PackageResources.report_images_sql),
        Report(PackageResources.report_locations_sql),
        Report(PackageResources.report_missing_digests_sql),
        Report(PackageResources.report_properties_sql),
        Report(PackageResources.report_property_values_sql),
        Report(PackageResources.report_public_catalogue_sql),
        Report(PackageResources.report_sharing_sql),
        Report(PackageResources.report_stuck_sql),
        Report(PackageResources.report_tasks_sql),
        Report(PackageResources.report_unused_sql),
        Report(PackageResources.report_usage_by_project_sql),
        Report(PackageResources.report_usage_by_store_sql),
        Report(PackageResources.report_verification_sql),
    ].sorted { $0.name < $1.name }

    /// The names of views that earlier releases had and this one has not.
    package static let formerReports: [String] = []

    /// The accounting of a period, between `@since` and `@until`.
    package static let accountingOfPeriod = String(decoding: PackageResources.accounting_period_sql, as: UTF8.self)
}

extension Schema.Report {
    fileprivate init(_ file: [UInt8]) { self.init(text: String(decoding: file, as: UTF8.self)) }

    /// Reads a file of `sql/reports/`: a header of comments, then one statement.
    ///
    /// The header begins with `report_NAME: question`. The sections `Columns` and `Example` follow; paragraphs before them are notes. Lines of a
    /// section are indented by two blanks, continued lines by more. A paragraph `Filters  project=COLUMN time=COLUMN` (or `day=COLUMN`) names the
    /// columns by which `glance-manage report` chooses rows, if they are not the usual ones. In `Columns`, a name is followed by its meaning. In `Example`, the first
    /// line and what continues it are the query, the rest is the answer.
    package init(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let header = lines.prefix { $0.hasPrefix("--") }.map { line in
            var line = line.dropFirst(2)
            if line.first == " " { line = line.dropFirst() }
            return String(line)
        }
        let columnsStart = header.firstIndex(of: "Columns") ?? header.endIndex
        let exampleStart = header.firstIndex(of: "Example") ?? header.endIndex
        var paragraphs = header[..<min(columnsStart, exampleStart)].split(separator: "").map { $0.joined(separator: " ") }
        let title = paragraphs.isEmpty ? "" : paragraphs.removeFirst()
        let colon = title.firstIndex(of: ":") ?? title.endIndex
        name = String(title[..<colon])
        question = String(title[colon...].dropFirst().drop { $0 == " " })
        let filterLine = paragraphs.firstIndex { $0.hasPrefix("Filters ") }.map { paragraphs.remove(at: $0).dropFirst("Filters ".count) }
        notes = paragraphs
        columns = Self.section(header, after: columnsStart, before: exampleStart).map { entry in
            let name = entry[0].prefix { $0 != " " }
            let meaning = [entry[0].dropFirst(name.count)] + entry.dropFirst().map { $0[...] }
            return Column(name: String(name), meaning: meaning.map(Self.trimmed).joined(separator: " "))
        }
        filters = Filters(filterLine ?? "", usualIn: columns.map(\.name))
        let example = Self.section(header, after: exampleStart, before: header.endIndex)
        self.example = example.first?.map { Self.trimmed($0[...]) }.joined(separator: " ") ?? ""
        answer = example.dropFirst().flatMap(\.self)
        var statement = lines.drop { $0.hasPrefix("--") || $0.isEmpty }.joined(separator: "\n")[...]
        while let last = statement.last, last.isWhitespace || last == ";" { statement = statement.dropLast() }
        sql = String(statement)
    }

    /// The entries of a section, each with its continued lines.
    private static func section(_ header: [String], after start: Int, before end: Int) -> [[String]] {
        guard start < end else { return [] }
        var entries: [[String]] = []
        for line in header[(start + 1)..<end] where !line.isEmpty {
            if line.hasPrefix("   "), !entries.isEmpty {
                entries[entries.count - 1].append(String(line.dropFirst(2)))
            } else {
                entries.append([String(line.dropFirst(2))])
            }
        }
        return entries
    }

    private static func trimmed(_ text: Substring) -> String {
        let front = text.drop { $0 == " " }
        return String(front[..<(front.lastIndex { $0 != " " }.map(front.index(after:)) ?? front.startIndex)])
    }
}
