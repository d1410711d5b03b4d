package import Domain
package import JSONDocument

/// What a client asks for when it wants an image to get its bytes by an import.
package struct ImportRequest: Sendable {
    package var method: ImportPlan.Name
    /// For a download from the web.
    package var url: String?
    /// That what is downloaded must have.
    package var expected: ImageHash?
    /// For a download from another region: which, the image there, and the service's interface.
    package var region: String?
    package var regionImage: String?
    package var interface: String?
    /// Stores that the body names.
    package var stores: [String]?
    /// The store that the header names.
    package var store: String?
    package var wantsAllStores = false
    package var allMustSucceed = true
    /// As it was sent.
    package let body: JSONObject

    /// The stores that it names one by one; nil where it names none.
    ///
    /// - Throws: `.invalid` for what contradicts itself. openstacksdk names one and the same store twice, which Glance refuses.
    func namedStores() throws(Fault) -> [String]? {
        if wantsAllStores, stores != nil || store != nil {
            throw Fault(.invalid, "all_stores cannot be used with the header x-image-meta-store or the parameter stores.")
        }
        if let stores, let store, stores != [store] {
            throw Fault(.invalid, "The parameter stores and the header x-image-meta-store cannot both be given.")
        }
        return stores ?? store.map { [$0] }
    }

    /// The image of another region that it names.
    ///
    /// - Throws: `.invalid` where it names none.
    @discardableResult
    func checkRegion() throws(Fault) -> (region: String, image: ImageID) {
        guard let region, !region.isEmpty else {
            throw Fault(.invalid, "'glance_region' needs to be set for glance-download import method")
        }
        guard let regionImage, !regionImage.isEmpty else {
            throw Fault(.invalid, "'glance_image_id' needs to be set for glance-download import method")
        }
        let image = ImageID(regionImage.lowercased())
        guard image.isUUID else { throw Fault(.invalid, "The remote glance image id does not look like a UUID.") }
        return (region, image)
    }

    package init(_ method: ImportPlan.Name, body: JSONObject) { (self.method, self.body) = (method, body) }
}

/// How a site imports.
package struct ImportSettings: Sendable {
    /// Methods that clients may name, in the order of the configuration.
    package var methods: [ImportPlan.Name] = [.glanceDirect, .webDownload, .copyImage]
    /// Whether somebody looks at the bytes of a location that a client adds. Source: `do_secure_hash`.
    package var looksAtLocations = true
    /// Custom properties that imported images get. Source: `[inject_metadata_properties] inject`.
    package var injected: [String: String] = [:]
    /// Whoever has one of these roles gets none of them; in small letters.
    package var rolesWithoutInjection: Set<String> = ["admin"]
    /// The address of this node, by which images that are staged here are known; nil where the staging area is everybody's.
    package var host: String?

    package init() {}
}
