/// A client's query for a page of namespaces.
package struct MetadefListing: Sendable {
    package var limit: Int
    /// The name of the last namespace of the previous page.
    package var marker: String?
    package var key = Key.createdAt
    package var isDescending = true
    package var visibility: Visibility?
    /// Only namespaces that are associated with one of these are listed; nil for all.
    package var resourceTypes: [String]?

    package init(limit: Int) { self.limit = limit }

    package enum Key: String, Sendable, CaseIterable {
        case id, namespace, description, visibility, protected, owner
        case displayName = "display_name"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }
}

/// The result of a query for a page.
package struct MetadefPage: Sendable {
    /// The namespaces with their resource types, without other contents.
    package var namespaces: [MetadefNamespace]
    /// The namespace that the next page begins after, whether or not it is shown; nil without a next page.
    package let nextMarker: String?

    /// The approximate number of bytes of definitions that are in memory at once.
    package static let memoryLimit = 6 << 20

    /// - Parameters:
    ///   - namespaces: the namespaces as they were read, before any is left out.
    ///   - mayHaveMore: whether the limit, or the memory limit, ended the page.
    package init(namespaces: [MetadefNamespace], mayHaveMore: Bool) {
        self.namespaces = namespaces
        nextMarker = mayHaveMore ? namespaces.last?.name : nil
    }
}

/// A client's query for a part of a namespace's items.
package struct MetadefSlice: Sendable {
    /// Nil for no limit.
    package var limit: Int?
    /// The name of the last item of the previous part.
    package var marker: String?
    package var key = Key.createdAt
    package var isDescending = true

    package init() {}

    package enum Key: String, Sendable, CaseIterable {
        case id, name
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    /// Sorts and cuts. Items with equal keys keep the order of their creation.
    ///
    /// - Returns: nil when no item has the marker's name.
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
