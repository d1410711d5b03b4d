/// A namespace: definitions of the properties, objects and tags that resources of some types may carry.
package struct MetadefNamespace: Sendable {
    /// Its number in the catalog.
    package let id: Int64
    package var fields: MetadefFields
    package let createdAt: Timestamp
    /// Nil for a namespace that was loaded from a file and never changed.
    package let updatedAt: Timestamp?
    /// The contents that were asked for.
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

/// The fields of a namespace, from a client or a file.
package struct MetadefFields: Sendable {
    package var name: String
    package var displayName: String?
    package var description: String?
    /// `public` or `private`.
    package var visibility: Visibility
    /// Whether the namespace and its items are protected from deletion.
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

/// The items of a namespace.
package struct MetadefContents: Sendable {
    package var resourceTypes: [ResourceTypeAssociation] = []
    package var properties: [MetadefProperty] = []
    package var objects: [MetadefObject] = []
    package var tags: [MetadefTag] = []
    /// Whether only names were read because the namespace is large. `MetadefCatalog.items` returns the rest.
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

/// A whole namespace that is about to be created.
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
