internal import Glibc

/// A moment in UTC as calendar and clock show it, to the second.
///
/// Formats that one place alone reads or writes stay there: ISO 8601 as clients write it (`Domain/ISO8601.swift`), and the local times of
/// log lines and of log files' names (`OsloLog`, `LogRotation`).
package struct CivilTime: Hashable, Sendable {
    package var year, month, day, hour, minute, second: Int

    package init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        (self.year, self.month, self.day) = (year, month, day)
        (self.hour, self.minute, self.second) = (hour, minute, second)
    }

    /// - Parameter seconds: since 1970.
    package init(seconds: Int) {
        var (moment, fields) = (time_t(seconds), tm())
        gmtime_r(&moment, &fields)
        self.init(
            year: Int(fields.tm_year) + 1900, month: Int(fields.tm_mon) + 1, day: Int(fields.tm_mday),
            hour: Int(fields.tm_hour), minute: Int(fields.tm_min), second: Int(fields.tm_sec))
    }

    /// Seconds since 1970. A field beyond its bounds carries over: the 30th of February is the 1st or 2nd of March.
    package var seconds: Int {
        var fields = tm()
        (fields.tm_year, fields.tm_mon, fields.tm_mday) = (CInt(year - 1900), CInt(month - 1), CInt(day))
        (fields.tm_hour, fields.tm_min, fields.tm_sec) = (CInt(hour), CInt(minute), CInt(second))
        return timegm(&fields)
    }

    /// `2026-11-23T08:07:00`, with what stands between date and time, and behind it. A list of images has three a row, so it is written
    /// in place, byte by byte.
    package func text(between separator: StaticString = "T", end: StaticString = "") -> String {
        let length = 18 + separator.utf8CodeUnitCount + end.utf8CodeUnitCount
        return String(unsafeUninitializedCapacity: length) { bytes in
            var count = 0
            func add(_ number: Int, then mark: StaticString) {
                let number = number.magnitude % 100
                bytes[count] = UInt8(ascii: "0") + UInt8(number / 10)
                bytes[count + 1] = UInt8(ascii: "0") + UInt8(number % 10)
                count += 2
                mark.withUTF8Buffer { mark in
                    _ = UnsafeMutableBufferPointer(rebasing: bytes[count...]).initialize(fromContentsOf: mark)
                    count += mark.count
                }
            }
            add(year / 100, then: "")
            add(year, then: "-")
            add(month, then: "-")
            add(day, then: separator)
            add(hour, then: ":")
            add(minute, then: ":")
            add(second, then: end)
            return count
        }
    }

    /// Reads `2026-11-23T08:07:00` at the beginning of a text; what stands behind it is not looked at.
    ///
    /// - Returns: nil for any other text. A day may be one that its month does not have, a second may be the 60th.
    package init?(prefixOf text: String) {
        let bytes = Array(text.utf8.prefix(19))
        let marks: [(Int, UInt8)] = [(4, 0x2D), (7, 0x2D), (10, 0x54), (13, 0x3A), (16, 0x3A)]
        guard bytes.count == 19, marks.allSatisfy({ bytes[$0] == $1 }) else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            bytes[range].allSatisfy { 0x30...0x39 ~= $0 } ? Int(String(decoding: bytes[range], as: UTF8.self)) : nil
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), 1...12 ~= month, 1...31 ~= day, hour < 24, minute < 60, second <= 60
        else { return nil }
        self.init(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
    }

    /// Reads `Sun, 06 Nov 1994 08:49:37 GMT`. Source: RFC 9110, 5.6.7, IMF-fixdate.
    ///
    /// - Returns: nil for any other text.
    package init?(httpDate text: String) {
        let words = text.split(separator: " ")
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard words.count == 6, words[5] == "GMT", words[1].utf8.count == 2, let month = months.firstIndex(of: String(words[2])) else {
            return nil
        }
        self.init(prefixOf: "\(words[3])-\(paddedDigits(month + 1, 2))-\(words[1])T\(words[4])")
    }
}

/// A number with zeros in front, up to a width.
package func paddedDigits(_ number: Int, _ width: Int) -> String {
    let text = String(number)
    return text.utf8.count < width ? String(repeating: "0", count: width - text.utf8.count) + text : text
}
