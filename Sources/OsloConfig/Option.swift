/// An option of the service: its name as Glance has it, its default, and how its text is read.
package struct Option<Value: Sendable>: Sendable {
    package let group: String
    package let name: String
    let fallback: Value
    /// The default as text, for `$name` in other values; nil when there is none.
    let fallbackText: String?
    /// Reads all values given for the option, in order; nil when they do not make one.
    let read: @Sendable ([String]) -> Value?
    let expectation: String

    private init(
        _ group: String, _ name: String, _ fallback: Value, text: String?, expectation: String,
        read: @escaping @Sendable ([String]) -> Value?
    ) {
        (self.group, self.name, self.fallback, self.fallbackText) = (group, name, fallback, text)
        (self.expectation, self.read) = (expectation, read)
    }

    package var key: OptionKey { OptionKey(group: group, name: name, fallback: fallbackText) }
}

/// An option without its type, as the list of all that are known holds it.
package struct OptionKey: Hashable, Sendable {
    package let group: String
    package let name: String
    package let fallback: String?

    package init(group: String, name: String, fallback: String? = nil) {
        self.group = group
        self.name = name
        self.fallback = fallback
    }
}

extension Option<String> {
    package static func text(_ group: String, _ name: String, default fallback: String) -> Self {
        Self(group, name, fallback, text: fallback, expectation: "a text") { $0.last }
    }
}

extension Option<String?> {
    /// An empty text is none.
    package static func optionalText(_ group: String, _ name: String, default fallback: String? = nil) -> Self {
        Self(group, name, fallback, text: fallback, expectation: "a text") { .some($0.last.flatMap { $0.isEmpty ? nil : $0 }) }
    }
}

extension Option<Int> {
    package static func int(
        _ group: String, _ name: String, default fallback: Int, in range: ClosedRange<Int> = Int.min...Int.max
    ) -> Self {
        let bounds = range == Int.min...Int.max ? "" : " from \(range.lowerBound) to \(range.upperBound)"
        return Self(group, name, fallback, text: String(fallback), expectation: "an integer\(bounds)") {
            $0.last.flatMap { Int($0) }.flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension Option<Int64> {
    /// A number of bytes with a unit, of which each is 1024 of the one before. Source: Glance, `user_storage_quota`.
    package static func bytes(_ group: String, _ name: String, default fallback: Int64) -> Self {
        Self(group, name, fallback, text: String(fallback), expectation: "a number with B, KB, MB, GB, TB or nothing behind it") {
            $0.last.flatMap { text in
                let digits = text.prefix { $0.isASCII && $0.isNumber }
                guard
                    let unit = ["B", "KB", "MB", "GB", "TB"].firstIndex(of: digits.count == text.count ? "B" : text.dropFirst(digits.count))
                else { return nil }
                let (bytes, isTooMuch) = (Int64(digits) ?? -1).multipliedReportingOverflow(by: 1 << (10 * Int64(unit)))
                return isTooMuch || bytes < 0 ? nil : bytes
            }
        }
    }
}

extension Option<Bool> {
    /// Source: oslo.config, `types.Boolean`.
    package static func flag(_ group: String, _ name: String, default fallback: Bool) -> Self {
        Self(group, name, fallback, text: fallback ? "True" : "False", expectation: "true or false") {
            switch $0.last?.lowercased() {
            case "true", "1", "on", "yes": true
            case "false", "0", "off", "no": false
            default: nil
            }
        }
    }
}

extension Option<[String]> {
    /// Commas part the elements; brackets round them are optional.
    package static func list(_ group: String, _ name: String, default fallback: [String]) -> Self {
        Self(group, name, fallback, text: fallback.joined(separator: ","), expectation: "a list") { elements($0.last ?? "") }
    }

    /// A name that may come many times, each time with one element.
    package static func many(_ group: String, _ name: String) -> Self {
        Self(group, name, [], text: nil, expectation: "a text") { $0.filter { !$0.isEmpty } }
    }
}

extension Option where Value: RawRepresentable<String> & CaseIterable {
    package static func choice(_ group: String, _ name: String, default fallback: Value, ignoresCase: Bool = false) -> Self {
        let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return Self(group, name, fallback, text: fallback.rawValue, expectation: "one of \(names)") {
            $0.last.flatMap { text in
                Value(rawValue: text)
                    ?? (ignoresCase ? Value.allCases.first { $0.rawValue.lowercased() == text.lowercased() } : nil)
            }
        }
    }
}

private func elements(_ text: String) -> [String] {
    var body = text[...]
    if body.first == "[" && body.last == "]" { body = body.dropFirst().dropLast() }
    return body.split(separator: ",").map { trimmed($0) }.filter { !$0.isEmpty }
}
