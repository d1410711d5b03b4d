/// A condition on a caller, and on the target of their request, under which a rule allows the request.
///
/// Source: oslo.policy, "Policy Rule Expressions".
package indirect enum Check: Sendable, Equatable {
    case always
    case never
    /// The caller has the role; case is ignored.
    case role(Pattern)
    /// Another rule allows the request.
    case rule(String)
    /// An attribute of the caller, such as `project_id`, equals the text, in which `%(owner)s` stands for an attribute of the target.
    case caller(String, is: Pattern)
    /// A literal equals the text, such as `'public':%(visibility)s`.
    case text(String, is: Pattern)
    /// The server at a URL allows the request.
    case remote(Pattern)
    case not(Check)
    case all([Check])
    case any([Check])
    /// A check that could not be parsed. It is neither true nor false, and neither is a check that depends on it.
    case misread(PolicyMistake)

    /// A text with placeholders for attributes of the target.
    package struct Pattern: Sendable, Equatable, ExpressibleByStringLiteral {
        package enum Part: Sendable, Equatable {
            case text(String)
            case attribute(String)
        }
        package let parts: [Part]

        package init(_ parts: [Part]) { self.parts = parts }
        package init(stringLiteral text: String) { parts = [.text(text)] }

        /// Nil when an attribute does not exist: then nothing equals the text.
        func filled(from target: some PolicyTarget) -> Filled? {
            var filled = Filled()
            for part in parts {
                switch part {
                case .text(let literal): filled.text += literal
                case .attribute(let name):
                    switch target.policyAttribute(name) {
                    case nil: return nil
                    case .nothing?:
                        filled.text += "None"
                        filled.holdsNothing = true
                    case .text(let value)?: filled.text += value
                    }
                    filled.isOfTarget = true
                }
            }
            return filled
        }

        struct Filled {
            var text = ""
            /// Whether an attribute of the target was inserted, and whether an empty one was.
            var isOfTarget = false
            var holdsNothing = false
        }
    }

    /// The parts of the check that could not be parsed.
    package var mistakes: [PolicyMistake] {
        switch self {
        case .misread(let mistake): [mistake]
        case .not(let check): check.mistakes
        case .all(let checks), .any(let checks): checks.flatMap(\.mistakes)
        case .always, .never, .role, .rule, .caller, .text, .remote: []
        }
    }

    /// The rules whose own results this check uses.
    var rulesAsked: [String] {
        switch self {
        case .rule(let name): [name]
        case .not(let check): check.rulesAsked
        case .all(let checks), .any(let checks): checks.flatMap(\.rulesAsked)
        case .always, .never, .role, .caller, .text, .remote, .misread: []
        }
    }

    /// Whether the check asks a server.
    var asksServer: Bool {
        switch self {
        case .remote: true
        case .not(let check): check.asksServer
        case .all(let checks), .any(let checks): checks.contains(where: \.asksServer)
        case .always, .never, .role, .rule, .caller, .text, .misread: false
        }
    }
}

/// A mistake in a rule or in one of its checks.
package struct PolicyMistake: Sendable, Equatable {
    /// The text that could not be parsed.
    package let text: String
    package let reason: String
    /// The position in the rule in characters, from 0.
    package let offset: Int

    package init(_ text: String, reason: String, offset: Int) { (self.text, self.reason, self.offset) = (text, reason, offset) }
}
