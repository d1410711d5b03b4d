internal import Text

/// A moment in UTC, to the second.
package struct Timestamp: Hashable, Sendable, CustomStringConvertible {
    package var year, month, day, hour, minute, second: Int

    package init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        (self.year, self.month, self.day) = (year, month, day)
        (self.hour, self.minute, self.second) = (hour, minute, second)
    }

    /// `2026-11-23T08:07:00Z`, the form of every record in the API.
    package var description: String { text(end: "Z") }

    /// `2026-11-23T08:07:00`, with what stands behind it.
    package func text(end: StaticString) -> String { civil.text(end: end) }

    /// Reads ISO 8601 and drops a fraction of a second.
    ///
    /// - Returns: nil for any other text, and for a day or an hour that does not exist.
    package init?(iso8601 text: String) {
        guard let moment = ISO8601(text)?.moment else { return nil }
        self = moment
    }

    /// Seconds since 1970.
    package var seconds: Int { civil.seconds }

    /// Makes a moment of seconds since 1970.
    package init(seconds: Int) {
        let civil = CivilTime(seconds: seconds)
        self.init(
            year: civil.year, month: civil.month, day: civil.day, hour: civil.hour, minute: civil.minute, second: civil.second)
    }

    var isOnCalendar: Bool {
        year > 0 && 0..<24 ~= hour && 0..<60 ~= minute && 0..<60 ~= second && moved(bySeconds: 0) == self
    }

    func moved(bySeconds offset: Int) -> Timestamp {
        Timestamp(seconds: seconds + offset)
    }

    private var civil: CivilTime { CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second) }
}
