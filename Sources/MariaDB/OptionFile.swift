internal import Glibc

/// One group of an option file of MariaDB's clients (`my.cnf`), as PyMySQL reads it for `read_default_file`: `!include` is ignored, and
/// a value is the text behind `=` or `:`, without surrounding quotation marks.
struct OptionFile {
    private var values: [String: String] = [:]

    /// - Throws: if the file cannot be read; without it, the connection would be another one than the operator wants.
    init(_ path: String, group: String) throws(AddressError) {
        guard let file = fopen(path, "re") else {
            throw AddressError("\(path) of 'read_default_file' cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        var isInGroup = false
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let line = Self.trimmed(line)
            guard let first = line.first, first != "#", first != ";" else { continue }
            if first == "[" {
                isInGroup = line.dropFirst().prefix { $0 != "]" } == group
            } else if isInGroup, let end = line.firstIndex(where: { $0 == "=" || $0 == ":" }) {
                let name = Self.trimmed(line[..<end]).lowercased().replacing("_", with: "-")
                values[name] = Self.unquoted(Self.trimmed(line[end...].dropFirst()))
            }
        }
    }

    subscript(name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    private static func unquoted(_ text: Substring) -> String {
        guard text.count >= 2, let first = text.first, "'\"".contains(first), text.last == first else { return String(text) }
        return String(text.dropFirst().dropLast())
    }
}
