internal import Glibc

/// When a new log file begins, and how many old ones are kept. Source: oslo.log, and Python's `logging.handlers`.
package enum LogRotation: Sendable {
    case never
    /// Old files are called `….1` (the newest) to `….<kept>`.
    case bySize(bytes: Int, kept: Int)
    /// The name of an old file ends with the beginning of its interval. No file is removed if `kept` is 0.
    case byTime(LogInterval, kept: Int)

    package enum Unit: String, CaseIterable, Sendable {
        case seconds = "Seconds"
        case minutes = "Minutes"
        case hours = "Hours"
        case days = "Days"
        /// A day of the week, from 0 for Monday.
        case weekday = "Weekday"
        case midnight = "Midnight"
    }
}

/// The time that one log file covers.
package struct LogInterval: Sendable {
    /// Number of units; for `weekday`, the number of the day.
    let count: Int
    let unit: LogRotation.Unit

    package init(count: Int, unit: LogRotation.Unit) { (self.count, self.unit) = (count, unit) }

    /// When a file that was begun at a moment is to be rotated.
    func end(after begin: time_t) -> time_t {
        guard let seconds else { return midnight(after: begin) }
        return begin + seconds * count
    }

    /// The end of the name of a file that was rotated at `end`.
    func suffix(endedAt end: time_t) -> String {
        var begin = end - (seconds ?? 0) * count
        if seconds == nil {
            var fields = localTime(end)
            fields.tm_mday -= unit == .weekday ? 7 : CInt(count)
            fields.tm_isdst = -1
            begin = mktime(&fields)
        }
        return text(of: begin)
    }

    private func text(of moment: time_t) -> String {
        var fields = localTime(moment)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, form, &fields)
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether a text is such a suffix, with or without a number behind it.
    func isSuffix(_ text: Substring) -> Bool {
        func masked(_ text: some StringProtocol) -> [UInt8] { text.utf8.map { isDigit($0) ? UInt8(ascii: "0") : $0 } }
        func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
        let form = masked(self.text(of: 0))
        guard masked(text).starts(with: form) else { return false }
        let tail = text.utf8.dropFirst(form.count)
        return tail.isEmpty || tail.first == UInt8(ascii: ".") && tail.count > 1 && tail.dropFirst().allSatisfy(isDigit)
    }

    /// Seconds of the unit; nil for units that end at midnight.
    private var seconds: Int? {
        switch unit {
        case .seconds: 1
        case .minutes: 60
        case .hours: 3600
        case .days: 86400
        case .weekday, .midnight: nil
        }
    }

    private var form: String {
        switch unit {
        case .seconds: "%Y-%m-%d_%H-%M-%S"
        case .minutes: "%Y-%m-%d_%H-%M"
        case .hours: "%Y-%m-%d_%H"
        case .days, .weekday, .midnight: "%Y-%m-%d"
        }
    }

    /// The first midnight after a moment, or the one that ends the day of the week.
    private func midnight(after moment: time_t) -> time_t {
        var fields = localTime(moment)
        (fields.tm_hour, fields.tm_min, fields.tm_sec, fields.tm_isdst) = (0, 0, 0, -1)
        // `tm_wday` counts from Sunday.
        fields.tm_mday += unit == .midnight ? CInt(count) : 1 + (CInt(count) - (fields.tm_wday + 6) % 7 + 7) % 7
        return mktime(&fields)
    }

    private func localTime(_ moment: time_t) -> tm {
        var (moment, fields) = (moment, tm())
        localtime_r(&moment, &fields)
        return fields
    }
}
