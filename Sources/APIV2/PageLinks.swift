internal import HTTP
internal import Text

/// Where the pages of a list are; each keeps the rest of the query.
struct PageLinks {
    private let path: String
    private let others: String

    init(_ path: String, _ query: Query) { (self.path, others) = (path, query.encoded(without: "marker")) }

    var first: String { others.isEmpty ? path : "\(path)?\(others)" }

    /// The page behind the one that a marker ends.
    func next(after marker: String) -> String { "\(path)?" + (others.isEmpty ? "" : "\(others)&") + "marker=\(percentEncoded(marker))" }
}
