/// Why a rule is no rule, and at which character.
package struct PolicySyntaxError: Error, Equatable {
    package let reason: String
    /// Characters from the rule's beginning, from 0.
    package let offset: Int
}

extension Check {
    /// Reads a rule: checks with `and`, `or`, `not` and parentheses between. `and` binds closer than `or`; an empty text always lets.
    ///
    /// - Throws: for what is no rule, and for checks of other services (`http:`), which this service does not ask.
    package init(_ text: String) throws(PolicySyntaxError) {
        var parser = CheckParser(text)
        self = parser.isAtEnd ? .always : try parser.alternatives()
        try parser.requireEnd()
    }
}

private struct CheckParser {
    private struct Token {
        let text: String
        let offset: Int
    }

    private var tokens: ArraySlice<Token>
    private let length: Int
    /// Parentheses and nots within each other.
    private var depth = 0
    private static let deepest = 64

    init(_ text: String) {
        var tokens: [Token] = []
        let letters = Array(text)
        var place = 0
        while place < letters.count {
            if letters[place].isWhitespace {
                place += 1
                continue
            }
            let start = place
            var depth = 0
            // Quotes hold blanks together, and so does `%(…)s`: its parentheses are part of a check.
            if letters[place] == "(" || letters[place] == ")" {
                place += 1
            } else {
                var quote: Character?
                while place < letters.count {
                    let letter = letters[place]
                    if let open = quote {
                        if letter == open { quote = nil }
                    } else if letter == "'" || letter == "\"" {
                        quote = letter
                    } else if letter == "(" && place > start && letters[place - 1] == "%" {
                        depth += 1
                    } else if letter == ")" && depth > 0 {
                        depth -= 1
                    } else if letter.isWhitespace || letter == "(" || letter == ")" {
                        break
                    }
                    place += 1
                }
            }
            tokens.append(Token(text: String(letters[start..<place]), offset: start))
        }
        (self.tokens, length) = (tokens[...], letters.count)
    }

    var isAtEnd: Bool { tokens.isEmpty }

    func requireEnd() throws(PolicySyntaxError) {
        guard let next = tokens.first else { return }
        throw PolicySyntaxError(reason: "'\(next.text)' where the rule should end, or 'and' or 'or' is missing", offset: next.offset)
    }

    mutating func alternatives() throws(PolicySyntaxError) -> Check {
        var checks = [try conjunction()]
        while take("or") { checks.append(try conjunction()) }
        return checks.count == 1 ? checks[0] : .any(checks)
    }

    private mutating func conjunction() throws(PolicySyntaxError) -> Check {
        var checks = [try single()]
        while take("and") { checks.append(try single()) }
        return checks.count == 1 ? checks[0] : .all(checks)
    }

    private mutating func single() throws(PolicySyntaxError) -> Check {
        guard let token = tokens.popFirst() else { throw PolicySyntaxError(reason: "a check is missing at the end", offset: length) }
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.deepest else { throw PolicySyntaxError(reason: "too many parentheses", offset: token.offset) }
        switch token.text.lowercased() {
        case "not": return .not(try single())
        case "(":
            let inner = try alternatives()
            guard take(")") else { throw PolicySyntaxError(reason: "this parenthesis is not closed", offset: token.offset) }
            return inner
        case ")", "and", "or": throw PolicySyntaxError(reason: "'\(token.text)' where a check should be", offset: token.offset)
        default: return try check(token)
        }
    }

    private mutating func take(_ word: String) -> Bool {
        guard tokens.first?.text.lowercased() == word else { return false }
        tokens.removeFirst()
        return true
    }

    // MARK: one check

    private func check(_ token: Token) throws(PolicySyntaxError) -> Check {
        func wrong(_ reason: String) -> PolicySyntaxError { PolicySyntaxError(reason: reason, offset: token.offset) }
        switch token.text {
        case "@": return .always
        case "!": return .never
        default: break
        }
        let quote = token.text.first.flatMap { $0 == "'" || $0 == "\"" ? $0 : nil }
        let searched = quote.flatMap { open in token.text.dropFirst().firstIndex(of: open) } ?? token.text.startIndex
        guard let colon = token.text[searched...].firstIndex(of: ":") else {
            throw wrong("'\(token.text)' is no check: there is no colon in it")
        }
        let (kind, match) = (String(token.text[..<colon]), String(token.text[token.text.index(after: colon)...]))
        if let quote {
            guard kind.count >= 2, kind.last == quote else { throw wrong("a quotation mark is not closed") }
            return .text(String(kind.dropFirst().dropLast()), is: try pattern(match, token))
        }
        switch kind {
        case "": throw wrong("nothing stands before the colon")
        case "role":
            guard !match.isEmpty, !match.contains("%(") else { throw wrong("a role has a name of its own") }
            return .role(match.lowercased())
        case "rule":
            guard !match.isEmpty else { throw wrong("a rule's name is missing") }
            return .rule(match)
        case "http", "https": throw wrong("checks of other services are not supported")
        default:
            // Words and numbers that stand for themselves, as Python reads them.
            if kind == "True" || kind == "False" || kind == "None" || kind.allSatisfy(\.isNumber) {
                return .text(kind, is: try pattern(match, token))
            }
            return .caller(kind, is: try pattern(match, token))
        }
    }

    private func pattern(_ text: String, _ token: Token) throws(PolicySyntaxError) -> Check.Pattern {
        var parts: [Check.Pattern.Part] = []
        var rest = text[...]
        while let open = rest.firstRange(of: "%(") {
            if open.lowerBound > rest.startIndex { parts.append(.text(String(rest[..<open.lowerBound]))) }
            guard let close = rest[open.upperBound...].firstRange(of: ")s"), close.lowerBound > open.upperBound else {
                throw PolicySyntaxError(reason: "'%(' without a name and ')s' behind it", offset: token.offset)
            }
            parts.append(.attribute(String(rest[open.upperBound..<close.lowerBound])))
            rest = rest[close.upperBound...]
        }
        let quotes: Set<Character> = ["'", "\""]
        if parts.isEmpty, rest.count >= 2, let first = rest.first, quotes.contains(first), rest.last == first {
            rest = rest.dropFirst().dropLast()
        }
        if !rest.isEmpty || parts.isEmpty { parts.append(.text(String(rest))) }
        return Check.Pattern(parts)
    }
}

extension Check: CustomStringConvertible {
    /// As a rule's text.
    package var description: String { text(within: .any([])) }

    private func text(within outer: Check) -> String {
        switch self {
        case .always: return "@"
        case .never: return "!"
        case .role(let role): return "role:\(role)"
        case .rule(let name): return "rule:\(name)"
        case .caller(let attribute, let pattern): return "\(attribute):\(pattern)"
        case .text(let text, let pattern): return "'\(text)':\(pattern)"
        case .not(let check): return "not \(check.text(within: self))"
        case .all(let checks):
            let text = checks.map { $0.text(within: self) }.joined(separator: " and ")
            if case .not = outer { return "(\(text))" }
            return text
        case .any(let checks):
            let text = checks.map { $0.text(within: self) }.joined(separator: " or ")
            if case .any = outer { return text }
            return "(\(text))"
        }
    }
}

extension Check.Pattern: CustomStringConvertible {
    package var description: String {
        let text = parts.map { part in
            switch part {
            case .text(let text): text
            case .attribute(let name): "%(\(name))s"
            }
        }.joined()
        // Without quotation marks blanks would end it.
        if parts.count == 1, case .text = parts[0], text.contains(where: { $0.isWhitespace || "()".contains($0) }) { return "'\(text)'" }
        return text
    }
}
