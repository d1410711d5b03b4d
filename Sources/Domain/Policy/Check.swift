/// What must be true of a caller, and of what he wants to act on, for a rule to let him.
///
/// Source: oslo.policy, "Policy Rule Expressions".
package indirect enum Check: Sendable, Equatable {
    case always
    case never
    /// The caller has the role.
    case role(String)
    /// Another rule lets him.
    case rule(String)
    /// Something of the caller's, such as `project_id`, is the text, in which `%(owner)s` stands for an attribute of the target.
    case caller(String, is: Pattern)
    /// A text of the rule's own is the other, such as `'public':%(visibility)s`.
    case text(String, is: Pattern)
    case not(Check)
    case all([Check])
    case any([Check])

    /// A text with places for attributes of the target.
    package struct Pattern: Sendable, Equatable {
        package enum Part: Sendable, Equatable {
            case text(String)
            case attribute(String)
        }
        package let parts: [Part]

        package init(_ parts: [Part]) { self.parts = parts }

        /// Nil when an attribute is not there: then nothing equals it.
        func filled(from target: some PolicyTarget) -> String? {
            var text = ""
            for part in parts {
                switch part {
                case .text(let literal): text += literal
                case .attribute(let name):
                    guard let value = target.policyAttribute(name) else { return nil }
                    text += value
                }
            }
            return text
        }
    }
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
        case "project_id", "owner", "tenant": image.owner
        case "visibility": image.visibility.rawValue
        // A shared image that the caller was let to see has his project for a member.
        case "member_id": image.visibility == .shared && !caller.owns(image) ? caller.project : nil
        case "image_id", "id": image.id.text
        case "status": image.status.rawValue
        case "name": image.name
        case "disk_format": image.diskFormat
        case "container_format": image.containerFormat
        case "checksum": image.checksum
        case "os_hash_algo": image.hash?.algorithm
        case "os_hash_value": image.hash?.value
        case "size": image.size.map { String($0) }
        case "virtual_size": image.virtualSize.map { String($0) }
        case "min_disk": String(image.minDisk)
        case "min_ram": String(image.minRAM)
        case "protected": image.isProtected ? "True" : "False"
        case "os_hidden": image.isHidden ? "True" : "False"
        case "created_at": image.createdAt.description
        case "updated_at": image.updatedAt.description
        default: image[property: name]
        }
    }
}

/// An image as rules see it that V1 asks of whoever shares it, or sees with whom it is shared: a member stands for the owner, who let
/// him share in turn, and for the member that he is.
package struct SharingTarget: PolicyTarget {
    private let image: ImageTarget

    package init(_ image: Image, by caller: Caller) { self.image = ImageTarget(image: image, caller: caller) }

    package func policyAttribute(_ name: String) -> String? {
        switch name {
        case "project_id", "owner", "tenant": image.caller.mayChange(image.image) ? image.image.owner : image.caller.project
        case "member_id": image.caller.project
        default: image.policyAttribute(name)
        }
    }
}

/// A namespace of metadata definitions as a caller's rules see it; without one, what his own project would own.
struct MetadefTarget: PolicyTarget {
    let namespace: MetadefNamespace?
    let caller: Caller

    func policyAttribute(_ name: String) -> String? {
        switch name {
        case "project_id": namespace == nil ? caller.project : namespace?.fields.owner
        case "visibility": namespace?.fields.visibility.rawValue
        default: nil
        }
    }
}

/// What is not there yet, or is no image: the attributes themselves.
package struct AttributeTarget: PolicyTarget {
    private let attributes: [String: String]

    package init(_ attributes: [String: String]) { self.attributes = attributes }

    package func policyAttribute(_ name: String) -> String? { attributes[name] }
}
