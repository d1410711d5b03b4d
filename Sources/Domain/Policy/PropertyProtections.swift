/// Rules for the use of custom properties, in the order of their file. The first rule applies whose
/// expression matches the property's name. A property without a rule is forbidden to everybody, administrators included.
///
/// Source: Glance, "Property Protections".
package struct PropertyProtections: Sendable {
    package enum Operation: String, Sendable, CaseIterable {
        case create, read, update, delete
    }

    package enum Permission: Sendable, Equatable {
        case everybody, nobody
        /// Callers with one of these roles, in lower case.
        case roles(Set<String>)
        /// Callers that a policy rule allows.
        case policy(String)
    }

    package typealias Rule = [Operation: Permission]

    private let rules: [Rule]
    private let patterns: any NamePatterns

    /// - Parameter patterns: the expressions of the rules, in the rules' order.
    package init(_ rules: [Rule], patterns: any NamePatterns) {
        (self.rules, self.patterns) = (rules, patterns)
    }

    package func allows(_ operation: Operation, on name: String, by caller: Caller, _ policy: Policy) -> Bool {
        // Only the service's own names. Glance searches `os_glance.*` anywhere in a name, which exempts any name that contains it.
        if Image.isMark(name) { return true }
        guard let place = patterns.firstFound(in: name), let permission = rules[place][operation] else { return false }
        switch permission {
        case .everybody: return true
        case .nobody: return false
        case .roles(let roles): return !roles.isDisjoint(with: Self.roles(of: caller))
        case .policy(let rule): return policy.allows(ruleNamed: rule, caller)
        }
    }

    /// The caller's roles, with those of a service that asks on their behalf.
    private static func roles(of caller: Caller) -> Set<String> {
        caller.serviceRoles.isEmpty ? caller.roles : caller.roles.union(caller.serviceRoles.map { $0.lowercased() })
    }
}

/// Expressions that are searched for in the names of properties.
package protocol NamePatterns: Sendable {
    /// The index of the first expression that matches a name; nil if none does.
    func firstFound(in name: String) -> Int?
}

/// A caller's rights to custom properties, for the length of one request.
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

    /// Removes the properties that the caller may not read. Names repeat from image to image and are judged once.
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

    /// - Throws: `.forbidden` if the caller may not do it.
    package func require(_ operation: PropertyProtections.Operation, _ name: String) throws(Fault) {
        guard may(operation, name) else { throw Fault(.forbidden, "Property '\(name)' is protected.") }
    }

    /// Checks that the caller may give a property a value. If the property exists and the caller cannot read it, they need both the right
    /// to create and the right to update.
    package func requireSetting(_ name: String, of image: Image) throws(Fault) {
        let exists = image[property: name] != nil
        if !exists || !may(.read, name) { try require(.create, name) }
        if exists { try require(.update, name) }
    }

    /// Whether the image has a property that the caller may read.
    package func sees(_ name: String, of image: Image) -> Bool { image[property: name] != nil && may(.read, name) }
}
