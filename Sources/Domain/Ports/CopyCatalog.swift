/// An image's bytes that are to be fetched from elsewhere.
package struct OrderedCopy: Sendable, Equatable {
    package let image: ImageID
    package let url: String
    /// Of the request that ordered them.
    package let trace: Trace?

    package init(image: ImageID, url: String, trace: Trace?) {
        self.image = image
        self.url = url
        self.trace = trace
    }
}

/// Copies that `glance-tasks` makes. An order lasts until its image has its bytes, or cannot have them any more.
package protocol CopyCatalog: Sendable {
    /// Of two orders for one image the later counts.
    func order(_ copy: OrderedCopy) throws(Fault)
}

/// The copies as whoever makes them sees them.
package protocol CopyBacklog: CopyCatalog {
    /// Orders whose images are queued, the oldest first. Orders that have come to their end are gone afterwards.
    func waitingCopies(atMost count: Int) throws(Fault) -> [OrderedCopy]
}
