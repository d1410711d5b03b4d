internal import Glibc

/// A moment in UTC, to the second.
package struct Timestamp: Hashable, Sendable, CustomStringConvertible {
    package var year, month, day, hour, minute, second: Int

    package init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        (self.year, self.month, self.day) = (year, month, day)
        (self.hour, self.minute, self.second) = (hour, minute, second)
    }

    /// `2026-11-23T08:07:00Z`, as every record of the API shows it.
    package var description: String {
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(year)-\(two(month))-\(two(day))T\(two(hour)):\(two(minute)):\(two(second))Z"
    }

    /// Reads ISO 8601: a date, or date and time with `T` or a blank between, with a fraction (cut) and a zone (default UTC).
    ///
    /// - Returns: nil for anything else, and for a day or an hour that there is not.
    package init?(iso8601 text: String) {
        var reader = Reader(rest: text[...])
        guard let year = reader.digits(4), reader.skip("-"), let month = reader.digits(2), reader.skip("-"),
            let day = reader.digits(2)
        else { return nil }
        self.init(year: year, month: month, day: day)
        if reader.rest.isEmpty { guard isOnCalendar else { return nil }; return }

        guard reader.skip("T") || reader.skip(" "), let hour = reader.digits(2), reader.skip(":"), let minute = reader.digits(2)
        else { return nil }
        (self.hour, self.minute) = (hour, minute)
        if reader.skip(":") {
            guard let second = reader.digits(2) else { return nil }
            self.second = second
            if reader.skip(".") { guard reader.skipDigits() else { return nil } }
        }
        guard isOnCalendar, let offset = reader.zoneOffset(), reader.rest.isEmpty else { return nil }
        if offset != 0 { self = moved(bySeconds: -offset) }
    }

    private var isOnCalendar: Bool {
        year > 0 && 0..<24 ~= hour && 0..<60 ~= minute && 0..<60 ~= second && moved(bySeconds: 0) == self
    }

    private func moved(bySeconds offset: Int) -> Timestamp {
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

private struct Reader {
    var rest: Substring

    mutating func skip(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest.removeFirst()
        return true
    }

    mutating func digits(_ count: Int) -> Int? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        rest.removeFirst(count)
        return Int(digits)
    }

    mutating func skipDigits() -> Bool {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        rest.removeFirst(digits.count)
        return !digits.isEmpty
    }

    /// Seconds east of Greenwich: nothing, `Z`, `+02:00`, `+0200` or `+02`.
    mutating func zoneOffset() -> Int? {
        if rest.isEmpty || skip("Z") { return 0 }
        let sign = skip("+") ? 1 : skip("-") ? -1 : 0
        guard sign != 0, let hours = digits(2) else { return nil }
        _ = skip(":")
        let minutes = rest.isEmpty ? 0 : digits(2)
        guard let minutes, hours < 24, minutes < 60 else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}
