package import Domain
package import JSONDocument

/// A client's request to import an image.
package struct ImportRequest: Sendable {
    /// The import method.
    package var method: ImportPlan.Name
    /// The URL, for `web-download`.
    package var url: String?
    /// The digest that the downloaded data must have.
    package var expected: ImageHash?
    /// The region, for `glance-download`.
    package var region: String?
    /// The image's id in that region.
    package var regionImage: String?
    /// The interface of that region's service in the Keystone catalog.
    package var interface: String?
    /// The stores that the body names.
    package var stores: [String]?
    /// The store that the header `x-image-meta-store` names.
    package var store: String?
    /// Whether the import goes to all stores.
    package var wantsAllStores = false
    /// Whether a failure of one store fails the import.
    package var allMustSucceed = true
    /// The body as it was sent.
    package let body: JSONObject

    /// The stores that the request names; nil when it names none.
    ///
    /// - Throws: `.invalid` for contradictions. openstacksdk names the same store in the body and in the header, which Glance refuses and
    ///   this service accepts.
    func namedStores() throws(Fault) -> [String]? {
        if wantsAllStores, stores != nil || store != nil {
            throw Fault(.invalid, "all_stores cannot be used with the header x-image-meta-store or the parameter stores.")
        }
        if let stores, let store, stores != [store] {
            throw Fault(.invalid, "The parameter stores and the header x-image-meta-store cannot both be given.")
        }
        return stores ?? store.map { [$0] }
    }

    /// The image of another region that the request names.
    ///
    /// - Throws: `.invalid` when it names none.
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

    /// Makes a request of its method and body; the other fields are set afterwards.
    package init(_ method: ImportPlan.Name, body: JSONObject) { (self.method, self.body) = (method, body) }
}

/// An installation's settings for imports.
package struct ImportSettings: Sendable {
    /// The methods that clients may use, in the order of the configuration.
    package var methods: [ImportPlan.Name] = [.glanceDirect, .webDownload, .copyImage]
    /// Whether the data of a location that a client adds is read. Source: `do_secure_hash`.
    package var looksAtLocations = true
    /// Custom properties that imported images get. Source: `[inject_metadata_properties] inject`.
    package var injected: [String: String] = [:]
    /// The roles whose holders' images do not get them, in lower case.
    package var rolesWithoutInjection: Set<String> = ["admin"]
    /// The address of this node, by which other nodes find images that are staged here; nil when all nodes share the staging area.
    package var host: String?
    /// Reads the mark of the staging folder; nil while it has none.
    package var stagingMark: @Sendable () -> String? = { nil }
    /// Whether another node that is there has another staging folder, as far as is known.
    package var isStagedElsewhereToo: @Sendable () -> Bool = { false }

    /// Makes default settings.
    package init() {}
}
