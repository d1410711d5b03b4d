package import JSONDocument

/// The object that a rule is asked about.
package protocol PolicyTarget {
    /// An attribute by its name in rules (`owner`, `visibility`, `member_id`); nil if there is none of that name.
    func policyAttribute(_ name: String) -> PolicyValue?

    /// All attributes, for servers that rules ask.
    var policyAttributes: JSONObject { get }
}

/// The value of an attribute. An empty one becomes Python's `None` in a rule's text.
package enum PolicyValue: Sendable, Equatable {
    case nothing
    case text(String)

    fileprivate init(_ text: String?) { self = text.map { .text($0) } ?? .nothing }

    fileprivate var json: JSON { if case .text(let text) = self { .string(text) } else { .null } }
}

extension PolicyTarget {
    fileprivate func object(_ names: [String]) -> JSONObject {
        var object = JSONObject()
        for name in names { object[name] = policyAttribute(name)?.json }
        return object
    }
}

/// An image in rules about a caller's request.
struct ImageTarget: PolicyTarget {
    let image: Image
    let caller: Caller

    private static let names = [
        "image_id", "name", "status", "visibility", "owner", "project_id", "member_id", "disk_format", "container_format", "checksum",
        "os_hash_algo", "os_hash_value", "size", "virtual_size", "min_disk", "min_ram", "protected", "os_hidden", "created_at",
        "updated_at",
    ]

    func policyAttribute(_ name: String) -> PolicyValue? {
        switch name {
        case "project_id", "owner", "tenant": PolicyValue(image.owner)
        case "visibility": .text(image.visibility.rawValue)
        // A shared image that the caller does not own and may see has their project as a member.
        case "member_id": PolicyValue(image.visibility == .shared && !caller.owns(image) ? caller.project : nil)
        case "image_id", "id": .text(image.id.text)
        case "status": .text(image.status.rawValue)
        case "name": PolicyValue(image.name)
        case "disk_format": PolicyValue(image.diskFormat)
        case "container_format": PolicyValue(image.containerFormat)
        case "checksum": PolicyValue(image.checksum)
        case "os_hash_algo": PolicyValue(image.hash?.algorithm)
        case "os_hash_value": PolicyValue(image.hash?.value)
        case "size": PolicyValue(image.size.map { String($0) })
        case "virtual_size": PolicyValue(image.virtualSize.map { String($0) })
        case "min_disk": .text(String(image.minDisk))
        case "min_ram": .text(String(image.minRAM))
        case "protected": .text(image.isProtected ? "True" : "False")
        case "os_hidden": .text(image.isHidden ? "True" : "False")
        case "created_at": .text(image.createdAt.description)
        case "updated_at": .text(image.updatedAt.description)
        default: image[property: name].map { .text($0) }
        }
    }

    var policyAttributes: JSONObject {
        var object = object(Self.names)
        for property in image.properties where object[property.name] == nil { object[property.name] = policyAttribute(property.name)?.json }
        return object
    }
}

/// An image in rules about V1's sharing: a member who may share the image counts as its owner, and also as the member that they are.
package struct SharingTarget: PolicyTarget {
    private let image: ImageTarget

    package init(_ image: Image, by caller: Caller) { self.image = ImageTarget(image: image, caller: caller) }

    package func policyAttribute(_ name: String) -> PolicyValue? {
        switch name {
        case "project_id", "owner", "tenant":
            PolicyValue(image.caller.mayChange(image.image) ? image.image.owner : image.caller.project)
        case "member_id": PolicyValue(image.caller.project)
        default: image.policyAttribute(name)
        }
    }

    package var policyAttributes: JSONObject {
        var object = image.policyAttributes
        for name in ["project_id", "owner", "member_id"] { object[name] = policyAttribute(name)?.json }
        return object
    }
}

/// A namespace in rules; without one, a namespace that the caller's project would own.
struct MetadefTarget: PolicyTarget {
    let namespace: MetadefNamespace?
    let caller: Caller

    func policyAttribute(_ name: String) -> PolicyValue? {
        switch name {
        case "project_id": PolicyValue(namespace == nil ? caller.project : namespace?.fields.owner)
        case "visibility": namespace.map { .text($0.fields.visibility.rawValue) }
        default: nil
        }
    }

    var policyAttributes: JSONObject { object(["project_id", "visibility"]) }
}

/// A target that does not exist yet, or is no image: only attributes.
package struct AttributeTarget: PolicyTarget {
    private let attributes: [String: PolicyValue]

    package init(_ attributes: [String: String]) { self.attributes = attributes.mapValues { .text($0) } }
    package init(values: [String: PolicyValue]) { attributes = values }

    package func policyAttribute(_ name: String) -> PolicyValue? { attributes[name] }
    package var policyAttributes: JSONObject { object(attributes.keys.sorted()) }
}
