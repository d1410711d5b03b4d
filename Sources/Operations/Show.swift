package import Domain

extension ImageService {
    /// Reads an image as the caller may see it.
    ///
    /// - Throws: `.notFound`, `.forbidden`.
    package func show(_ id: ImageID, to caller: Caller) throws(Fault) -> Image {
        readable(try found(id, by: caller), by: caller)
    }

    /// Reads an image with all its properties, for further checks of what the caller may do.
    package func found(_ id: ImageID, by caller: Caller) throws(Fault) -> Image {
        let image = try images.image(id, visibleTo: caller)
        try policy.require(.getImage, on: image, by: caller)
        return image
    }

    /// Lists a page of images, limited by the memory that it takes. Images that the policy hides from the caller are left out.
    package func list(_ listing: ImageListing, for caller: Caller) throws(Fault) -> ImagePage {
        let (listing, hide) = try readable(listing, by: caller)
        var page = try images.page(listing, visibleTo: caller)
        try hide(&page.images)
        return page
    }

    /// Lists all images of a listing, without those that the policy hides from the caller.
    package func walk(_ listing: ImageListing, for caller: Caller) throws(Fault) -> ImageWalk {
        let (listing, hide) = try readable(listing, by: caller)
        return try ImageWalk(listing, in: images, for: caller, hide: hide)
    }

    /// A listing without filters on properties that the caller may not read, and a closure that removes hidden images and properties from
    /// its pages.
    private func readable(
        _ listing: ImageListing, by caller: Caller
    ) throws(Fault) -> (listing: ImageListing, hide: (inout [Image]) throws(Fault) -> Void) {
        // One policy for the whole page: each reading of the current policy takes a lock and reads a clock.
        let policy = policy
        var target: [String: String] = [:]
        target["project_id"] = caller.project
        try policy.require(.getImages, on: AttributeTarget(target), by: caller)
        let rights = propertyRights(of: caller)
        var listing = listing
        if let rights { listing.leaveOutWhatIsUnreadable(rights) }
        func hide(_ images: inout [Image]) throws(Fault) {
            var hidden: Set<Int> = []
            for (place, image) in images.enumerated() { if try !policy.decides(.getImage, caller, on: image) { hidden.insert(place) } }
            // Nearly always there is none, and an image is large to copy.
            if !hidden.isEmpty { images = images.indices.filter { !hidden.contains($0) }.map { images[$0] } }
            rights?.hideUnreadable(in: &images)
        }
        return (listing, hide)
    }
}

extension ImageListing {
    /// Removes filters on properties that the caller may not read, since a filter would disclose their values. The database ignores case
    /// and accents in names, so exact names are demanded too.
    fileprivate mutating func leaveOutWhatIsUnreadable(_ rights: PropertyRights) {
        for case .property(let name, _) in filters {
            hasExactNames = true
            if !rights.may(.read, name) { filters = [.nothing] }
        }
    }
}
