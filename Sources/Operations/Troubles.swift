internal import Domain
internal import Logging

/// Collects the failures of a run over many items. A failure does not stop the others; if a place in a store (a folder, a pool, a bucket)
/// failed several times in a row, its remaining items may be left to a later run.
struct Troubles {
    private var failures: [Substring: Int] = [:]
    private var count = 0
    private var first: Fault?

    /// The failures in a row after which a place is skipped.
    private static let most = 3

    /// Whether a place is skipped.
    ///
    /// - Parameter url: the URL of an item in it.
    func hasGivenUp(_ url: String = "") -> Bool { failures[Self.place(of: url), default: 0] >= Self.most }

    mutating func note(_ fault: Fault, _ url: String = "") {
        failures[Self.place(of: url), default: 0] += 1
        count += 1
        first = first ?? fault
    }

    mutating func noteSuccess(_ url: String = "") { failures[Self.place(of: url)] = nil }

    /// Logs one line for all failures.
    ///
    /// - Parameters:
    ///   - what: the text that follows their number.
    ///   - more: the number of items that were skipped.
    func log(_ what: String, more: Int = 0, _ logger: Logger) {
        guard let first else { return }
        logger.warning("\(count + more) \(what): \(first)")
    }

    /// A URL up to its last slash, which is the folder of a file; of other stores the host and the first name in the path, which are the
    /// cluster and pool, the server and bucket, or the reference and container.
    private static func place(of url: String) -> Substring {
        let isFile = url.utf8.starts(with: "file:".utf8) || url.utf8.starts(with: "filesystem:".utf8)
        guard !isFile, let mark = url.utf8.firstRange(of: "://".utf8) else {
            return url.prefix(upTo: url.lastIndex(of: "/") ?? url.startIndex)
        }
        let parts = url[mark.upperBound...].split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        // A location has an object behind them.
        return url[..<(parts.dropLast().prefix(2).last?.endIndex ?? mark.upperBound)]
    }
}
