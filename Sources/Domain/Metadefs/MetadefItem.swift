/// Something in a namespace, by its name there.
package enum MetadefItem: Sendable {
    case resourceType(ResourceTypeAssociation)
    case property(MetadefProperty)
    case object(MetadefObject)
    case tag(MetadefTag)

    /// Items that are read at once where a namespace holds much; each may hold three texts of 64 KiB.
    package static let piece = 16

    package var kind: MetadefKind {
        switch self {
        case .resourceType: .resourceType
        case .property: .property
        case .object: .object
        case .tag: .tag
        }
    }

    package var name: String {
        switch self {
        case .resourceType(let association): association.name
        case .property(let property): property.name
        case .object(let object): object.name
        case .tag(let tag): tag.name
        }
    }

    /// The same as it stands in the catalog.
    package func recorded(_ record: MetadefRecord) -> MetadefItem {
        switch self {
        case .resourceType(var association):
            association.record = record
            return .resourceType(association)
        case .property: return self
        case .object(var object):
            object.record = record
            return .object(object)
        case .tag(var tag):
            tag.record = record
            return .tag(tag)
        }
    }
}

package enum MetadefKind: Sendable, CaseIterable {
    case resourceType, property, object, tag
}

/// How something of a namespace stands in the catalog.
package struct MetadefRecord: Sendable {
    /// Later ones have higher numbers.
    package let number: Int64
    package let createdAt: Timestamp
    /// Nil where it was loaded from a file and never changed.
    package let updatedAt: Timestamp?

    package init(number: Int64, createdAt: Timestamp, updatedAt: Timestamp?) {
        self.number = number
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// A property that resources may have.
package struct MetadefProperty: Sendable {
    package var name: String
    /// Its type, title and bounds: a JSON object as text.
    package var schema: String

    package init(name: String, schema: String) {
        self.name = name
        self.schema = schema
    }
}

/// Properties that belong together.
package struct MetadefObject: Sendable {
    package var name: String
    package var description: String?
    /// Names of the properties that must be there; nil where a client did not say.
    package var required: [String]?
    /// Schemas by the names of the properties: a JSON object as text; nil where a client did not say.
    package var properties: String?
    /// Nil of one that is to be made.
    package var record: MetadefRecord?

    package init(name: String, description: String?, required: [String]?, properties: String?, record: MetadefRecord? = nil) {
        self.name = name
        self.description = description
        self.required = required
        self.properties = properties
        self.record = record
    }
}

/// A word that resources may be marked with.
package struct MetadefTag: Sendable {
    package var name: String
    /// Nil of one that is to be made.
    package var record: MetadefRecord?

    package init(name: String, record: MetadefRecord? = nil) {
        self.name = name
        self.record = record
    }
}

/// That resources of a type may carry what a namespace defines.
package struct ResourceTypeAssociation: Sendable {
    /// The type's, such as `OS::Nova::Flavor`.
    package var name: String
    /// Stands before the names of properties on such resources.
    package var prefix: String?
    /// Which of several sets of properties a resource has, such as `image` of a volume.
    package var propertiesTarget: String?
    /// Nil of one that is to be made.
    package var record: MetadefRecord?

    package init(name: String, prefix: String?, propertiesTarget: String?, record: MetadefRecord? = nil) {
        self.name = name
        self.prefix = prefix
        self.propertiesTarget = propertiesTarget
        self.record = record
    }
}

/// A type of resources that some namespace was meant for.
package struct ResourceType: Sendable {
    package let name: String
    package let record: MetadefRecord

    package init(name: String, record: MetadefRecord) {
        self.name = name
        self.record = record
    }
}

extension Fault {
    package static func itemNotFound(_ kind: MetadefKind, _ name: String) -> Fault {
        Fault(.notFound, "Could not find metadata definition \(kind.noun) \(name).")
    }

    /// - Parameter item: nil for the namespace itself.
    package static func protected(_ namespace: MetadefNamespace, _ item: MetadefItem? = nil) -> Fault {
        let what = item.map { "\($0.kind.noun) \($0.name)" } ?? "namespace \(namespace.name)"
        return Fault(.forbidden, "Metadata definition \(what) is protected and cannot be deleted.")
    }
}
