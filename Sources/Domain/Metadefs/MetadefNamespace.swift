/// A collection of definitions of metadata: which properties, objects and tags resources of some types may carry.
package struct MetadefNamespace: Sendable {
    /// Its number in the catalog.
    package let id: Int64
    package var fields: MetadefFields
    package let createdAt: Timestamp
    /// Nil where it was loaded from a file and never changed.
    package let updatedAt: Timestamp?
    /// As far as it was asked for.
    package var contents: MetadefContents

    package init(id: Int64, fields: MetadefFields, createdAt: Timestamp, updatedAt: Timestamp?, contents: MetadefContents = .init()) {
        self.id = id
        self.fields = fields
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.contents = contents
    }

    package var name: String { fields.name }
    package var isProtected: Bool { fields.isProtected }

    /// Source: Glance, "Metadata definition concepts".
    package func isVisible(to caller: Caller) -> Bool {
        caller.isAdmin || fields.visibility == .public || fields.owner == caller.project
    }
}

/// What a client, or a file, says of a namespace itself.
package struct MetadefFields: Sendable {
    package var name: String
    package var displayName: String?
    package var description: String?
    /// Public or private.
    package var visibility: Visibility
    /// Neither it nor what is in it can be deleted.
    package var isProtected: Bool
    package var owner: String

    package init(
        name: String, displayName: String? = nil, description: String? = nil, visibility: Visibility = .private,
        isProtected: Bool = false, owner: String
    ) {
        self.name = name
        self.displayName = displayName
        self.description = description
        self.visibility = visibility
        self.isProtected = isProtected
        self.owner = owner
    }
}

/// What is in a namespace.
package struct MetadefContents: Sendable {
    package var resourceTypes: [ResourceTypeAssociation] = []
    package var properties: [MetadefProperty] = []
    package var objects: [MetadefObject] = []
    package var tags: [MetadefTag] = []
    /// It holds so much that only names were read. `MetadefCatalog.items` has the rest.
    package var isOutlined = false

    package init() {}

    package var all: [MetadefItem] {
        resourceTypes.map(MetadefItem.resourceType) + properties.map(MetadefItem.property) + objects.map(MetadefItem.object)
            + tags.map(MetadefItem.tag)
    }

    package mutating func append(_ item: MetadefItem) {
        switch item {
        case .resourceType(let association): resourceTypes.append(association)
        case .property(let property): properties.append(property)
        case .object(let object): objects.append(object)
        case .tag(let tag): tags.append(tag)
        }
    }
}

/// A namespace that is to be made, whole.
package struct MetadefDraft: Sendable {
    package var fields: MetadefFields
    package var contents: MetadefContents

    package init(fields: MetadefFields, contents: MetadefContents = .init()) {
        self.fields = fields
        self.contents = contents
    }
}

extension Fault {
    package static func namespaceNotFound(_ name: String) -> Fault {
        Fault(.notFound, "Metadata definition namespace=\(name) was not found.")
    }
}
