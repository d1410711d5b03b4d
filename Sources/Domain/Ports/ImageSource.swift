/// The source of data that a client names by URL: for an import, `copy_from` or a location. `FetchRules` apply to the URL, to every
/// redirect and to every address that is connected to.
package protocol ImageSource: Sendable {
    /// Checks whether a URL is allowed, without asking the network.
    ///
    /// - Throws: `.invalid` when it is not.
    func check(_ url: String) throws(Fault)

    /// Requests the data at a URL.
    ///
    /// - Parameters:
    ///   - token: sent to this URL only, not to the targets of redirects.
    ///   - most: the largest number of bytes that is accepted.
    ///   - isCancelled: called several times a second while no bytes come; when it returns true, reading throws a fault.
    /// - Throws: `.invalid` for a URL that is not allowed, `.notFound` when the source says so, `.tooLarge`, else `.unavailable`. Before an
    ///   answer arrives the message is the same for every reason: it does not distinguish a forbidden address, a closed port and an open
    ///   one.
    func fetch(
        _ url: String, showing token: CallerToken?, atMost most: Int64, isCancelled: @escaping () -> Bool
    ) throws(Fault) -> FetchedBytes

    /// Asks the source for the size of the data, in bytes.
    ///
    /// - Throws: as `fetch` does, and `.invalid` when the source does not tell the size.
    func size(of url: String) throws(Fault) -> Int64
}

extension ImageSource {
    /// Requests the data at a URL without a token.
    package func fetch(_ url: String, atMost most: Int64, isCancelled: @escaping () -> Bool) throws(Fault) -> FetchedBytes {
        try fetch(url, showing: nil, atMost: most, isCancelled: isCancelled)
    }
}

/// The answer of a source, with its data still to be read.
package struct FetchedBytes {
    /// The number of bytes that will come; nil when the source does not tell it.
    package let announced: Int64?
    /// Whether the end of the data is marked. If not, it ends with the connection, and truncated data cannot be recognized.
    package let hasMarkedEnd: Bool
    /// The data. It ends only when all announced bytes have come.
    package let reader: any ByteStream

    /// Makes an answer of its parts.
    package init(announced: Int64?, hasMarkedEnd: Bool, reader: any ByteStream) {
        (self.announced, self.hasMarkedEnd, self.reader) = (announced, hasMarkedEnd, reader)
    }
}
