extension Check {
    /// Parses a rule: checks joined by `and`, `or`, `not` and parentheses. `and` binds closer than `or`; an empty text always allows.
    /// A check, or a whole rule, that cannot be parsed becomes `.misread`.
    ///
    /// Source: oslo.policy, `_parser.py`, with exactly its grammar: blanks separate checks within quotation marks too.
    package init(_ text: String) {
        var parser = CheckParser(text)
        do throws(PolicySyntaxError) {
            self = text.isEmpty ? .always : try parser.alternatives()
            try parser.requireEnd()
        } catch {
            self = .misread(PolicyMistake(text, reason: error.reason, offset: error.offset))
        }
    }

    /// Parses one check of a rule in the older form, a list of lists, in which blanks do not separate checks.
    package init(single text: String) { self = CheckParser.check(text, offset: 0) }
}

/// A syntax error, with its position in characters from the rule's beginning.
private struct PolicySyntaxError: Error {
    let reason: String
    let offset: Int
}

private struct CheckParser {
    private struct Token {
        let text: String
        let offset: Int
        /// Whether the word ends with a closing parenthesis instead of a blank.
        var isClosed = false
    }

    private var tokens: ArraySlice<Token>
    private let length: Int
    /// The nesting depth of parentheses and nots.
    private var depth = 0
    private static let deepest = 64

    init(_ text: String) {
        var tokens: [Token] = []
        let letters = Array(text)
        for word in letters.indices.split(whereSeparator: { letters[$0].isWhitespace }) {
            // Parentheses at a word's ends are the rule's; those inside, as in `%(owner)s`, belong to the check.
            let opening = word.prefix { letters[$0] == "(" }
            let rest = word.dropFirst(opening.count)
            let closing = rest.reversed().prefix { letters[$0] == ")" }.reversed()
            tokens += opening.map { Token(text: "(", offset: $0) }
            let check = rest.dropLast(closing.count)
            if let first = check.first {
                tokens.append(Token(text: String(check.map { letters[$0] }), offset: first, isClosed: !closing.isEmpty))
            }
            tokens += closing.map { Token(text: ")", offset: $0) }
        }
        (self.tokens, length) = (tokens[...], letters.count)
    }

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
        default:
            if !token.isClosed, token.text.count >= 2, let first = token.text.first, "'\"".contains(first), token.text.last == first {
                throw PolicySyntaxError(reason: "\(token.text) is no check: it is a text alone", offset: token.offset)
            }
            return Self.check(token.text, offset: token.offset)
        }
    }

    private mutating func take(_ word: String) -> Bool {
        guard tokens.first?.text.lowercased() == word else { return false }
        tokens.removeFirst()
        return true
    }

    // MARK: one check

    static func check(_ text: String, offset: Int) -> Check {
        func misread(_ reason: String) -> Check { .misread(PolicyMistake(text, reason: reason, offset: offset)) }
        switch text {
        case "@": return .always
        case "!": return .never
        default: break
        }
        guard let colon = text.firstIndex(of: ":") else { return misread("'\(text)' is no check: there is no colon in it") }
        let (kind, match) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
        if kind == "rule" { return .rule(match) }
        let isRemote = kind == "http" || kind == "https"
        guard let pattern = Check.Pattern(isRemote ? text : match) else {
            return misread("'\(text)' has a '%' that is neither %(name)s nor %%")
        }
        switch kind {
        case "role": return .role(pattern)
        case "http", "https": return .remote(pattern)
        default: break
        }
        if let literal = Self.literal(kind) { return .text(literal, is: pattern) }
        guard let first = kind.unicodeScalars.first, first.properties.isXIDStart || first == "_",
            kind.unicodeScalars.allSatisfy({ $0.properties.isXIDContinue || $0 == "." })
        else { return misread("'\(kind)' before the colon is neither an attribute of a caller nor a text in quotation marks") }
        return .caller(kind, is: pattern)
    }

    /// A literal as Python reads it: a quoted text, a whole number, or one of three words.
    private static func literal(_ kind: String) -> String? {
        if kind == "True" || kind == "False" || kind == "None" { return kind }
        if !kind.isEmpty, kind.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) { return kind.first == "0" && kind.count > 1 ? nil : kind }
        guard kind.count >= 2, let quote = kind.first, "'\"".contains(quote), kind.last == quote else { return nil }
        let text = kind.dropFirst().dropLast()
        return text.contains(quote) || text.contains("\\") ? nil : String(text)
    }
}

extension Check.Pattern {
    /// Parses a text as Python's `%` does; nil for forms other than `%(name)s` and `%%`.
    fileprivate init?(_ text: String) {
        var parts: [Part] = []
        var literal = ""
        var rest = text[...]
        while let sign = rest.firstIndex(of: "%") {
            literal += rest[..<sign]
            rest = rest[sign...].dropFirst()
            if rest.first == "%" {
                literal += "%"
                rest = rest.dropFirst()
                continue
            }
            guard rest.first == "(", let close = rest.firstIndex(of: ")"), rest[close...].dropFirst().first == "s" else { return nil }
            if !literal.isEmpty { parts.append(.text(literal)) }
            literal = ""
            parts.append(.attribute(String(rest.dropFirst()[..<close])))
            rest = rest[close...].dropFirst(2)
        }
        literal += rest
        if !literal.isEmpty || parts.isEmpty { parts.append(.text(literal)) }
        self.init(parts)
    }
}

extension Check: CustomStringConvertible {
    /// The check as the text of a rule.
    package var description: String { text(within: .any([])) }

    private func text(within outer: Check) -> String {
        switch self {
        case .always: return "@"
        case .never: return "!"
        case .role(let role): return "role:\(role)"
        case .rule(let name): return "rule:\(name)"
        case .caller(let attribute, let pattern): return "\(attribute):\(pattern)"
        case .text(let text, let pattern): return "'\(text)':\(pattern)"
        case .remote(let url): return "\(url)"
        case .misread(let mistake): return mistake.text
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
        parts.map { part in
            switch part {
            case .text(let text): text.replacing("%", with: "%%")
            case .attribute(let name): "%(\(name))s"
            }
        }.joined()
    }
}
