/// Reads a list of images in pieces that fit into memory, for answers that contain the whole list.
///
/// If images of a page are hidden, or deleted while the page is read, the walk continues after them until the requested number is reached:
/// a client that pages by number would take a shorter answer for the end of the list.
package final class ImageWalk {
    private let catalog: any ImageCatalog
    private var listing: ImageListing
    private let caller: Caller
    private let hide: (inout [Image]) throws(Fault) -> Void
    /// Images that are still to be shown.
    private var wanted: Int
    private var mayHaveMore = true
    /// The images of the current page that are not read yet.
    private var rest: [ImageID] = []
    private var last: ImageID?
    /// The number of images in `rest` that are read at once.
    private var step = ImageWalk.longestStep
    private var ahead: [Image]?

    private static let longestStep = 25

    /// Reads the first piece.
    ///
    /// - Parameter hide: removes the images that the caller may not see.
    /// - Throws: what `ImageCatalog.page` does.
    package init(
        _ listing: ImageListing, in catalog: any ImageCatalog, for caller: Caller,
        hide: @escaping (inout [Image]) throws(Fault) -> Void = { _ in }
    ) throws(Fault) {
        (self.catalog, self.listing, self.caller, self.hide, wanted) = (catalog, listing, caller, hide, listing.limit)
        ahead = try shown(of: try pageBehind())
        if ahead == nil { ahead = try more() }
    }

    /// - Returns: images; nil at the end.
    package func next() throws(Fault) -> [Image]? {
        guard let piece = ahead else { return try more() }
        ahead = nil
        return piece
    }

    private func more() throws(Fault) -> [Image]? {
        while wanted > 0, !rest.isEmpty || mayHaveMore {
            if let piece = try shown(of: rest.isEmpty ? pageBehind() : pageOfRest()) { return piece }
        }
        return nil
    }

    private func pageBehind() throws(Fault) -> ImagePage {
        listing.limit = wanted
        if let last { listing.marker = last }
        let page: ImagePage
        do throws(Fault) {
            page = try catalog.page(listing, visibleTo: caller)
        } catch {
            // This marker was set here, so its image was deleted meanwhile.
            throw error.kind == .invalid && last != nil ? Fault(.unavailable, "The list changed while it was read.", cause: error) : error
        }
        (rest, mayHaveMore) = (page.rest, page.isFull && page.last != nil)
        if !rest.isEmpty { step = min(max(1, page.images.count), Self.longestStep) }
        return page
    }

    private func pageOfRest() throws(Fault) -> ImagePage {
        let asked = Array(rest.prefix(step))
        let page = try catalog.page(of: asked, in: listing, visibleTo: caller)
        rest = page.rest + rest.dropFirst(asked.count)
        if !page.rest.isEmpty {
            step = max(1, page.images.count)
        } else if page.images.reduce(0, { $0 + $1.memory }) < ImagePage.memoryLimit / 8 {
            step = min(step * 5, Self.longestStep)
        }
        return page
    }

    private func shown(of page: ImagePage) throws(Fault) -> [Image]? {
        last = page.last ?? last
        var piece = page.images
        try hide(&piece)
        wanted -= piece.count
        return piece.isEmpty ? nil : piece
    }
}
