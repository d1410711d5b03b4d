internal import Text

/// A calendar axis: days since 1970, and which of them have a label.
struct DayScale {
    let first, last: Int
    let ticks: [(day: Int, label: String)]

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    /// Labels that fit beside each other.
    private static let most = 8

    init(_ first: Int, _ last: Int) {
        (self.first, self.last) = (first, max(last, first))
        ticks = Self.byDays(first, last) ?? Self.byMonths(first, last)
    }

    private static func byDays(_ first: Int, _ last: Int) -> [(day: Int, label: String)]? {
        for step in [1, 2, 7, 14] where (last - first) / step < most {
            return stride(from: first, through: last, by: step).map { day in
                let date = CivilTime(seconds: day * 86400)
                return (day, "\(months[date.month - 1]) \(date.day)")
            }
        }
        return nil
    }

    private static func byMonths(_ first: Int, _ last: Int) -> [(day: Int, label: String)] {
        let (start, end) = (month(of: first), month(of: last))
        let steps = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600]
        let step = steps.first { (end - start) / $0 < most } ?? 1200
        var ticks: [(Int, String)] = []
        for month in start...end where month % step == 0 {
            let day = CivilTime(year: month / 12, month: month % 12 + 1, day: 1).seconds / 86400
            guard day >= first else { continue }
            let name = step >= 12 ? "" : months[month % 12]
            // The year stands at its first label.
            let showsYear = step >= 12 || month % 12 == 0 || ticks.isEmpty
            ticks.append((day, [name, showsYear ? "\(month / 12)" : ""].filter { !$0.isEmpty }.joined(separator: " ")))
        }
        return ticks
    }

    /// Months since year 0.
    private static func month(of day: Int) -> Int {
        let date = CivilTime(seconds: day * 86400)
        return date.year * 12 + date.month - 1
    }
}

/// The number of days since 1970 of a text that begins with a day: `2026-11-23`.
package func dayNumber(_ text: String) -> Int? {
    CivilTime(prefixOf: text.prefix(10) + "T00:00:00").map { $0.seconds / 86400 }
}

/// The day of a number of days since 1970: `2026-11-23`.
package func dayText(_ day: Int) -> String { String(CivilTime(seconds: day * 86400).text().prefix(10)) }
