/// The owed removals, as an operator sees them.
package protocol OwedRemovalList: Sendable {
    /// Reads owed removals in the order in which they were recorded.
    ///
    /// - Parameter last: the number after which to begin; 0 for the first.
    /// - Throws: `.unavailable` when the records cannot be read now.
    func owedRemovals(after last: Int64, atMost count: Int) throws(Fault) -> [RecordedRemoval]

    /// Forgets owed removals, since an operator has removed the data, or keeps it on purpose. A number that is not there is no error.
    ///
    /// - Throws: `.unavailable` when the records cannot be changed now.
    func forget(_ removals: [RecordedRemoval]) throws(Fault)
}

/// An owed removal with its history.
package struct RecordedRemoval: Sendable {
    package let removal: OwedRemoval
    /// The time at which it was recorded, UTC.
    package let owedSince: Timestamp
    /// The number of tries that failed.
    package let tries: Int

    /// Makes a removal of its parts.
    package init(_ removal: OwedRemoval, owedSince: Timestamp, tries: Int) {
        (self.removal, self.owedSince, self.tries) = (removal, owedSince, tries)
    }
}
