/// A table of the image service whose rows are marked as deleted before they go.
package enum PurgePart: String, Sendable, CaseIterable {
    case properties = "image_properties"
    case tags = "image_tags"
    case locations = "image_locations"
    case members = "image_members"
    /// With what is kept of each in `task_info`.
    case tasks = "tasks"
    case images = "images"

    /// What names a deleted image and nothing else: all but the images themselves. In this order nothing goes before what refers to it.
    package static let besidesImages: [PurgePart] = [.properties, .tags, .locations, .members, .tasks]
}

/// The key of a row.
package enum PurgeKey: Sendable, Hashable {
    case number(Int64)
    case name(String)
}

/// A row that is marked as deleted.
package struct DeletedRow: Sendable {
    package let key: PurgeKey
    package let deletedAt: Timestamp?
    /// It was deleted long enough ago, and nobody needs it: no bytes of it are still to be removed, and nobody works on it.
    package let mayGo: Bool
    /// Rows of other tables refer to it.
    package let isReferred: Bool

    package init(key: PurgeKey, deletedAt: Timestamp?, mayGo: Bool, isReferred: Bool) {
        (self.key, self.deletedAt, self.mayGo, self.isReferred) = (key, deletedAt, mayGo, isReferred)
    }
}
