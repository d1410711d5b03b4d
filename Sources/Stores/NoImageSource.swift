package import Domain

/// A source that refuses every URL, for an installation without the http store.
package struct NoImageSource: ImageSource {
    /// Makes one.
    package init() {}

    package func check(_ url: String) throws(Fault) { throw Self.refusal }

    package func fetch(
        _ url: String, showing token: CallerToken?, atMost most: Int64, isCancelled: @escaping () -> Bool
    ) throws(Fault) -> FetchedBytes { throw Self.refusal }

    package func size(of url: String) throws(Fault) -> Int64 { throw Self.refusal }

    private static let refusal = Fault(.invalid, "External sources are not supported.")
}
