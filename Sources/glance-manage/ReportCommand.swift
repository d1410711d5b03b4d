internal import ArgumentParser
internal import Foundation
internal import JSONDocument
internal import Options
internal import Reports
internal import Schema

/// `report`: prints what the views of `sql/reports/` answer.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Prints reports on the images, their use and their projects.",
        discussion: "`report list` names them; `report overview --format html` makes a page with the plots and tables of all.",
        subcommands: [List.self, Show.self], defaultSubcommand: Show.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the reports: name, the question that it answers, filters.", discussion: "It asks no database.")

        @Option(help: "The format of the list.")
        var format = ReferenceFormat.table

        func run() throws {
            let output = ReportOutput()
            try ReportCommand.quietly {
                switch format {
                case .table: try ReportList.table(to: output)
                case .markdown: try output.write(ReportList.markdown)
                case .json: try output.write(String(decoding: ReportList.json.text, as: UTF8.self) + "\n")
                }
                try output.flush()
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a report.",
            discussion: """
                On a terminal, a table fits the width and bytes have units; elsewhere every value is whole. In CSV, a text that a spreadsheet could take \
                for a formula has an apostrophe in front, and so has one that begins with an apostrophe; JSON has the bare texts. A report \
                reads one state of the database and holds no locks.
                """)
        @OptionGroup var arguments: ConfigurationArguments

        @Argument(help: "The report, as `report list` names it, with or without report_; overview for a page of all.")
        var name: String

        @Option(help: "Only this project; an empty name for rows without a project.")
        var project: String?

        @Option(help: "Only from this time on: 2026-11-23 or 2026-11-23T08:07:00, in UTC.")
        var since: String?

        @Option(help: "Only before this time.")
        var until: String?

        @Option(help: "The format: table, csv, json or html.")
        var format = Format.table

        @Option(help: "At most this many rows. (default: all; 1000 for html)")
        var limit: Int?

        @Option(help: "Only these columns, separated by commas, in this order.")
        var columns: String?

        @Option(help: "Sort by this column; name:desc for the greatest first.")
        var sort: String?

        @Option(help: "Seconds that the database may take for a statement; 0 for any.")
        var timeout = 600

        enum Format: String, ExpressibleByArgument, CaseIterable {
            case table, csv, json, html
        }

        func run() throws {
            try ReportCommand.quietly {
                let choice = try ReportChoice(self)
                let reading = try ReportReading(arguments, within: timeout)
                if choice.isOverview { try reading.overview(choice) } else { try reading.show(choice) }
            }
        }
    }

    /// Something on the command line that is wrong. The program ends with 2.
    struct Refused: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }

    /// Runs a body. A reader of the output that wants no more ends the program without a word, as SIGPIPE would; an error is one sentence.
    static func quietly(_ body: () throws -> Void) throws {
        signal(SIGPIPE, SIG_IGN)
        do {
            try body()
        } catch OutputError.closed {
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
        } catch let error as OutputError {
            OsloArguments.refuse("\(error)", status: 1)
        } catch let refusal as Refused {
            OsloArguments.refuse(refusal.reason)
        }
    }
}
