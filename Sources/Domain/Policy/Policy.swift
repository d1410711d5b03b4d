/// The rules in force.
package struct Policy: Sendable {
    private let rules: [String: Check]
    /// Where each was read that is none of the code's, for whoever asks why.
    private let origins: [String: String]

    /// A rule of a file.
    package struct Override: Sendable {
        package let name: String
        package let check: Check
        /// Such as `policy.yaml:3`.
        package let origin: String

        package init(name: String, check: Check, origin: String) {
            (self.name, self.check, self.origin) = (name, check, origin)
        }
    }

    /// Why rules cannot be in force together.
    package struct Contradiction: Error {
        package let rule: String
        package let reason: String
        package let origin: String?
    }

    /// The rules of the code.
    package init() {
        (rules, origins) = (Self.defaults, [:])
    }

    /// The rules of the code with those of files in place of theirs.
    ///
    /// - Throws: for a rule that asks one there is not, or that asks itself.
    package init(overrides: [Override], isOld: Bool = false) throws(Contradiction) {
        var rules = isOld ? Self.oldDefaults : Self.defaults
        var origins: [String: String] = [:]
        for override in overrides {
            rules[override.name] = override.check
            origins[override.name] = override.origin
        }
        (self.rules, self.origins) = (rules, origins)
        for name in rules.keys.sorted() { try follow(name, path: []) }
    }

    // The code's own are read here once; a slip in them is found by every test.
    private static let defaults = parsed(PolicyRule.defaults)
    private static let oldDefaults = parsed(PolicyRule.oldDefaults)

    private static func parsed(_ texts: [String: String]) -> [String: Check] {
        texts.mapValues { text in
            do throws(PolicySyntaxError) { return try Check(text) } catch { fatalError("the rule \(text): \(error.reason)") }
        }
    }

    private func follow(_ name: String, path: [String]) throws(Contradiction) {
        guard !path.contains(name) else {
            let loop = (path + [name]).joined(separator: " asks ")
            throw Contradiction(rule: name, reason: "it asks itself: \(loop)", origin: origins[path[0]] ?? origins[name])
        }
        guard let check = rules[name] else {
            let asking = path.last ?? name
            throw Contradiction(rule: asking, reason: "there is no rule '\(name)'", origin: origins[asking])
        }
        for other in check.rulesAsked { try follow(other, path: path + [name]) }
    }

    // MARK: asking

    /// Whether roles alone make an administrator. Asked once, when an identity is taken for a caller.
    package func makesAdmin(roles: Set<String>) -> Bool {
        let nobody = Caller(user: nil, project: nil, roles: roles, isAdmin: false)
        return allows(.contextIsAdmin, nobody, on: AttributeTarget([:]))
    }

    package func allows(_ rule: PolicyRule, _ caller: Caller, on target: some PolicyTarget) -> Bool {
        caller.scope == .project && allows(rule.rawValue, caller, target)
    }

    package func allows(_ rule: PolicyRule, _ caller: Caller, on image: Image) -> Bool {
        allows(rule, caller, on: ImageTarget(image: image, caller: caller))
    }

    package func has(ruleNamed name: String) -> Bool { rules[name] != nil }

    /// Whether a rule of whatever name lets a caller, whatever he acts on. One that there is not lets nobody.
    package func allows(ruleNamed name: String, _ caller: Caller) -> Bool {
        has(ruleNamed: name) && allows(name, caller, AttributeTarget([:]))
    }

    /// Asks a rule, and beside it, where the rule is about a change of the image, whether the image is the caller's to change:
    /// rules that a site has carried over for years (`"modify_image": ""`) say nothing of owners, as Glance once asked that elsewhere.
    ///
    /// - Throws: `.notFound` when the caller may not even see the image, `.forbidden` otherwise.
    package func require(_ rule: PolicyRule, on image: Image, by caller: Caller) throws(Fault) {
        do throws(Fault) { try require(rule, onVisible: image, by: caller) } catch { throw refusal(error, on: image, to: caller) }
    }

    /// The same of an image that the database shows the caller: a refusal says so, whatever the rule `get_image` says. Glance asks so about
    /// the cache and about visibilities.
    ///
    /// - Throws: `.forbidden`.
    package func require(_ rule: PolicyRule, onVisible image: Image, by caller: Caller) throws(Fault) {
        guard allows(rule, caller, on: image) else { throw .forbidden(rule) }
        guard rule.subject == .change else { return }
        if rule == .addImageLocation && caller.isCloudService { return }
        try caller.requireOwnership(of: image)
    }

    /// - Throws: `.notFound` when the caller may not even see the image, `.forbidden` unless it is his to change.
    package func requireOwnership(of image: Image, by caller: Caller) throws(Fault) {
        do throws(Fault) { try caller.requireOwnership(of: image) } catch { throw refusal(error, on: image, to: caller) }
    }

    private func refusal(_ fault: Fault, on image: Image, to caller: Caller) -> Fault {
        allows(.getImage, caller, on: image) ? fault : .imageNotFound(image.id)
    }

    package func allows(_ rule: PolicyRule, _ caller: Caller, on namespace: MetadefNamespace?) -> Bool {
        allows(rule, caller, on: MetadefTarget(namespace: namespace, caller: caller))
    }

    /// - Parameter namespace: nil where it is about none in particular, and the caller's project counts for its owner.
    /// - Throws: `.notFound` when the caller may not even see the namespace, `.forbidden` otherwise.
    package func require(_ rule: PolicyRule, on namespace: MetadefNamespace?, by caller: Caller) throws(Fault) {
        guard allows(rule, caller, on: namespace) else {
            guard rule != .getMetadefNamespace, allows(.getMetadefNamespace, caller, on: namespace) else {
                throw namespace.map { .namespaceNotFound($0.name) } ?? Fault(.notFound, "The resource could not be found.")
            }
            throw .forbidden(rule)
        }
        guard rule.subject == .change, let namespace else { return }
        try requireOwnership(ofNamespace: namespace.name, of: namespace.fields.owner, by: caller)
    }

    /// Asks whether a namespace is the caller's to make or to change: his project's, or anybody's for administrators and those whom the
    /// rule `metadef_admin` makes administrators of these.
    ///
    /// - Throws: `.forbidden`.
    package func requireOwnership(ofNamespace name: String, of owner: String, by caller: Caller) throws(Fault) {
        guard caller.isAdmin || caller.project == owner || allows("metadef_admin", caller, AttributeTarget([:])) else {
            throw Fault(
                .forbidden, "The namespace \(name) is another project's: only that project and administrators may make or change it.")
        }
    }

    package func require(_ rule: PolicyRule, on target: some PolicyTarget, by caller: Caller) throws(Fault) {
        guard allows(rule, caller, on: target) else { throw .forbidden(rule) }
    }

    private func allows(_ name: String, _ caller: Caller, _ target: some PolicyTarget) -> Bool {
        if name == PolicyRule.contextIsAdmin.rawValue && caller.isAdmin { return true }
        guard let check = rules[name] ?? rules["default"] else { return false }
        return holds(check, caller, target)
    }

    private func holds(_ check: Check, _ caller: Caller, _ target: some PolicyTarget) -> Bool {
        switch check {
        case .always: true
        case .never: false
        case .role(let role): caller.roles.contains(role)
        case .rule(let name): allows(name, caller, target)
        case .caller(let attribute, let pattern):
            pattern.filled(from: target).map { caller.policyAttribute(attribute, is: $0) } ?? false
        case .text(let text, let pattern): text == pattern.filled(from: target)
        case .not(let check): !holds(check, caller, target)
        case .all(let checks): checks.allSatisfy { holds($0, caller, target) }
        case .any(let checks): checks.contains { holds($0, caller, target) }
        }
    }

    // MARK: telling

    /// Every rule by name: its text, and the place it was read in; nil for the code's own.
    package var listing: [(name: String, check: Check, origin: String?)] {
        rules.keys.sorted().map { ($0, rules[$0]!, origins[$0]) }
    }

    /// How a rule comes to its answer, check by check, a line each; deeper ones are further in.
    package func explanation(of name: String, _ caller: Caller, on target: some PolicyTarget) -> [String] {
        explain(.rule(name), caller, target, depth: 0)
    }

    private func explain(_ check: Check, _ caller: Caller, _ target: some PolicyTarget, depth: Int) -> [String] {
        let line = String(repeating: "  ", count: depth) + (holds(check, caller, target) ? "yes  " : "no   ") + "\(check)"
        let inner: [Check] =
            switch check {
            case .rule(let name) where name != PolicyRule.contextIsAdmin.rawValue || !caller.isAdmin:
                (rules[name] ?? rules["default"]).map { [$0] } ?? []
            case .not(let check): [check]
            case .all(let checks), .any(let checks): checks
            default: []
            }
        return [line] + inner.flatMap { explain($0, caller, target, depth: depth + 1) }
    }
}

extension Check {
    /// Rules that have an answer of their own in this one.
    fileprivate var rulesAsked: [String] {
        switch self {
        case .rule(let name): [name]
        case .not(let check): check.rulesAsked
        case .all(let checks), .any(let checks): checks.flatMap(\.rulesAsked)
        case .always, .never, .role, .caller, .text: []
        }
    }
}

extension Caller {
    /// What rules know of a caller. Source: oslo.context, `to_policy_values`.
    fileprivate func policyAttribute(_ name: String, is value: String) -> Bool {
        switch name {
        case "user_id", "user": user == value
        case "project_id", "tenant", "tenant_id": project == value
        case "is_admin": value == (isAdmin ? "True" : "False")
        case "roles": roles.contains(value)
        case "service_roles": serviceRoles.contains(value)
        default: false
        }
    }
}

extension Caller {
    /// - Throws: `.forbidden` unless an image is his to change.
    package func requireOwnership(of image: Image) throws(Fault) {
        guard mayChange(image) else {
            throw Fault(
                .forbidden,
                "You do not own image \(image.id): only \(image.owner == nil ? "" : "its project and ")administrators may change it.")
        }
    }
}

extension Fault {
    fileprivate static func forbidden(_ rule: PolicyRule) -> Fault {
        Fault(.forbidden, "You are not authorized to complete \(rule.rawValue) action.")
    }

    package static func imageNotFound(_ id: ImageID) -> Fault {
        Fault(.notFound, "Failed to find image \(id) to show: no such image, or it is not visible to you.")
    }
}
