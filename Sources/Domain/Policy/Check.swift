/// What must be true of a caller, and of what he wants to act on, for a rule to let him.
///
/// Source: oslo.policy, "Policy Rule Expressions".
package indirect enum Check: Sendable {
    case always
    case never
    /// The caller has the role.
    case role(String)
    /// Another rule lets him.
    case rule(PolicyRule)
    /// His project is the value of an attribute of the target: `project_id:%(owner)s`.
    case project(is: String)
    /// An attribute of the target has this value: `'public':%(visibility)s`.
    case target(String, is: String)
    case all([Check])
    case any([Check])

    static func && (left: Check, right: Check) -> Check { .all([left, right]) }
    static func || (left: Check, right: Check) -> Check { .any([left, right]) }
}

/// What a rule is asked about.
package protocol PolicyTarget {
    /// An attribute by the name that rules have for it: `owner`, `visibility`, `member_id`.
    func policyAttribute(_ name: String) -> String?
}

/// An image as a caller's rules see it.
struct ImageTarget: PolicyTarget {
    let image: Image
    let caller: Caller

    func policyAttribute(_ name: String) -> String? {
        switch name {
        case "project_id", "owner": image.owner
        case "visibility": image.visibility.rawValue
        // A shared image that the caller was let to see has his project for a member.
        case "member_id": image.visibility == .shared && !caller.owns(image) ? caller.project : nil
        case "image_id", "id": image.id.text
        case "status": image.status.rawValue
        case "name": image.name
        case "disk_format": image.diskFormat
        case "container_format": image.containerFormat
        default: image[property: name]
        }
    }
}

/// What is not there yet, or is no image: the attributes themselves.
package struct AttributeTarget: PolicyTarget {
    private let attributes: [String: String]

    package init(_ attributes: [String: String]) { self.attributes = attributes }

    package func policyAttribute(_ name: String) -> String? { attributes[name] }
}
