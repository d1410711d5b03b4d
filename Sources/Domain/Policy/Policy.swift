internal import JSONDocument

/// The rules in force.
package struct Policy: Sendable {
    private let rules: [String: Check]
    /// The file and line of each rule that replaces a default, for explanations.
    private let origins: [String: String]
    /// The rule that is used in place of undefined ones.
    private let fallback: String
    /// Rules that depend on themselves, and so have no result.
    private let circular: Set<String>
    private let remote: (any RemotePolicy)?

    /// A rule from a policy file.
    package struct Override: Sendable {
        package let name: String
        package let check: Check
        /// File and line, such as `policy.yaml:3`.
        package let origin: String

        package init(name: String, check: Check, origin: String) {
            (self.name, self.check, self.origin) = (name, check, origin)
        }
    }

    /// The default rules.
    package init() { self.init(overrides: []) }

    /// The default rules, replaced by those of policy files where they define them.
    ///
    /// - Parameters:
    ///   - isOld: whether the defaults of the time before roles are used as well.
    ///   - fallback: `policy_default_rule`, the rule that is used in place of undefined ones.
    ///   - remote: asks servers for `http:` checks; nil where none can be asked.
    package init(overrides: [Override], isOld: Bool = false, fallback: String = "default", remote: (any RemotePolicy)? = nil) {
        var rules = isOld ? Self.oldDefaults : Self.defaults
        var origins: [String: String] = [:]
        for override in overrides {
            rules[override.name] = override.check
            origins[override.name] = override.origin
        }
        (self.rules, self.origins, self.fallback, self.remote) = (rules, origins, fallback, remote)
        circular = Self.circular(rules, fallback)
    }

    // The defaults are parsed here, once; every test fails if one has a mistake.
    private static let defaults = parsed(PolicyRule.defaults)
    private static let oldDefaults = parsed(PolicyRule.oldDefaults)

    private static func parsed(_ texts: [String: String]) -> [String: Check] {
        texts.mapValues { text in
            let check = Check(text)
            precondition(check.mistakes.isEmpty, "the rule \(text)")
            return check
        }
    }

    /// The rules that depend on themselves, directly or through others.
    private static func circular(_ rules: [String: Check], _ fallback: String) -> Set<String> {
        let asked = rules.mapValues { check in check.rulesAsked.map { rules[$0] == nil ? fallback : $0 } }
        return Set(
            rules.keys.filter { name in
                var (seen, open): (Set<String>, [String]) = ([], asked[name] ?? [])
                while let next = open.popLast() { if seen.insert(next).inserted { open += asked[next] ?? [] } }
                return seen.contains(name)
            })
    }

    // MARK: asking

    /// Whether roles alone make a caller an administrator. It is asked once, when the caller is authenticated.
    package func makesAdmin(roles: Set<String>) -> Bool {
        let nobody = Caller(user: nil, project: nil, roles: roles, isAdmin: false)
        return allows(.contextIsAdmin, nobody, on: AttributeTarget([:]))
    }

    /// Whether a rule allows a caller's request.
    ///
    /// - Throws: `.unavailable` if a server must decide and does not answer. That is neither yes nor no, and clients act on an answer such
    ///   as `.notFound` or `.forbidden`.
    package func decides(_ rule: PolicyRule, _ caller: Caller, on target: some PolicyTarget) throws(Fault) -> Bool {
        guard caller.scope == .project else { return false }
        return try decides(rule.rawValue, caller, target)
    }

    package func decides(_ rule: PolicyRule, _ caller: Caller, on image: Image) throws(Fault) -> Bool {
        try decides(rule, caller, on: ImageTarget(image: image, caller: caller))
    }

    package func decides(_ rule: PolicyRule, _ caller: Caller, on namespace: MetadefNamespace?) throws(Fault) -> Bool {
        try decides(rule, caller, on: MetadefTarget(namespace: namespace, caller: caller))
    }

    /// Whether a rule allows a caller's request; false if that cannot be decided.
    package func allows(_ rule: PolicyRule, _ caller: Caller, on target: some PolicyTarget) -> Bool {
        caller.scope == .project && allows(rule.rawValue, caller, target)
    }

    package func allows(_ rule: PolicyRule, _ caller: Caller, on image: Image) -> Bool {
        allows(rule, caller, on: ImageTarget(image: image, caller: caller))
    }

    package func allows(_ rule: PolicyRule, _ caller: Caller, on namespace: MetadefNamespace?) -> Bool {
        allows(rule, caller, on: MetadefTarget(namespace: namespace, caller: caller))
    }

    package func has(ruleNamed name: String) -> Bool { rules[name] != nil }

    /// Whether the rule with a name allows a caller's request, without a target. An undefined rule allows nothing.
    package func allows(ruleNamed name: String, _ caller: Caller) -> Bool {
        has(ruleNamed: name) && allows(name, caller, AttributeTarget([:]))
    }

    /// Asks a rule and, if the rule is about a change of the image, whether the caller may change the image at all:
    /// rules that a site has kept for years (`"modify_image": ""`) do not mention owners, because Glance once checked these in other code.
    ///
    /// - Throws: `.notFound` if the caller may not even see the image, `.forbidden` otherwise.
    package func require(_ rule: PolicyRule, on image: Image, by caller: Caller) throws(Fault) {
        do throws(Fault) {
            try require(rule, onVisible: image, by: caller)
        } catch {
            guard error.kind == .forbidden else { throw error }
            throw try refusal(error, on: image, to: caller)
        }
    }

    /// Asks a rule about an image that the database shows the caller. A refusal is `.forbidden`, whatever the rule `get_image` says, as in
    /// Glance for the cache and for visibilities.
    ///
    /// - Throws: `.forbidden`.
    package func require(_ rule: PolicyRule, onVisible image: Image, by caller: Caller) throws(Fault) {
        guard try decides(rule, caller, on: image) else { throw .forbidden(rule) }
        guard rule.subject == .change else { return }
        if rule == .addImageLocation && caller.isCloudService { return }
        try caller.requireOwnership(of: image)
    }

    /// - Throws: `.notFound` if the caller may not even see the image, `.forbidden` if they may not change it.
    package func requireOwnership(of image: Image, by caller: Caller) throws(Fault) {
        let fault: Fault
        do throws(Fault) { return try caller.requireOwnership(of: image) } catch { fault = error }
        throw try refusal(fault, on: image, to: caller)
    }

    private func refusal(_ fault: Fault, on image: Image, to caller: Caller) throws(Fault) -> Fault {
        try decides(.getImage, caller, on: image) ? fault : .imageNotFound(image.id)
    }

    /// - Parameter namespace: nil for no particular one; the caller's project then counts as the owner.
    /// - Throws: `.notFound` if the caller may not even see the namespace, `.forbidden` otherwise.
    package func require(_ rule: PolicyRule, on namespace: MetadefNamespace?, by caller: Caller) throws(Fault) {
        guard try decides(rule, caller, on: namespace) else {
            if rule != .getMetadefNamespace, try decides(.getMetadefNamespace, caller, on: namespace) { throw .forbidden(rule) }
            throw namespace.map { Fault.namespaceNotFound($0.name) } ?? Fault(.notFound, "The resource could not be found.")
        }
        guard rule.subject == .change, let namespace else { return }
        try requireOwnership(ofNamespace: namespace.name, of: namespace.fields.owner, by: caller)
    }

    /// Checks that the caller may create or change a namespace: their project owns it, or they are an administrator or allowed by the
    /// rule `metadef_admin`.
    ///
    /// - Throws: `.forbidden`.
    package func requireOwnership(ofNamespace name: String, of owner: String, by caller: Caller) throws(Fault) {
        guard caller.isAdmin || caller.project == owner || allows("metadef_admin", caller, AttributeTarget([:])) else {
            throw Fault(
                .forbidden, "The namespace \(name) is another project's: only that project and administrators may make or change it.")
        }
    }

    package func require(_ rule: PolicyRule, on target: some PolicyTarget, by caller: Caller) throws(Fault) {
        guard try decides(rule, caller, on: target) else { throw .forbidden(rule) }
    }

    private func allows(_ name: String, _ caller: Caller, _ target: some PolicyTarget) -> Bool {
        do throws(Fault) { return try decides(name, caller, target) } catch { return false }
    }

    private func decides(_ name: String, _ caller: Caller, _ target: some PolicyTarget) throws(Fault) -> Bool {
        var asking = Asking(rule: name, caller: caller)
        if let answer = answer(to: name, &asking, target) { return answer }
        if let trouble = asking.trouble { throw trouble }
        return false
    }

    // MARK: answering

    /// The state of one evaluation, with the reason why it has no result.
    private struct Asking {
        let rule: String
        let caller: Caller
        var trouble: Fault?
    }

    /// - Returns: nil if the result cannot be decided; `not` of it cannot be decided either.
    private func answer(to name: String, _ asking: inout Asking, _ target: some PolicyTarget) -> Bool? {
        if name == PolicyRule.contextIsAdmin.rawValue && asking.caller.isAdmin { return true }
        let name = rules[name] == nil ? fallback : name
        guard let check = rules[name] else { return false }
        return circular.contains(name) ? nil : holds(check, &asking, target)
    }

    private func holds(_ check: Check, _ asking: inout Asking, _ target: some PolicyTarget) -> Bool? {
        switch check {
        case .always: return true
        case .never: return false
        case .misread: return nil
        case .role(let role): return role.filled(from: target).map { asking.caller.roles.contains($0.text.lowercased()) } ?? false
        case .rule(let name): return answer(to: name, &asking, target)
        case .caller(let attribute, let pattern):
            guard let wanted = pattern.filled(from: target) else { return false }
            return asking.caller.policyAttribute(attribute, is: wanted)
        case .text(let text, let pattern): return pattern.filled(from: target)?.text.isSame(as: text) ?? false
        case .remote(let url): return says(url, &asking, target)
        case .not(let check): return holds(check, &asking, target).map { !$0 }
        case .all(let checks):
            var result: Bool? = true
            for check in checks {
                switch holds(check, &asking, target) {
                case false?: return false
                case nil: result = nil
                case true?: break
                }
            }
            return result
        case .any(let checks):
            var result: Bool? = false
            for check in checks {
                switch holds(check, &asking, target) {
                case true?: return true
                case nil: result = nil
                case false?: break
                }
            }
            return result
        }
    }

    private func says(_ url: Check.Pattern, _ asking: inout Asking, _ target: some PolicyTarget) -> Bool? {
        guard let remote, let url = url.filled(from: target) else { return nil }
        let question = PolicyQuestion(
            url: url.text, rule: asking.rule, target: target.policyAttributes, credentials: asking.caller.policyAttributes)
        do throws(Fault) {
            return try remote.lets(question)
        } catch {
            asking.trouble = error
            return nil
        }
    }

    // MARK: telling

    /// A rule in the listing for operators.
    package struct Listed: Sendable {
        package let name: String
        package let check: Check
        /// The file and line of the rule; nil for a default.
        package let origin: String?
        /// Remarks for the operator: the rule allows nothing, another rule answers in its place, or a server is asked.
        package let notes: [String]
        /// Whether the rule contains a mistake.
        package let isWrong: Bool
    }

    /// Every rule, sorted by name.
    package var listing: [Listed] {
        rules.keys.sorted().map { name in
            let check = rules[name]!
            var wrong = check.mistakes.map { "not understood at character \($0.offset + 1), so it lets nobody by that: \($0.reason)" }
            if circular.contains(name) { wrong.append("it asks itself, so it lets nobody") }
            for other in check.rulesAsked where rules[other] == nil {
                let answer = rules[fallback] == nil ? "which lets nobody" : "in whose place '\(fallback)' answers"
                wrong.append("it asks the rule '\(other)', which there is not, \(answer)")
            }
            let notes = check.asksServer ? ["a server is asked"] : []
            return Listed(name: name, check: check, origin: origins[name], notes: wrong + notes, isWrong: !wrong.isEmpty)
        }
    }

    /// The evaluation of a rule, one line a check, indented by depth.
    package func explanation(of name: String, _ caller: Caller, on target: some PolicyTarget) -> [String] {
        explain(.rule(name), of: name, caller, target, depth: 0)
    }

    private func explain(_ check: Check, of name: String, _ caller: Caller, _ target: some PolicyTarget, depth: Int) -> [String] {
        var asking = Asking(rule: name, caller: caller)
        let answer = holds(check, &asking, target).map { $0 ? "yes  " : "no   " } ?? "?    "
        let line = String(repeating: "  ", count: depth) + answer + "\(check)" + (asking.trouble.map { "  # \($0)" } ?? "")
        let inner: [Check] =
            switch check {
            case .rule(let name) where circular.contains(name): []
            case .rule(let name) where name != PolicyRule.contextIsAdmin.rawValue || !caller.isAdmin:
                (rules[name] ?? rules[fallback]).map { [$0] } ?? []
            case .not(let check): [check]
            case .all(let checks), .any(let checks): checks
            default: []
            }
        return [line] + inner.flatMap { explain($0, of: name, caller, target, depth: depth + 1) }
    }
}

extension Caller {
    /// - Throws: `.forbidden` if the caller may not change the image.
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
