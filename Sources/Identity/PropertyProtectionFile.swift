package import Domain
package import OsloConfig
internal import Synchronization
internal import Text

/// Reads a file of property protections: one section for each rule, named by a regular expression.
///
///     [^x_billing_.*]
///     create = admin, billing
///     read = @
///     update = !
///     delete = admin
package enum PropertyProtectionFile {
    /// The meaning of the words in the file.
    package enum Format: String, Sendable, CaseIterable {
        case roles, policies
    }

    /// Reads a file.
    ///
    /// - Throws: for a file that cannot be read, an invalid expression, a missing key, and an invalid value.
    package static func read(_ path: String, _ format: Format, _ policy: Policy) throws(ConfigurationError) -> PropertyProtections {
        var rules: [PropertyProtections.Rule] = []
        var names: Set<String> = []
        var expressions: [NameExpressions.Expression] = []
        for section in try ConfigurationFile.sections(of: path) where !section.name.hasPrefix("os_glance") {
            guard names.insert(section.name).inserted else { throw error(section, "stands in the file twice") }
            rules.append(try rule(section, format, policy))
            do {
                expressions.append(try NameExpressions.compiled(section.name))
            } catch let problem {
                throw error(section, "is no regular expression that is understood: \(problem)")
            }
        }
        return PropertyProtections(rules, patterns: NameExpressions(expressions))
    }

    private static func rule(
        _ section: ConfigurationFile.Section, _ format: Format, _ policy: Policy
    ) throws(ConfigurationError) -> PropertyProtections.Rule {
        var rule: PropertyProtections.Rule = [:]
        for setting in section.settings {
            guard let operation = PropertyProtections.Operation(rawValue: setting.name.lowercased()) else { continue }
            guard rule[operation] == nil else { throw error(section, at: setting.place, "has '\(operation.rawValue)' twice") }
            rule[operation] = try permission(setting, section, format, policy)
        }
        for operation in PropertyProtections.Operation.allCases where rule[operation] == nil {
            throw error(section, "does not say who may \(operation.rawValue)")
        }
        return rule
    }

    private static func permission(
        _ setting: Setting, _ section: ConfigurationFile.Section, _ format: Format, _ policy: Policy
    ) throws(ConfigurationError) -> PropertyProtections.Permission {
        let words = Set(setting.value.split(separator: ",").map { trimmed($0) }.filter { !$0.isEmpty })
        func wrong(_ reason: String) -> ConfigurationError { error(section, at: setting.place, "\(setting.name): \(reason)") }
        guard !(words.contains("@") && words.contains("!")) else { throw wrong("'@' and '!' exclude each other") }
        if format == .policies {
            guard words.count <= 1 else { throw wrong("names several policies; they can be put together in the policy file") }
        }
        if words.isEmpty || words.contains("!") { return .nobody }
        if words.contains("@") { return .everybody }
        guard format == .policies, let name = words.first else { return .roles(Set(words.map { $0.lowercased() })) }
        guard policy.has(ruleNamed: name) else { throw wrong("there is no policy '\(name)'") }
        return .policy(name)
    }

    private static func error(
        _ section: ConfigurationFile.Section, at place: String? = nil, _ reason: String
    ) -> ConfigurationError {
        ConfigurationError(place: place ?? section.place, reason: "[\(section.name)] \(reason)")
    }
}

/// The regular expressions of an operator, who writes them for Python's `re`.
///
/// Swift's engine supports that dialect except for look-behind, conditions and some of Python's flags, and reports what it does not
/// support. POSIX expressions (`regcomp`) would take `\d` for the letter d without an error. The engine is slow (tens of microseconds a
/// name), so results are cached.
private final class NameExpressions: NamePatterns {
    typealias Expression = Regex<AnyRegexOutput>

    private struct State {
        let expressions: [Expression]
        var found: [String: Int?] = [:]
    }

    private let state: Mutex<State>

    /// The number of cached names. Clients choose names freely, so the cache is emptied when it is full.
    private static let mostNames = 4096

    init(_ expressions: sending [Expression]) { state = Mutex(State(expressions: expressions)) }

    static func compiled(_ text: String) throws -> Expression {
        // As in Python: letters are those of Unicode, and a dot matches one code point.
        try Regex(text).matchingSemantics(.unicodeScalar).wordBoundaryKind(.simple)
    }

    func firstFound(in name: String) -> Int? {
        state.withLock { state in
            if let known = state.found[name] { return known }
            let place = state.expressions.firstIndex { (try? $0.firstMatch(in: name)) != nil }
            if state.found.count >= Self.mostNames { state.found.removeAll(keepingCapacity: true) }
            state.found[name] = .some(place)
            return place
        }
    }
}
