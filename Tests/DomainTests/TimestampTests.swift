import Domain
import Foundation
import TestSupport
import Testing

@Suite struct `A time by ISO 8601` {
    static let readable: [(String, String)] = [
        ("2026-11-23", "2026-11-23T00:00:00Z"),
        ("2026-11-23T08:07", "2026-11-23T08:07:00Z"),
        ("2026-11-23T08:07:06Z", "2026-11-23T08:07:06Z"),
        ("2026-11-23 08:07:06", "2026-11-23T08:07:06Z"),
        ("2026-11-23T08:07:06.123456Z", "2026-11-23T08:07:06Z"),
        ("2026-11-23T00:30:00+02:00", "2026-11-22T22:30:00Z"),
        ("2026-12-31T23:30:00-0100", "2027-01-01T00:30:00Z"),
        ("2024-02-29T12:00:00+01", "2024-02-29T11:00:00Z"),
        ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
    ]

    @Test(arguments: readable) func `is read`(_ text: String, _ expected: String) {
        #expect(Timestamp(iso8601: text)?.description == expected)
    }

    @Test(arguments: [
        "", "202611", "2026-13-01", "2026-02-29", "2026-00-10", "2026-11-23T", "2026-11-23T24:00:00", "2026-11-23T08:60:00",
        "2026-11-23T08:07:61",
        "2026-11-23T08:07:06+25:00", "2026-11-23T08:07:06.Z", "2026-11-23T08:07:06Zx", "٢٠٢٦-11-23", "eq:2026-11-23", "0000-01-01",
    ])
    func `is refused`(_ text: String) {
        #expect(Timestamp(iso8601: text) == nil)
    }
}

/// Glance parses times with `oslo_utils.timeutils.parse_isotime` and compares them in UTC; the test calls it.
@Suite struct `Times by ISO 8601` {
    static let dates = [
        "2026-11-23", "20261123", "2026-11", "2026", "202611", "2026-1-2", "2026-111", "2026-1123", "202611-23", "2026-11-3", "2024-02-29",
        "2023-02-29", "2026-13-01", "2026-00-10", "0001-01-01", "0000-01-01", "9999-12-31", "2026-W48-1", "2026-327", "26-11-23", "",
    ]
    static let times = [
        "", "T", "T08", "T8", "T0807", "T08:07", "T08:7", "T080706", "T08:07:06", "T08:07:6", "T08:0706", "T0807:06", "T123", "T12345",
        "T12:3", "T24",
        "T24:00:00", "T23:59:60", "T08:60", " 08:07:06", "t08:07:06", "  08:07", "T08:07:06.5", "T08:07:06,25", "T08:07:06.",
        "T08:07:06.0000001",
        "T08:07:06.1234567890123", "T08:07.5", "T08,5",
    ]
    static let zones = [
        "", "Z", "z", "+02", "+02:", "+02:00", "-0130", "+2", "+23:59", "+24:00", "-23:60", "+00:99", " +02:00", "+02:00:00", "ZZ", "\n",
    ]
    static let oddities = [
        "2026-11-23T08:07:06Z\n\n", "٢٠٢٦-11-23", "2026-11-23T08:07:06+०२", "eq:2026-11-23", "2026-11-23T08:07:06Zx", " 2026-11-23",
        "2026-11-23 ",
        "2026\n", "202611\n", "+2026-11-23", "2026/11/23", "1767225600", "2026-11-23T08:07:06+-02", "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00", "now", "2026-11-23T08:07:06.999999999", "2026-11-23T08:07:06.000000",
    ]

    @Test func `are read as oslo reads them`() throws {
        let texts = Self.dates.flatMap { date in Self.times.flatMap { time in Self.zones.map { date + time + $0 } } } + Self.oddities
        let script = """
            import json, sys
            from oslo_utils import timeutils
            def read(text):
                try:
                    moment = timeutils.normalize_time(timeutils.parse_isotime(text))
                except (ValueError, OverflowError):
                    return "none"
                return moment.replace(microsecond=0).isoformat() + ("Z and more" if moment.microsecond else "Z")
            print(json.dumps([read(text) for text in json.load(sys.stdin)]))
            """
        let input = try Array(JSONSerialization.data(withJSONObject: texts))
        let expected = try PyPIGlance.run("python3", ["-c", script], input: input).json.array?.map { $0.string ?? "" } ?? []
        #expect(expected.count == texts.count && texts.count > 9_000)
        #expect(expected.filter { $0 != "none" }.count > 1_000)
        for (text, expected) in zip(texts, expected) {
            let read = ISO8601(text).map { "\($0.moment)\($0.hasFraction ? " and more" : "")" } ?? "none"
            #expect(read == expected, "\(text)")
        }
    }
}
