/// The space of the stores that keep files of their own.
package protocol StoreSpaces: Sendable {
    /// The names of these stores.
    var measuredStores: [String] { get }

    /// Asks for the space of one store. It may take as long as the file system needs, also for ever.
    ///
    /// - Throws: `.unavailable` when one of its folders cannot be asked.
    func space(of store: String) throws(Fault) -> StoreSpace
}

/// A store that can tell its space.
package protocol MeasuredStore: ImageStore {
    /// Asks for the space. It may take as long as the store needs, also for ever.
    ///
    /// - Throws: `.unavailable` when it cannot be told now.
    func space() throws(Fault) -> StoreSpace
}

/// The space of a store, in bytes.
package struct StoreSpace: Sendable, Equatable {
    /// What new data may take.
    package let free: Int64
    /// All that there is, used or free.
    package let size: Int64

    /// Makes a space of its parts.
    package init(free: Int64, size: Int64) { (self.free, self.size) = (free, size) }
}
