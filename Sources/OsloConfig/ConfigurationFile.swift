internal import Files
internal import Text

/// A setting as a file or the environment contains it.
package struct Setting: Sendable {
    package let group: String
    package let name: String
    package let value: String
    /// Its place: `/etc/glance/glance-api.conf:12`, or the name of an environment variable.
    package let place: String
    /// The number of its file, in the order of reading.
    let source: Int
}

/// The reason why a configuration cannot be used, with the place.
package struct ConfigurationError: Error, CustomStringConvertible {
    package let place: String
    package let reason: String

    package init(place: String, reason: String) {
        self.place = place
        self.reason = reason
    }

    package var description: String { "\(place): \(reason)" }
}

/// Parses files in the dialect of oslo.config.
///
/// Source: oslo.config, `iniparser`: `[group]` lines; `name = value` or `name: value`; `#` and `;` comments; lines that begin with white
/// space continue the value above; a first line in quotes keeps its white space; a name may occur many times.
package enum ConfigurationFile {
    /// A `[group]` and its settings. A group may occur several times.
    package struct Section: Sendable {
        package let name: String
        /// The file and line of the `[group]`.
        package let place: String
        package fileprivate(set) var settings: [Setting] = []
    }

    /// Reads a file whose groups are not groups of options.
    package static func sections(of path: String) throws(ConfigurationError) -> [Section] {
        guard let text = fileText(of: path) else { throw ConfigurationError(place: path, reason: "cannot be read") }
        return try parse(text, from: path, source: 0)
    }

    static func parse(_ text: String, from path: String, source: Int) throws(ConfigurationError) -> [Section] {
        var sections: [Section] = []
        var open: (name: String, lines: [String], line: Int)?

        func close() {
            guard let (name, lines, line) = open, let section = sections.last else { return }
            sections[sections.count - 1].settings.append(
                Setting(group: section.name, name: name, value: lines.joined(separator: "\n"), place: "\(path):\(line)", source: source))
            open = nil
        }

        for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let place = "\(path):\(index + 1)"
            let line = trimmed(raw)
            if line.isEmpty {
                close()
            } else if raw.first == " " || raw.first == "\t" {
                guard open != nil else {
                    throw ConfigurationError(place: place, reason: "a continuation line without a line before it")
                }
                open?.lines.append(line)
            } else if line.first == "#" || line.first == ";" {
                close()
            } else if line.first == "[" {
                close()
                guard line.last == "]", line.count > 2 else {
                    throw ConfigurationError(place: place, reason: "a group must be written [name]")
                }
                sections.append(Section(name: String(line.dropFirst().dropLast()), place: place))
            } else {
                close()
                guard let sign = line.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
                    throw ConfigurationError(place: place, reason: "neither a [group] nor name = value")
                }
                let name = trimmed(line[..<sign])
                guard !name.isEmpty else { throw ConfigurationError(place: place, reason: "the name is missing") }
                guard !sections.isEmpty else {
                    throw ConfigurationError(place: place, reason: "'\(name)' stands before the first [group]")
                }
                open = (name, [unquoted(trimmed(line[line.index(after: sign)...]))], index + 1)
            }
        }
        close()
        return sections
    }

    private static func unquoted(_ value: String) -> String {
        guard let quote = value.first, quote == "\"" || quote == "'", value.last == quote else { return value }
        return String(value.dropFirst().dropLast())
    }
}
