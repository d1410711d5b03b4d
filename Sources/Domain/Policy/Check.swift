/// What must be true of a caller, and of what he wants to act on, for a rule to let him.
///
/// Source: oslo.policy, "Policy Rule Expressions".
package indirect enum Check: Sendable, Equatable {
    case always
    case never
    /// The caller has the role, whatever the case of its letters.
    case role(Pattern)
    /// Another rule lets him.
    case rule(String)
    /// Something of the caller's, such as `project_id`, is the text, in which `%(owner)s` stands for an attribute of the target.
    case caller(String, is: Pattern)
    /// A text of the rule's own is the other, such as `'public':%(visibility)s`.
    case text(String, is: Pattern)
    /// The server at a URL says so.
    case remote(Pattern)
    case not(Check)
    case all([Check])
    case any([Check])
    /// What nobody understands: it is neither true nor false, and nor is what depends on it.
    case misread(PolicyMistake)

    /// A text with places for attributes of the target.
    package struct Pattern: Sendable, Equatable, ExpressibleByStringLiteral {
        package enum Part: Sendable, Equatable {
            case text(String)
            case attribute(String)
        }
        package let parts: [Part]

        package init(_ parts: [Part]) { self.parts = parts }
        package init(stringLiteral text: String) { parts = [.text(text)] }

        /// Nil when an attribute is not there: then nothing equals it.
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
            /// Whether an attribute of the target went into it, and whether one that is empty.
            var isOfTarget = false
            var holdsNothing = false
        }
    }

    /// Whatever was not understood in it.
    package var mistakes: [PolicyMistake] {
        switch self {
        case .misread(let mistake): [mistake]
        case .not(let check): check.mistakes
        case .all(let checks), .any(let checks): checks.flatMap(\.mistakes)
        case .always, .never, .role, .rule, .caller, .text, .remote: []
        }
    }

    /// Rules that have an answer of their own in this one.
    var rulesAsked: [String] {
        switch self {
        case .rule(let name): [name]
        case .not(let check): check.rulesAsked
        case .all(let checks), .any(let checks): checks.flatMap(\.rulesAsked)
        case .always, .never, .role, .caller, .text, .remote, .misread: []
        }
    }

    /// Whether a server has a say in it.
    var asksServer: Bool {
        switch self {
        case .remote: true
        case .not(let check): check.asksServer
        case .all(let checks), .any(let checks): checks.contains(where: \.asksServer)
        case .always, .never, .role, .rule, .caller, .text, .misread: false
        }
    }
}

/// Why a rule, or a check of one, is none.
package struct PolicyMistake: Sendable, Equatable {
    /// What was not understood.
    package let text: String
    package let reason: String
    /// Characters from the rule's beginning, from 0.
    package let offset: Int

    package init(_ text: String, reason: String, offset: Int) { (self.text, self.reason, self.offset) = (text, reason, offset) }
}
