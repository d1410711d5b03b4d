/// Where images come from that somebody names by URL: an import, `copy_from`, a location. `FetchRules` are applied to the URL, to
/// every redirect and to every address that is connected to.
package protocol ImageSource: Sendable {
    /// Whether a URL is one that is asked at all.
    ///
    /// - Throws: `.invalid`.
    func check(_ url: String) throws(Fault)

    /// Asks for the bytes.
    ///
    /// - Parameters:
    ///   - token: shown to the source, and to nobody that it leads to.
    ///   - most: bytes that are taken.
    ///   - isCancelled: asked several times a second while bytes are waited for; then reading ends with a fault.
    /// - Throws: `.invalid` for a URL that is not allowed, `.notFound` when the source says so, `.tooLarge`, else `.unavailable`.
    ///   Before there is an answer, the text is the same whatever went wrong: it does not tell an address that is not allowed, a
    ///   closed port and an open one apart.
    func fetch(
        _ url: String, showing token: CallerToken?, atMost most: Int64, isCancelled: @escaping () -> Bool
    ) throws(Fault) -> FetchedBytes

    /// Bytes that the source says it has.
    ///
    /// - Throws: as `fetch` does, and `.invalid` when the source does not say.
    func size(of url: String) throws(Fault) -> Int64
}

extension ImageSource {
    package func fetch(_ url: String, atMost most: Int64, isCancelled: @escaping () -> Bool) throws(Fault) -> FetchedBytes {
        try fetch(url, showing: nil, atMost: most, isCancelled: isCancelled)
    }
}

/// An answer of a source, whose bytes are still to be read.
package struct FetchedBytes {
    /// Bytes that will come; nil when the source does not say.
    package let announced: Int64?
    /// Where it is false, the end of the connection is the end of the bytes: a cut body reads like a whole one.
    package let hasMarkedEnd: Bool
    /// Ends only when all that was announced has come.
    package let reader: any ByteStream

    package init(announced: Int64?, hasMarkedEnd: Bool, reader: any ByteStream) {
        (self.announced, self.hasMarkedEnd, self.reader) = (announced, hasMarkedEnd, reader)
    }
}
