internal import JSONDocument

/// The rules in force.
package struct Policy: Sendable {
    private let rules: [String: Check]
    /// Where each was read that is none of the code's, for whoever asks why.
    private let origins: [String: String]
    /// The rule that answers for those that there are not.
    private let fallback: String
    /// Rules that ask themselves, and so have no answer.
    private let circular: Set<String>
    private let remote: (any RemotePolicy)?

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

    /// The rules of the code.
    package init() { self.init(overrides: []) }

    /// The rules of the code with those of files in place of theirs.
    ///
    /// - Parameters:
    ///   - isOld: the rules of the code are those of before roles.
    ///   - fallback: `policy_default_rule`: the rule that answers for those that there are not.
    ///   - remote: whom checks of servers are left to; nil where nobody can ask them.
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

    // The code's own are read here once; a slip in them is found by every test.
    private static let defaults = parsed(PolicyRule.defaults)
    private static let oldDefaults = parsed(PolicyRule.oldDefaults)

    private static func parsed(_ texts: [String: String]) -> [String: Check] {
        texts.mapValues { text in
            let check = Check(text)
            precondition(check.mistakes.isEmpty, "the rule \(text)")
            return check
        }
    }

    /// The rules that lead back to themselves, whichever way.
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

    /// Whether roles alone make an administrator. Asked once, when an identity is taken for a caller.
    package func makesAdmin(roles: Set<String>) -> Bool {
        let nobody = Caller(user: nil, project: nil, roles: roles, isAdmin: false)
        return allows(.contextIsAdmin, nobody, on: AttributeTarget([:]))
    }

    /// Whether a rule lets a caller.
    ///
    /// - Throws: `.unavailable` when that is a server's to say, and it does not. No answer is neither yes nor no: clients that are told
    ///   that there is no such image, or that it is not for them, go by it.
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

    /// The same, where what nobody can tell is not allowed.
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

    /// Whether a rule of whatever name lets a caller, whatever he acts on. One that there is not lets nobody.
    package func allows(ruleNamed name: String, _ caller: Caller) -> Bool {
        has(ruleNamed: name) && allows(name, caller, AttributeTarget([:]))
    }

    /// Asks a rule, and beside it, where the rule is about a change of the image, whether the image is the caller's to change:
    /// rules that a site has carried over for years (`"modify_image": ""`) say nothing of owners, as Glance once asked that elsewhere.
    ///
    /// - Throws: `.notFound` when the caller may not even see the image, `.forbidden` otherwise.
    package func require(_ rule: PolicyRule, on image: Image, by caller: Caller) throws(Fault) {
        do throws(Fault) {
            try require(rule, onVisible: image, by: caller)
        } catch {
            guard error.kind == .forbidden else { throw error }
            throw try refusal(error, on: image, to: caller)
        }
    }

    /// The same of an image that the database shows the caller: a refusal says so, whatever the rule `get_image` says. Glance asks so about
    /// the cache and about visibilities.
    ///
    /// - Throws: `.forbidden`.
    package func require(_ rule: PolicyRule, onVisible image: Image, by caller: Caller) throws(Fault) {
        guard try decides(rule, caller, on: image) else { throw .forbidden(rule) }
        guard rule.subject == .change else { return }
        if rule == .addImageLocation && caller.isCloudService { return }
        try caller.requireOwnership(of: image)
    }

    /// - Throws: `.notFound` when the caller may not even see the image, `.forbidden` unless it is his to change.
    package func requireOwnership(of image: Image, by caller: Caller) throws(Fault) {
        let fault: Fault
        do throws(Fault) { return try caller.requireOwnership(of: image) } catch { fault = error }
        throw try refusal(fault, on: image, to: caller)
    }

    private func refusal(_ fault: Fault, on image: Image, to caller: Caller) throws(Fault) -> Fault {
        try decides(.getImage, caller, on: image) ? fault : .imageNotFound(image.id)
    }

    /// - Parameter namespace: nil where it is about none in particular, and the caller's project counts for its owner.
    /// - Throws: `.notFound` when the caller may not even see the namespace, `.forbidden` otherwise.
    package func require(_ rule: PolicyRule, on namespace: MetadefNamespace?, by caller: Caller) throws(Fault) {
        guard try decides(rule, caller, on: namespace) else {
            if rule != .getMetadefNamespace, try decides(.getMetadefNamespace, caller, on: namespace) { throw .forbidden(rule) }
            throw namespace.map { Fault.namespaceNotFound($0.name) } ?? Fault(.notFound, "The resource could not be found.")
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

    /// What is being asked, and why there is no answer to it.
    private struct Asking {
        let rule: String
        let caller: Caller
        var trouble: Fault?
    }

    /// - Returns: nil where nobody can tell: then what `not` makes of it cannot be told either.
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

    /// A rule as an operator is told of it.
    package struct Listed: Sendable {
        package let name: String
        package let check: Check
        /// The place it was read in; nil for the code's own.
        package let origin: String?
        /// What an operator may not expect of it: that it lets nobody, that another answers, that a server is asked.
        package let notes: [String]
        /// Whether something of it is a mistake.
        package let isWrong: Bool
    }

    /// Every rule by name.
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

    /// How a rule comes to its answer, check by check, a line each; deeper ones are further in.
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
