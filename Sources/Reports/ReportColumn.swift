/// A column of a report: its name, and the kind of its values.
package struct ReportColumn: Sendable, Equatable {
    package let name: String
    package let kind: Kind

    /// The kinds of values.
    package enum Kind: Sendable, Equatable {
        /// A number, whole or not.
        case number
        /// A moment, or a day.
        case time
        case text
        /// A text that is JSON.
        case json
    }

    package init(_ name: String, _ kind: Kind) { (self.name, self.kind) = (name, kind) }

    /// Whether the values are numbers of bytes, as the name says.
    package var isBytes: Bool { kind == .number && (name == "bytes" || name.hasSuffix("_bytes")) }
    /// Whether the values are byte-hours, as the name says.
    package var isByteHours: Bool { kind == .number && (name == "byte_hours" || name.hasSuffix("_byte_hours")) }
}

/// A value in a row of a report.
package enum ReportValue: Sendable, Equatable {
    case null
    /// A number as JSON writes it: `12`, `-0.50`.
    case number(String)
    /// A moment in UTC or a day, by ISO 8601: `2026-11-23T08:07:00Z`, `2026-11-23`.
    case time(String)
    case text(String)
    /// A text that should be JSON; it is checked where that matters.
    case json(String)

    package static func number(_ value: Int64) -> ReportValue { .number(String(value)) }

    /// The text of the value; nil for null.
    package var text: String? {
        switch self {
        case .null: nil
        case .number(let text), .time(let text), .text(let text), .json(let text): text
        }
    }

    /// The number; nil for anything else.
    package var double: Double? {
        guard case .number(let text) = self else { return nil }
        return Double(text)
    }
}

/// Writes the rows of a report in one format.
package protocol RowWriter {
    /// Begins the report; called once, before the first row.
    mutating func begin(_ columns: [ReportColumn]) throws(OutputError)
    /// Writes a row, with a value for each column.
    mutating func row(_ values: [ReportValue]) throws(OutputError)
    /// Ends the report.
    mutating func end() throws(OutputError)
}
