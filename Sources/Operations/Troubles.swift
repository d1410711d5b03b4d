internal import Domain
internal import Logging

/// What went wrong with some of many items in one turn. An item's failure is its own, and the others go on; where one place of a store
/// failed several times in a row, its items may be left for a later turn.
struct Troubles {
    private var failures: [Substring: Int] = [:]
    private var count = 0
    private var first: Fault?

    /// Failures in a row after which a place is given up.
    private static let most = 3

    /// - Parameter url: of something in the place.
    func hasGivenUp(_ url: String = "") -> Bool { failures[Self.place(of: url), default: 0] >= Self.most }

    mutating func note(_ fault: Fault, _ url: String = "") {
        failures[Self.place(of: url), default: 0] += 1
        count += 1
        first = first ?? fault
    }

    mutating func noteSuccess(_ url: String = "") { failures[Self.place(of: url)] = nil }

    /// One line for all of them.
    ///
    /// - Parameters:
    ///   - what: their number is put before it.
    ///   - more: items that were not tried because of these.
    func log(_ what: String, more: Int = 0, _ logger: Logger) {
        guard let first else { return }
        logger.warning("\(count + more) \(what): \(first)")
    }

    /// A URL up to its last slash: a folder.
    private static func place(of url: String) -> Substring { url.prefix(upTo: url.lastIndex(of: "/") ?? url.startIndex) }
}
