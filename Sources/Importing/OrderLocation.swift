package import Domain
internal import JSONDocument
internal import Operations

extension ImportService {
    /// Orders a location for a queued image: it becomes active with the bytes that lie there already.
    ///
    /// - Parameter expected: the digest that the bytes must have.
    /// - Throws: `.conflict` unless the image is queued and nothing else is done with it, `.forbidden` for whoever may not,
    ///   `.invalid` for what is no location that anybody may name, and for a signed image.
    ///
    /// Source: Images API v2, "Add location" (2.17); the order of the checks is Glance's.
    package func order(_ url: String, expecting expected: ImageHash?, on id: ImageID, by caller: Caller) throws(Fault) {
        let seen = try service.images.image(id, visibleTo: caller)
        let claim = try service.claim(for: seen.owner, bytes: nil)
        // A service of the cloud that sees an image may change it so, whosever it is.
        let writer = caller.isCloudService ? Caller.service : caller
        _ = try catalog.order(on: id, visibleTo: writer, claiming: claim) { image throws(Fault) in
            guard image.status == .queued else {
                throw Fault(.conflict, "Locations cannot be added to an image that is \(image.status.rawValue).")
            }
            if !caller.isCloudService { try service.policy.requireOwnership(of: image, by: caller) }
            try service.policy.require(.addImageLocation, on: image, by: caller)
            guard caller.isCloudService || service.canLocate(url) else {
                throw Fault(.forbidden, "http store must be enabled to use location API by normal user.")
            }
            try service.checkMayBeLocated(image.properties)
            try service.checkLocation(url)
            try checkIsFree(image)
            guard image.containerFormat != nil, image.diskFormat != nil else {
                throw Fault(.conflict, "Properties disk_format, container_format must be set prior to adding a location.")
            }
            let plan = LocationPlan(
                url: url, expected: expected, algorithm: expected?.algorithm ?? service.hashAlgorithm, isTrusted: !settings.looksAtLocations
            )
            return draft(plan, &image, caller)
        }
    }

    private func draft(_ plan: LocationPlan, _ image: inout Image, _ caller: Caller) -> TaskDraft {
        var input: JSONObject = ["image_id": .string(image.id.text), "loc_url": .string(FetchURL.withoutUser(plan.url))]
        var validation = JSONObject()
        if let expected = plan.expected {
            (validation["os_hash_algo"], validation["os_hash_value"]) = (.string(expected.algorithm), .string(expected.value))
        }
        input["validation_data"] = .object(validation)
        // Nothing else can come for the image meanwhile.
        image.status = .importing
        return draft(.locationImport, input, .location(plan), &image, caller)
    }
}
