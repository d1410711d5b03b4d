/// A page of namespaces that a client asks for.
package struct MetadefListing: Sendable {
    package var limit: Int
    /// The name of the last namespace of the page before.
    package var marker: String?
    package var key = Key.createdAt
    package var isDescending = true
    package var visibility: Visibility?
    /// Only namespaces that are associated with one of these; nil for all.
    package var resourceTypes: [String]?

    package init(limit: Int) { self.limit = limit }

    package enum Key: String, Sendable, CaseIterable {
        case id, namespace, description, visibility, protected, owner
        case displayName = "display_name"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }
}

/// What came of asking for a page.
package struct MetadefPage: Sendable {
    /// With their resource types, and nothing else of their contents.
    package var namespaces: [MetadefNamespace]
    /// The namespace that the next page comes after, whether or not it is shown; nil when there is none.
    package let nextMarker: String?

    /// Bytes of definitions, about, that are in memory at once.
    package static let memoryLimit = 6 << 20

    /// - Parameters:
    ///   - namespaces: as they were read; who leaves out some does so afterwards.
    ///   - mayHaveMore: as many as the limit, or as there is room for, were found.
    package init(namespaces: [MetadefNamespace], mayHaveMore: Bool) {
        self.namespaces = namespaces
        nextMarker = mayHaveMore ? namespaces.last?.name : nil
    }
}

/// A piece of what is in a namespace that a client asks for.
package struct MetadefSlice: Sendable {
    /// Nil for all.
    package var limit: Int?
    /// The name of the last one of the piece before.
    package var marker: String?
    package var key = Key.createdAt
    package var isDescending = true

    package init() {}

    package enum Key: String, Sendable, CaseIterable {
        case id, name
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    /// Sorts and cuts. Where the key is level, the order of making decides.
    ///
    /// - Returns: nil when the marker names none of them.
    package func cut<Item>(_ items: [Item], _ name: (Item) -> String, _ record: (Item) -> MetadefRecord?) -> [Item]? {
        let places = items.map { item in
            let record = record(item)
            let value =
                switch key {
                case .id: ""
                case .name: name(item).lowercased()
                case .createdAt: record?.createdAt.description ?? ""
                case .updatedAt: record?.updatedAt?.description ?? ""
                }
            return (value, record?.number ?? 0)
        }
        var order = items.indices.sorted { places[$0] < places[$1] }
        if isDescending { order.reverse() }
        if let marker {
            let last =
                order.firstIndex { name(items[$0]) == marker }
                ?? order.firstIndex { name(items[$0]).lowercased() == marker.lowercased() }
            guard let last else { return nil }
            order.removeFirst(last + 1)
        }
        return order.prefix(limit ?? order.count).map { items[$0] }
    }
}
