internal import Text

// The types of options. Source: oslo.config, `types.py`; if this differs from it, oslo.config is right.

extension Option<String> {
    /// A text option. An empty text means that the option is not set.
    package static func text(_ group: String, _ name: String, default fallback: String) -> Self {
        Self(group, name, fallback, text: fallback, expectation: "a text", plain: { .text($0) }) { $0.last }
    }
}

extension Option<String?> {
    /// A text option without a default. An empty text means none.
    package static func optionalText(_ group: String, _ name: String, default fallback: String? = nil) -> Self {
        Self(
            group, name, fallback, text: fallback, expectation: "a text", readsEmpty: true, plain: { $0.map { .text($0) } ?? .none }
        ) { .some($0.last.flatMap { $0.isEmpty ? nil : $0 }) }
    }
}

extension Option<Int> {
    /// An integer option with a range.
    package static func int(
        _ group: String, _ name: String, default fallback: Int, in range: ClosedRange<Int> = Int.min...Int.max
    ) -> Self {
        let bounds =
            switch (range.lowerBound, range.upperBound) {
            case (.min, .max): ""
            case (let least, .max): " of at least \(least)"
            case (let least, let most): " from \(least) to \(most)"
            }
        return Self(
            group, name, fallback, text: String(fallback), expectation: "an integer\(bounds)", plain: { .number(Int64($0)) }
        ) { $0.last.flatMap { integer($0) }.flatMap { range.contains($0) ? $0 : nil } }
    }
}

extension Option<Int?> {
    /// An integer option with a range, which may be left out.
    package static func optionalInt(_ group: String, _ name: String, in range: ClosedRange<Int>) -> Self {
        Self(
            group, name, nil, text: nil, expectation: "an integer from \(range.lowerBound) to \(range.upperBound)",
            plain: { $0.map { .number(Int64($0)) } ?? .none }
        ) { $0.last.flatMap { integer($0) }.flatMap { range.contains($0) ? .some($0) : nil } }
    }
}

extension Option<Int> {
    /// A length of time in seconds, which may be written with a unit.
    package static func duration(_ group: String, _ name: String, default fallback: String) -> Self {
        guard let seconds = seconds(ofDuration: fallback) else { fatalError("\(fallback) is no length of time") }
        return Self(
            group, name, seconds, text: fallback, expectation: "a number with s, m, h, d, w or nothing behind it",
            plain: { .number(Int64($0)) }
        ) { $0.last.flatMap { Text.seconds(ofDuration: $0) } }
    }
}

extension Option<Int64> {
    /// A number of bytes with a unit; each unit is 1024 of the one before. Source: Glance, `user_storage_quota`.
    package static func bytes(_ group: String, _ name: String, default fallback: Int64) -> Self {
        Self(
            group, name, fallback, text: String(fallback), expectation: "a number with B, KB, MB, GB, TB or nothing behind it",
            plain: { .number($0) }
        ) {
            $0.last.flatMap { text in
                if let bytes = integer(text) { return bytes < 0 ? nil : Int64(bytes) }
                let digits = text.prefix { $0.isASCII && $0.isNumber }
                guard let unit = ["B", "KB", "MB", "GB", "TB"].firstIndex(of: text.dropFirst(digits.count)) else { return nil }
                let (bytes, isTooMuch) = (Int64(digits) ?? -1).multipliedReportingOverflow(by: 1 << (10 * Int64(unit)))
                return isTooMuch || bytes < 0 ? nil : bytes
            }
        }
    }
}

extension Option<Bool> {
    /// A boolean option.
    package static func flag(_ group: String, _ name: String, default fallback: Bool) -> Self {
        Self(
            group, name, fallback, text: fallback ? "True" : "False", expectation: "true or false", plain: { .truth($0) }
        ) {
            switch $0.last?.lowercased() {
            case "true", "1", "on", "yes": true
            case "false", "0", "off", "no": false
            default: nil
            }
        }
    }
}

extension Option<[String]> {
    /// How a list is written; each list option of oslo.config has one of these.
    package enum Dialect: Sendable {
        /// Commas separate the elements; brackets are ordinary characters.
        case plain
        /// Brackets surround the list. oslo.config requires them; here they are optional.
        case bracketed
        /// Also, an element may be quoted, and then contain commas.
        case quoted
    }

    /// A list option. Empty elements are dropped.
    package static func list(_ group: String, _ name: String, default fallback: [String], _ dialect: Dialect = .plain) -> Self {
        Self(
            group, name, fallback, text: fallback.joined(separator: ","),
            expectation: dialect == .plain ? "a list" : "a list such as [one, two]", readsEmpty: true, plain: { .list($0) }
        ) { elements($0.last ?? "", dialect) }
    }

    /// An option that may occur many times, each time with one element.
    package static func many(_ group: String, _ name: String) -> Self {
        Self(
            group, name, [], text: nil, expectation: "a text, which may come many times", readsEmpty: true, plain: { .list($0) }
        ) { $0.filter { !$0.isEmpty } }
    }
}

extension Option<[String: String]> {
    /// An option of the form `name:value,…`. An element without a colon belongs to the value before it.
    package static func table(_ group: String, _ name: String) -> Self {
        Self(
            group, name, [:], text: nil, expectation: "a list of name:value", readsEmpty: true, plain: { .table($0) }
        ) { pairs($0.last ?? "") }
    }
}

extension Option where Value: RawRepresentable<String> & CaseIterable {
    /// An option with a fixed set of values.
    package static func choice(_ group: String, _ name: String, default fallback: Value, ignoresCase: Bool = false) -> Self {
        let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return Self(
            group, name, fallback, text: fallback.rawValue, expectation: "one of \(names)", plain: { .text($0.rawValue) }
        ) {
            $0.last.flatMap { text in
                Value(rawValue: text)
                    ?? (ignoresCase ? Value.allCases.first { $0.rawValue.lowercased() == text.lowercased() } : nil)
            }
        }
    }
}

// MARK: texts

/// An integer as Python reads it: with a sign, and with single underscores between digits.
private func integer(_ text: String) -> Int? {
    let text = trimmed(text)
    let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
    let groups = digits.split(separator: "_", omittingEmptySubsequences: false)
    guard groups.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } }) else { return nil }
    return Int(text.filter { $0 != "_" })
}

/// The elements of a list; nil if brackets or quotes are not closed.
private func elements(_ text: String, _ dialect: Option<[String]>.Dialect) -> [String]? {
    var body = trimmed(text)[...]
    while body.last == "," { body.removeLast() }
    if dialect != .plain, body.first == "[" || body.last == "]" {
        guard body.count > 1, body.first == "[", body.last == "]" else { return nil }
        body = body.dropFirst().dropLast()
    }
    var elements: [String] = []
    var open: String?
    for part in body.split(separator: ",", omittingEmptySubsequences: false) {
        let text = open.map { "\($0),\(part)" } ?? String(part)
        let element = dialect == .quoted ? unquoted(trimmed(text)) : trimmed(text)
        open = element == nil ? text : nil
        if let element, !element.isEmpty { elements.append(element) }
    }
    return open == nil ? elements : nil
}

/// The text without its quotes; nil if a quote is not closed.
private func unquoted(_ text: String) -> String? {
    guard let quote = text.first, quote == "\"" || quote == "'" else { return text }
    return text.count > 1 && text.last == quote ? String(text.dropFirst().dropLast()) : nil
}

/// The pairs of a table; nil if an element has no colon or no name, or a name occurs twice.
private func pairs(_ text: String) -> [String: String]? {
    let text = trimmed(text)
    var pairs: [String: String] = [:]
    if text.isEmpty { return pairs }
    var open: String?
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        let text = open.map { "\($0),\(part)" } ?? String(part)
        guard let colon = text.firstIndex(of: ":") else {
            open = text
            continue
        }
        open = nil
        let name = trimmed(text[..<colon])
        guard !name.isEmpty, pairs.updateValue(trimmed(text[text.index(after: colon)...]), forKey: name) == nil else { return nil }
    }
    return open == nil ? pairs : nil
}
