/// An item of a namespace, identified by its name there.
package enum MetadefItem: Sendable {
    case resourceType(ResourceTypeAssociation)
    case property(MetadefProperty)
    case object(MetadefObject)
    case tag(MetadefTag)

    /// The number of items that are read at once from a large namespace; each may hold three texts of 64 KiB.
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

    /// The same item with its record in the catalog.
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

/// The catalog's record of an item.
package struct MetadefRecord: Sendable {
    /// A number that grows with each new record.
    package let number: Int64
    package let createdAt: Timestamp
    /// Nil for an item that was loaded from a file and never changed.
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

/// A group of properties that belong together.
package struct MetadefObject: Sendable {
    package var name: String
    package var description: String?
    /// The names of the required properties; nil if the client gave none.
    package var required: [String]?
    /// Schemas by property name: a JSON object as text; nil if the client gave none.
    package var properties: String?
    /// Nil before the object exists.
    package var record: MetadefRecord?

    package init(name: String, description: String?, required: [String]?, properties: String?, record: MetadefRecord? = nil) {
        self.name = name
        self.description = description
        self.required = required
        self.properties = properties
        self.record = record
    }
}

/// A label for resources.
package struct MetadefTag: Sendable {
    package var name: String
    /// Nil before the tag exists.
    package var record: MetadefRecord?

    package init(name: String, record: MetadefRecord? = nil) {
        self.name = name
        self.record = record
    }
}

/// The association of a namespace with a type of resources, which may then carry what the namespace defines.
package struct ResourceTypeAssociation: Sendable {
    /// The type's name, such as `OS::Nova::Flavor`.
    package var name: String
    /// The prefix of property names on resources of this type.
    package var prefix: String?
    /// The set of properties that is meant where a resource has several, such as `image` of a volume.
    package var propertiesTarget: String?
    /// Nil before the association exists.
    package var record: MetadefRecord?

    package init(name: String, prefix: String?, propertiesTarget: String?, record: MetadefRecord? = nil) {
        self.name = name
        self.prefix = prefix
        self.propertiesTarget = propertiesTarget
        self.record = record
    }
}

/// A type of resources that at least one namespace was associated with.
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
