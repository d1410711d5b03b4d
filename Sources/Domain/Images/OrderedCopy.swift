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
