package import Domain

extension ImageService {
    package func show(_ id: ImageID, to caller: Caller) throws(Fault) -> Image {
        readable(try found(id, by: caller), by: caller)
    }

    /// The image as it is, for whoever asks further whether he may do something with it.
    package func found(_ id: ImageID, by caller: Caller) throws(Fault) -> Image {
        let image = try images.image(id, visibleTo: caller)
        try policy.require(.getImage, on: image, by: caller)
        return image
    }

    /// A page of images, as far as it may be in memory at once. Those that the policy hides from the caller are left out of it.
    package func list(_ listing: ImageListing, for caller: Caller) throws(Fault) -> ImagePage {
        let (listing, hide) = try readable(listing, by: caller)
        var page = try images.page(listing, visibleTo: caller)
        try hide(&page.images)
        return page
    }

    /// A whole list of images, without those that the policy hides from the caller.
    package func walk(_ listing: ImageListing, for caller: Caller) throws(Fault) -> ImageWalk {
        let (listing, hide) = try readable(listing, by: caller)
        return try ImageWalk(listing, in: images, for: caller, hide: hide)
    }

    /// A list without filters that would tell what the caller may not read, and what takes out of its images what he may not see.
    private func readable(
        _ listing: ImageListing, by caller: Caller
    ) throws(Fault) -> (listing: ImageListing, hide: (inout [Image]) throws(Fault) -> Void) {
        // One policy for the whole page: each asking for the current one takes a lock and looks at a clock.
        let policy = policy
        var target: [String: String] = [:]
        target["project_id"] = caller.project
        try policy.require(.getImages, on: AttributeTarget(target), by: caller)
        let rights = propertyRights(of: caller)
        var listing = listing
        if let rights { listing.leaveOutWhatIsUnreadable(rights) }
        func hide(_ images: inout [Image]) throws(Fault) {
            var seen: [Image] = []
            for image in images { if try policy.decides(.getImage, caller, on: image) { seen.append(image) } }
            images = seen
            rights?.hideUnreadable(in: &images)
        }
        return (listing, hide)
    }
}

extension ImageListing {
    /// A filter must not tell what a property holds that the caller may not read. The database finds names whatever the case and the
    /// accents of their letters, so it has to look at them more closely too.
    fileprivate mutating func leaveOutWhatIsUnreadable(_ rights: PropertyRights) {
        for case .property(let name, _) in filters {
            hasExactNames = true
            if !rights.may(.read, name) { filters = [.nothing] }
        }
    }
}
