/// A moment that a client writes in ISO 8601, in every form that Glance accepts.
///
/// A date is `2026-11-23`, `20261123`, `2026-11`, `2026-1-2` or `2026`. A time may follow after `T` or a blank, with or without colons, to
/// the hour, the minute or the second, with a fraction after a point or a comma. A zone is `Z`, `+02`, `+02:00` or `+0200`; without one the
/// moment is UTC. Weeks, days of the year, `24:00` and leap seconds are refused.
///
/// Source: the results of `oslo_utils.timeutils.parse_isotime` for hundreds of texts (`ISO8601Tests`).
package struct ISO8601: Sendable, Equatable {
    /// The moment, cut to the second.
    package let moment: Timestamp
    /// Whether the text has a fraction of a second other than zero.
    package let hasFraction: Bool

    /// - Returns: nil for any other text, and for a day or an hour that does not exist.
    package init?(_ text: String) {
        guard let form = Form(Array(text.utf8)) else { return nil }
        var moment = Timestamp(year: form.year, month: form.month, day: form.day)
        (moment.hour, moment.minute, moment.second) = (form.hour, form.minute, form.second)
        guard moment.isOnCalendar, abs(form.offset) < 24 * 60 else { return nil }
        if form.offset != 0 { moment = moment.moved(bySeconds: -form.offset * 60) }
        guard 1...9999 ~= moment.year else { return nil }
        (self.moment, hasFraction) = (moment, form.hasFraction)
    }
}

/// The numbers of a text. Where a text can be read in several ways (`2026-111`, `T123`), each part takes as many digits as leave the rest
/// readable.
private struct Form {
    var year = 0
    var (month, day) = (1, 1)
    var (hour, minute, second) = (0, 0, 0)
    /// Microseconds that are not zero.
    var hasFraction = false
    /// Minutes east of Greenwich.
    var offset = 0

    private let bytes: [UInt8]

    init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        guard let year = number(4, at: 0) else { return nil }
        self.year = year
        guard readMonth(at: 4) || isEnd(4) else { return nil }
    }

    // Each of these reads its part and all that follows, or changes nothing.

    private mutating func readMonth(at place: Int) -> Bool {
        for (month, next, isDashed) in numbers(at: place) {
            var form = self
            form.month = month
            // `202611` could be November 2026 or the 26th of November 1920, so it is refused.
            guard form.readDay(at: next) || isDashed && isEnd(next) else { continue }
            self = form
            return true
        }
        return false
    }

    private mutating func readDay(at place: Int) -> Bool {
        for (day, next, _) in numbers(at: place) {
            var form = self
            form.day = day
            guard form.readTime(at: next) || isEnd(next) else { continue }
            self = form
            return true
        }
        return false
    }

    private mutating func readTime(at place: Int) -> Bool {
        guard byte(place) == UInt8(ascii: "T") || byte(place) == UInt8(ascii: " "), let hour = number(2, at: place + 1) else {
            return false
        }
        self.hour = hour
        let next = place + 3
        let behindColon = next + (byte(next) == UInt8(ascii: ":") ? 1 : 0)
        if let minute = number(2, at: behindColon) {
            var form = self
            form.minute = minute
            if form.readSecond(at: behindColon + 2) {
                self = form
                return true
            }
        }
        return readSecond(at: next)
    }

    /// Reads a second of one or two digits, or none at all.
    private mutating func readSecond(at place: Int) -> Bool {
        let behindColon = place + (byte(place) == UInt8(ascii: ":") ? 1 : 0)
        for digits in [2, 1] {
            guard let second = number(digits, at: behindColon) else { continue }
            var form = self
            form.second = second
            var next = behindColon + digits
            if byte(next) == UInt8(ascii: ".") || byte(next) == UInt8(ascii: ","), number(1, at: next + 1) != nil {
                let fraction = bytes[(next + 1)...].prefix { 0x30...0x39 ~= $0 }
                form.hasFraction = fraction.prefix(6).contains { $0 != 0x30 }
                next += 1 + fraction.count
            }
            guard form.readZone(at: next) else { continue }
            self = form
            return true
        }
        return readZone(at: place)
    }

    private mutating func readZone(at place: Int) -> Bool {
        switch byte(place) {
        case UInt8(ascii: "Z"): return isEnd(place + 1)
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard let hours = number(2, at: place + 1) else { return false }
            let next = place + 3 + (byte(place + 3) == UInt8(ascii: ":") ? 1 : 0)
            let minutes = number(2, at: next)
            guard isEnd(minutes == nil ? next : next + 2) else { return false }
            offset = (byte(place) == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + (minutes ?? 0))
            return true
        default: return isEnd(place)
        }
    }

    // MARK: bytes

    private func byte(_ place: Int) -> UInt8? { place < bytes.count ? bytes[place] : nil }

    /// A newline at the end is ignored.
    private func isEnd(_ place: Int) -> Bool { place == bytes.count || place == bytes.count - 1 && bytes[place] == 0x0A }

    /// Reads exactly this number of digits.
    private func number(_ digits: Int, at place: Int) -> Int? {
        guard place + digits <= bytes.count else { return nil }
        var number = 0
        for byte in bytes[place..<place + digits] {
            guard 0x30...0x39 ~= byte else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
    }

    /// The readings of a month or a day at a place, the longest first: two digits, or one or two after a dash; each with the place where it
    /// ends.
    private func numbers(at place: Int) -> [(number: Int, next: Int, isDashed: Bool)] {
        let isDashed = byte(place) == UInt8(ascii: "-")
        let start = isDashed ? place + 1 : place
        return (isDashed ? [2, 1] : [2]).compactMap { digits in number(digits, at: start).map { ($0, start + digits, isDashed) } }
    }
}
