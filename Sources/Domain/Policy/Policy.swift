/// The rules in force.
package struct Policy: Sendable {
    private let rules: [PolicyRule: Check]

    /// The rules of the code.
    package init() { rules = PolicyRule.defaults }

    /// Whether roles alone make an administrator. Asked once, when an identity is taken for a caller.
    package func makesAdmin(roles: Set<String>) -> Bool {
        let nobody = Caller(user: nil, project: nil, roles: roles, isAdmin: false)
        return allows(.contextIsAdmin, nobody, on: AttributeTarget([:]))
    }

    package func allows(_ rule: PolicyRule, _ caller: Caller, on target: some PolicyTarget) -> Bool {
        guard let check = rules[rule] else { return false }
        return holds(check, caller, target)
    }

    package func allows(_ rule: PolicyRule, _ caller: Caller, on image: Image) -> Bool {
        allows(rule, caller, on: ImageTarget(image: image, caller: caller))
    }

    /// - Throws: `.notFound` when the caller may not even see the image, `.forbidden` otherwise.
    package func require(_ rule: PolicyRule, on image: Image, by caller: Caller) throws(Fault) {
        if allows(rule, caller, on: image) { return }
        throw allows(.getImage, caller, on: image) ? .forbidden(rule) : .imageNotFound(image.id)
    }

    package func require(_ rule: PolicyRule, on target: some PolicyTarget, by caller: Caller) throws(Fault) {
        guard allows(rule, caller, on: target) else { throw .forbidden(rule) }
    }

    private func holds(_ check: Check, _ caller: Caller, _ target: some PolicyTarget) -> Bool {
        switch check {
        case .always: true
        case .never: false
        case .role(let role): caller.roles.contains(role)
        case .rule(.contextIsAdmin) where caller.isAdmin: true
        case .rule(let rule): allows(rule, caller, on: target)
        case .project(let attribute): caller.project != nil && caller.project == target.policyAttribute(attribute)
        case .target(let attribute, let value): target.policyAttribute(attribute) == value
        case .all(let checks): checks.allSatisfy { holds($0, caller, target) }
        case .any(let checks): checks.contains { holds($0, caller, target) }
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
