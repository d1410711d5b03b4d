/// One setting as it stands in a file, before it means anything.
package struct Setting: Sendable {
    package let group: String
    package let name: String
    package let value: String
    /// Where it stands: `/etc/glance/glance-api.conf:12`, or the name of an environment variable.
    package let place: String
}

/// Why a configuration cannot be used; says where.
package struct ConfigurationError: Error, CustomStringConvertible {
    package let place: String
    package let reason: String

    package init(place: String, reason: String) {
        self.place = place
        self.reason = reason
    }

    package var description: String { "\(place): \(reason)" }
}

/// A file in the dialect of oslo.config.
///
/// Source: oslo.config, `iniparser`: `[group]` lines, `name = value` or `name: value`, `#` and `;` comments, lines that begin
/// with white space continue the value above, a value in quotes keeps its white space, a name may come many times.
enum ConfigurationFile {
    static func parse(_ text: String, from path: String) throws(ConfigurationError) -> [Setting] {
        var settings: [Setting] = []
        var group: String?
        var open: (name: String, lines: [String], line: Int)?

        func close() {
            guard let (name, lines, line) = open else { return }
            let value = unquoted(lines.joined(separator: "\n"))
            settings.append(Setting(group: group ?? "DEFAULT", name: name, value: value, place: "\(path):\(line)"))
            open = nil
        }

        for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let place = "\(path):\(index + 1)"
            let line = trimmed(raw)
            if line.isEmpty {
                close()
            } else if raw.first == " " || raw.first == "\t" {
                guard open != nil else {
                    throw ConfigurationError(place: place, reason: "a continuation line with nothing to continue")
                }
                open?.lines.append(line)
            } else if line.first == "#" || line.first == ";" {
                continue
            } else if line.first == "[" {
                close()
                guard line.last == "]", line.count > 2 else {
                    throw ConfigurationError(place: place, reason: "a group must be written [name]")
                }
                group = String(line.dropFirst().dropLast())
            } else {
                close()
                guard let sign = line.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
                    throw ConfigurationError(place: place, reason: "neither a [group] nor name = value")
                }
                let name = trimmed(line[..<sign])
                guard !name.isEmpty else { throw ConfigurationError(place: place, reason: "the name is missing") }
                guard group != nil else {
                    throw ConfigurationError(place: place, reason: "'\(name)' stands before the first [group]")
                }
                open = (name, [trimmed(line[line.index(after: sign)...])], index + 1)
            }
        }
        close()
        return settings
    }

    private static func unquoted(_ value: String) -> String {
        guard value.count > 1, let quote = value.first, quote == "\"" || quote == "'", value.last == quote else { return value }
        return String(value.dropFirst().dropLast())
    }
}

/// Without the white space at both ends.
func trimmed(_ text: some StringProtocol) -> String {
    guard let first = text.firstIndex(where: { !$0.isWhitespace }), let last = text.lastIndex(where: { !$0.isWhitespace }) else {
        return ""
    }
    return String(text[first...last])
}
