internal import HTTP
internal import Text

/// Links to the pages of a list. They keep the other parameters of the query.
struct PageLinks {
    private let path: String
    private let others: String

    init(_ path: String, _ query: Query) { (self.path, others) = (path, query.encoded(without: "marker")) }

    var first: String { others.isEmpty ? path : "\(path)?\(others)" }

    /// The link to the page behind a marker.
    func next(after marker: String) -> String { "\(path)?" + (others.isEmpty ? "" : "\(others)&") + "marker=\(percentEncoded(marker))" }
}
