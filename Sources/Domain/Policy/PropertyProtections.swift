/// Who may do what with custom properties of which names: rules in the order of their file, of which the first counts whose
/// expression is found in the name. Without one a name is forbidden to everybody, administrators too.
///
/// Source: Glance, "Property Protections"; spec policy-and-auth §5.
package struct PropertyProtections: Sendable {
    package enum Operation: String, Sendable, CaseIterable {
        case create, read, update, delete
    }

    package enum Permission: Sendable, Equatable {
        case everybody, nobody
        /// Whoever has one of them; in lower case.
        case roles(Set<String>)
        /// Whoever a rule of the policy lets.
        case policy(String)
    }

    package typealias Rule = [Operation: Permission]

    private let rules: [Rule]
    private let patterns: any NamePatterns

    /// - Parameter patterns: the expressions of the rules, in their order.
    package init(_ rules: [Rule], patterns: any NamePatterns) {
        (self.rules, self.patterns) = (rules, patterns)
    }

    package func allows(_ operation: Operation, on name: String, by caller: Caller, _ policy: Policy) -> Bool {
        // The service's own. Glance searches `os_glance.*` anywhere in a name, which frees any name that somebody makes up round it.
        if Image.isMark(name) { return true }
        guard let place = patterns.firstFound(in: name), let permission = rules[place][operation] else { return false }
        switch permission {
        case .everybody: return true
        case .nobody: return false
        case .roles(let roles): return !roles.isDisjoint(with: Self.roles(of: caller))
        case .policy(let rule): return policy.allows(ruleNamed: rule, caller)
        }
    }

    /// Those of a service that asks for the caller count as his.
    private static func roles(of caller: Caller) -> Set<String> {
        caller.serviceRoles.isEmpty ? caller.roles : caller.roles.union(caller.serviceRoles.map { $0.lowercased() })
    }
}

/// Expressions that are searched in names of properties.
package protocol NamePatterns: Sendable {
    /// The place of the first that is found in a name; nil where none is.
    func firstFound(in name: String) -> Int?
}

/// What a caller may do with properties, for as long as a request of his takes.
package struct PropertyRights {
    private let protections: PropertyProtections
    private let caller: Caller
    private let policy: Policy

    package init(_ protections: PropertyProtections, of caller: Caller, _ policy: Policy) {
        (self.protections, self.caller, self.policy) = (protections, caller, policy)
    }

    package func may(_ operation: PropertyProtections.Operation, _ name: String) -> Bool {
        protections.allows(operation, on: name, by: caller, policy)
    }

    /// Takes away the properties that the caller may not read. Names repeat from image to image and are judged once.
    package func hideUnreadable(in images: inout [Image]) {
        var known: [String: Bool] = [:]
        for place in images.indices {
            images[place].properties.removeAll { property in
                if let isReadable = known[property.name] { return !isReadable }
                let isReadable = may(.read, property.name)
                known[property.name] = isReadable
                return !isReadable
            }
        }
    }

    package func readable(_ image: Image) -> Image {
        var images = [image]
        hideUnreadable(in: &images)
        return images[0]
    }

    /// - Throws: `.forbidden` unless the caller may do it.
    package func require(_ operation: PropertyProtections.Operation, _ name: String) throws(Fault) {
        guard may(operation, name) else { throw Fault(.forbidden, "Property '\(name)' is protected.") }
    }

    /// Asks whether the caller may give a property a value. One that he cannot read is new to him, and there all the same: he has to
    /// be allowed both.
    package func requireSetting(_ name: String, of image: Image) throws(Fault) {
        let exists = image[property: name] != nil
        if !exists || !may(.read, name) { try require(.create, name) }
        if exists { try require(.update, name) }
    }

    /// Whether the image has a property as far as the caller can tell.
    package func sees(_ name: String, of image: Image) -> Bool { image[property: name] != nil && may(.read, name) }
}
