package import Domain
internal import JSONDocument
internal import Operations

extension ImportService {
    /// Orders a location for a queued image, which becomes active with the data at that location.
    ///
    /// - Parameter expected: the digest that the data must have.
    /// - Throws: `.conflict` unless the image is queued and no other task works on it, `.forbidden` when the policy does not allow it, and
    ///   for a location that a user may not name, `.invalid` for one that another service may not name, and for a signed image.
    ///
    /// Source: https://docs.openstack.org/api-ref/image/v2/#add-location; the checks come in Glance's order.
    package func order(_ url: String, expecting expected: ImageHash?, on id: ImageID, by caller: Caller) throws(Fault) {
        let seen = try service.images.image(id, visibleTo: caller)
        // The records are asked before the row is locked, and the answer counts after the other checks.
        var others: Fault?
        do throws(Fault) { try service.checkIsOwn(url, of: seen.id, namedBy: caller) } catch { others = error }
        let claim = try service.claim(for: seen.owner, bytes: nil)
        // Another service of the cloud may change every image that it sees, whoever owns it.
        let writer = caller.isCloudService ? Caller.service : caller
        _ = try catalog.order(on: id, visibleTo: writer, claiming: claim) { image throws(Fault) in
            guard image.status == .queued else {
                throw Fault(.conflict, "Locations cannot be added to an image that is \(image.status.rawValue).")
            }
            if !caller.isCloudService { try service.policy.requireOwnership(of: image, by: caller) }
            try service.policy.require(.addImageLocation, on: image, by: caller)
            guard caller.isCloudService || service.mayLocate(url, caller) else {
                throw Fault(.forbidden, "http store must be enabled to use location API by normal user.")
            }
            try service.checkMayBeLocated(image.properties)
            try service.checkLocation(url, namedBy: caller)
            if let others { throw others }
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
        // In this status no upload or import can begin.
        image.status = .importing
        return draft(.locationImport, input, .location(plan), &image, caller)
    }
}
