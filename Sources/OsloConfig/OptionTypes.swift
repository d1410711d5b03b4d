internal import Text

// The types that options have. Source: oslo.config, `types.py`; where it and this differ, its own reading is the right one.

extension Option<String> {
    /// An empty text says that the option is not set: of none of these it makes sense.
    package static func text(_ group: String, _ name: String, default fallback: String) -> Self {
        Self(group, name, fallback, text: fallback, expectation: "a text", plain: { .text($0) }) { $0.last }
    }
}

extension Option<String?> {
    /// An empty text is none.
    package static func optionalText(_ group: String, _ name: String, default fallback: String? = nil) -> Self {
        Self(
            group, name, fallback, text: fallback, expectation: "a text", readsEmpty: true, plain: { $0.map { .text($0) } ?? .none }
        ) { .some($0.last.flatMap { $0.isEmpty ? nil : $0 }) }
    }
}

extension Option<Int> {
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

extension Option<Int64> {
    /// A number of bytes with a unit, of which each is 1024 of the one before. Source: Glance, `user_storage_quota`.
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
    /// How a list stands in a file. oslo.config says of each of its options which it is.
    package enum Dialect: Sendable {
        /// Commas part the elements; a bracket is a letter like others.
        case plain
        /// Brackets stand round it. oslo.config refuses it without; here it may be.
        case bracketed
        /// Besides, an element may stand in quotes, within which a comma is a letter.
        case quoted
    }

    /// An element without a letter is none.
    package static func list(_ group: String, _ name: String, default fallback: [String], _ dialect: Dialect = .plain) -> Self {
        Self(
            group, name, fallback, text: fallback.joined(separator: ","),
            expectation: dialect == .plain ? "a list" : "a list such as [one, two]", readsEmpty: true, plain: { .list($0) }
        ) { elements($0.last ?? "", dialect) }
    }

    /// A name that may come many times, each time with one element.
    package static func many(_ group: String, _ name: String) -> Self {
        Self(
            group, name, [], text: nil, expectation: "a text, which may come many times", readsEmpty: true, plain: { .list($0) }
        ) { $0.filter { !$0.isEmpty } }
    }
}

extension Option<[String: String]> {
    /// `name:value` each, with commas between. What has no colon belongs to what stands before the next one that has.
    package static func table(_ group: String, _ name: String) -> Self {
        Self(
            group, name, [:], text: nil, expectation: "a list of name:value", readsEmpty: true, plain: { .table($0) }
        ) { pairs($0.last ?? "") }
    }
}

extension Option where Value: RawRepresentable<String> & CaseIterable {
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

/// A whole number as Python reads it: with a sign, and with single underscores between digits.
private func integer(_ text: String) -> Int? {
    let text = trimmed(text)
    let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
    let groups = digits.split(separator: "_", omittingEmptySubsequences: false)
    guard groups.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } }) else { return nil }
    return Int(text.filter { $0 != "_" })
}

/// Nil for brackets or quotes that do not end.
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

/// Nil where a quote is opened and not closed.
private func unquoted(_ text: String) -> String? {
    guard let quote = text.first, quote == "\"" || quote == "'" else { return text }
    return text.count > 1 && text.last == quote ? String(text.dropFirst().dropLast()) : nil
}

/// Nil for what has no colon, no name, or a name twice.
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
