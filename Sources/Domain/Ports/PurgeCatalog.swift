/// What is left of things that were deleted long ago: rows that nobody sees any more, and that go for good.
package protocol PurgeCatalog: Sendable {
    /// The moment some days ago.
    func moment(daysAgo days: Int) throws(Fault) -> Timestamp

    /// How many rows were deleted before a moment, at most: some of them may have to stay.
    func deletedRows(of part: PurgePart, before limit: Timestamp) throws(Fault) -> Int

    /// Deleted rows, also those that may not go, in the order of their keys.
    ///
    /// - Parameters:
    ///   - limit: only what was deleted before may go.
    ///   - last: rows behind this one; nil for the first.
    func deletedRows(
        of part: PurgePart, before limit: Timestamp, after last: PurgeKey?, atMost count: Int
    ) throws(Fault) -> [DeletedRow]

    /// Removes some rows, all at once, with what hangs on them alone.
    ///
    /// - Returns: how many were there.
    func purge(_ keys: [PurgeKey], of part: PurgePart, before limit: Timestamp) throws(Fault) -> Int

    /// Removes the names of transactions about which nobody asks any more.
    func forgetCommits() throws(Fault)
}

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
