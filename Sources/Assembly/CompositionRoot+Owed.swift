package import Domain
internal import Persistence
internal import Stores

/// The removals that are owed, for an operator's program.
extension CompositionRoot {
    /// The records of them.
    package var owedRemovals: any OwedRemovalList {
        get throws { try catalog }
    }

    /// The name of the store that a location belongs to, as `store list` shows it; nil when it belongs to none.
    package func storeName(of url: String) throws -> String? {
        try stores.verifiedName(of: ImageLocation(url: url))
    }
}
