internal import Files
internal import Glibc
internal import Text

/// One group of an option file of MariaDB's clients (`my.cnf`), as PyMySQL reads it for `read_default_file`: `!include` is ignored, and
/// a value is the text behind `=` or `:`, without surrounding quotation marks.
struct OptionFile {
    private var values: [String: String] = [:]

    /// - Throws: if the file cannot be read; without it, the connection would be another one than the operator wants.
    init(_ path: String, group: String) throws(AddressError) {
        guard let bytes = fileBytes(of: path) else {
            throw AddressError("\(path) of 'read_default_file' cannot be read: \(String(cString: strerror(errno)))")
        }
        var isInGroup = false
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let line = trimmed(line)
            guard let first = line.first, first != "#", first != ";" else { continue }
            if first == "[" {
                isInGroup = line.dropFirst().prefix { $0 != "]" } == group
            } else if isInGroup, let end = line.firstIndex(where: { $0 == "=" || $0 == ":" }) {
                let name = trimmed(line[..<end]).lowercased().replacing("_", with: "-")
                values[name] = Self.unquoted(trimmed(line[end...].dropFirst()))
            }
        }
    }

    subscript(name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

    private static func unquoted(_ text: String) -> String {
        guard text.count >= 2, let first = text.first, "'\"".contains(first), text.last == first else { return text }
        return String(text.dropFirst().dropLast())
    }
}
