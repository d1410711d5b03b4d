internal import Glibc

/// A moment in UTC, to the second.
package struct Timestamp: Hashable, Sendable, CustomStringConvertible {
    package var year, month, day, hour, minute, second: Int

    package init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        (self.year, self.month, self.day) = (year, month, day)
        (self.hour, self.minute, self.second) = (hour, minute, second)
    }

    /// `2026-11-23T08:07:00Z`, the form of every record in the API.
    package var description: String {
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let year = String(repeating: "0", count: max(0, 4 - String(year).count)) + String(year)
        return "\(year)-\(two(month))-\(two(day))T\(two(hour)):\(two(minute)):\(two(second))Z"
    }

    /// Reads ISO 8601 and drops a fraction of a second.
    ///
    /// - Returns: nil for any other text, and for a day or an hour that does not exist.
    package init?(iso8601 text: String) {
        guard let moment = ISO8601(text)?.moment else { return nil }
        self = moment
    }

    var isOnCalendar: Bool {
        year > 0 && 0..<24 ~= hour && 0..<60 ~= minute && 0..<60 ~= second && moved(bySeconds: 0) == self
    }

    func moved(bySeconds offset: Int) -> Timestamp {
        var fields = tm()
        (fields.tm_year, fields.tm_mon, fields.tm_mday) = (CInt(year - 1900), CInt(month - 1), CInt(day))
        (fields.tm_hour, fields.tm_min, fields.tm_sec) = (CInt(hour), CInt(minute), CInt(second))
        var moment = timegm(&fields) + offset
        gmtime_r(&moment, &fields)
        return Timestamp(
            year: Int(fields.tm_year) + 1900, month: Int(fields.tm_mon) + 1, day: Int(fields.tm_mday),
            hour: Int(fields.tm_hour), minute: Int(fields.tm_min), second: Int(fields.tm_sec))
    }
}
