internal import Text

/// A value of a DATETIME column, without a fraction; the connection's settings make it UTC.
package struct DateTime: Sendable, Equatable, CustomStringConvertible {
    package var year, month, day, hour, minute, second: Int

    package init(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        (self.year, self.month, self.day) = (year, month, day)
        (self.hour, self.minute, self.second) = (hour, minute, second)
    }

    /// `2026-11-23 08:07:00`.
    package var description: String {
        CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second).text(between: " ")
    }
}
