internal import Domain
internal import Foundation
internal import Persistence
internal import Reports
internal import Schema

/// A plot of a report: what it shows, and how it is read from the view. A plot reads sums, so that its memory does not grow with the images.
struct ReportFigure {
    let view: String
    let title: String
    let note: String
    /// The column of days, or of names.
    let key: String
    let value: String
    let shape: Shape
    /// The unit of the values.
    let unit: PlotUnit
    /// Whether the overview shows it over the whole width.
    var isWide = false

    enum Shape {
        /// A line of what there is at the end of each day.
        case line
        /// A column of what happened on each day.
        case columns
        /// The greatest of all names.
        case bars
    }

    // swift-format-ignore
    static let all: [ReportFigure] = [
        ReportFigure(view: "report_growth_daily", title: "Growth", note: "Bytes of images at the end of each day (UTC).",
                     key: "day", value: "stored_bytes", shape: .line, unit: .bytes, isWide: true),
        ReportFigure(view: "report_growth_daily", title: "Images", note: "Images at the end of each day (UTC).",
                     key: "day", value: "images", shape: .line, unit: .count),
        ReportFigure(view: "report_usage_by_project", title: "Bytes by project", note: "What the images of each project store.",
                     key: "project", value: "stored_bytes", shape: .bars, unit: .bytes),
        ReportFigure(view: "report_usage_by_store", title: "Bytes by store", note: "What lies in each store.",
                     key: "store", value: "stored_bytes", shape: .bars, unit: .bytes),
        ReportFigure(view: "report_downloads_daily", title: "Downloads", note: "Bytes sent on each day (UTC).",
                     key: "day", value: "bytes", shape: .columns, unit: .bytes, isWide: true),
        ReportFigure(view: "report_accounting", title: "Byte-hours by month", note: "Bytes times hours of all projects; the last month is not over.",
                     key: "month", value: "byte_hours", shape: .columns, unit: .bytes),
    ]

    /// Rows that a plot reads at most; a report by day has one a day.
    private static let most = 20_000

    /// Reads the values and draws them.
    ///
    /// - Parameter isWide: whether the plot takes the width of the page.
    /// - Returns: nil if there is nothing to draw.
    func svg(_ snapshot: ReportSnapshot, isWide: Bool) throws -> (svg: String, note: String)? {
        var query = ReportQuery(view, columns: [key])
        query.sums = [value]
        query.limit = Self.most
        if shape == .bars { query.order = (value, true) }
        var (days, names) = ([(day: Int, value: Double)](), [(name: String, value: Double)]())
        try snapshot.rows(of: query, begin: { _ in }) { row in
            let number = row[1].double ?? 0
            if shape == .bars {
                names.append((row[0].text ?? "", number))
            } else if let day = row[0].text.flatMap(dayNumber) {
                days.append((day, number))
            }
            return true
        }
        if shape == .bars {
            let plot = BarPlot(names, unit, isWide: isWide, label: title)
            return names.contains { $0.value > 0 } ? (plot.svg, note) : nil
        }
        let plot = TimePlot(
            days, shape == .line ? .line : .columns, unit, columnDays: key == "month" ? 28 : 1, isWide: isWide, label: title)
        guard !plot.isEmpty, days.contains(where: { $0.value > 0 }) else { return nil }
        let reduced = plot.daysPerPoint > 1 ? " Each point stands for \(plot.daysPerPoint) days." : ""
        return (plot.svg, note + reduced)
    }
}
