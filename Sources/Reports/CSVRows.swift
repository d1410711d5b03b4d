/// Rows as CSV by RFC 4180, in UTF-8, with a first line of names.
///
/// Texts always stand in quotes, numbers and times never; NULL is nothing at all, an empty text is `""`. A spreadsheet takes a text for a
/// formula if it begins with one of `formulaSigns`, whether it is quoted or not, and a formula may start programs or send what is in the sheet
/// away. Names and properties come from users. So such a text gets an apostrophe in front, which spreadsheets know as "this is text"; and so does a
/// text that begins with an apostrophe, so that a program gets every text back when it takes one apostrophe off. The format JSON has the bare
/// texts.
package struct CSVRows: RowWriter {
    private let output: ReportOutput

    /// First characters by which Excel, LibreOffice and Google Sheets may know a formula, with their full-width forms.
    ///
    /// Source: OWASP, "CSV Injection". The apostrophe is there so that the rule can be undone.
    private static let formulaSigns: Set<Unicode.Scalar> = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'"]

    package init(to output: ReportOutput) { self.output = output }

    package func begin(_ columns: [ReportColumn]) throws(OutputError) {
        try output.write(columns.map { Self.isPlain($0.name) ? $0.name : Self.quoted($0.name) }.joined(separator: ",") + "\r\n")
    }

    package func row(_ values: [ReportValue]) throws(OutputError) {
        try output.write(values.map(Self.field).joined(separator: ",") + "\r\n")
    }

    package func end() throws(OutputError) { try output.flush() }

    private static func field(_ value: ReportValue) -> String {
        switch value {
        case .null: return ""
        case .number(let text), .time(let text): return text
        case .text(let text), .json(let text):
            // By scalars: a combining mark behind the sign would make another character of it.
            let isRisky = text.unicodeScalars.first.map(formulaSigns.contains) ?? false
            return quoted(isRisky ? "'" + text : text)
        }
    }

    private static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = [0x22]
        for byte in text.utf8 {
            if byte == 0x22 { bytes.append(0x22) }
            bytes.append(byte)
        }
        bytes.append(0x22)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { 0x61...0x7A ~= $0 || 0x41...0x5A ~= $0 || 0x30...0x39 ~= $0 || $0 == 0x5F }
    }
}
