package import Domain
internal import Logging

/// What is done with the places that images' bytes lie in. V1 knows nothing of it.
package struct LocationService: Sendable {
    let service: ImageService
    let locations: any LocationCatalog
    /// Clients see locations, and may change them with the record.
    let areForClients: Bool
    /// The bytes are looked at before a digest that a client names is believed.
    let verifies: Bool

    package init(service: ImageService, locations: any LocationCatalog, areForClients: Bool, verifies: Bool) {
        (self.service, self.locations) = (service, locations)
        (self.areForClients, self.verifies) = (areForClients, verifies)
    }

    /// Removes an image's bytes from one of its stores. The record goes first, then the bytes; what is left of them is owed.
    ///
    /// - Throws: `.notFound` for an image that has nothing in that store, and where the site has one store; `.conflict` for a
    ///   store that there is not, for an image that is not active, and for bytes that the service cannot remove; `.forbidden` for an image with a single location, and for the
    ///   last of its stores.
    package func remove(_ id: ImageID, fromStore store: String, by caller: Caller) throws(Fault) {
        let stores = service.stores
        guard stores.named != nil else { throw Fault(.notFound, "The resource could not be found.") }
        guard stores.info(store) != nil else { throw Fault(.conflict, "The store '\(store.prefix(80))' is not enabled here.") }
        let (_, owed) = try locations.place(id, visibleTo: caller, claiming: nil) { image throws(Fault) in
            try service.policy.require(.getImageLocation, on: image, by: caller)
            try service.policy.require(.deleteImageLocation, on: image, by: caller)
            guard image.status == .active else {
                throw Fault(.conflict, "Data of image \(id) cannot be removed from a store in status \(image.status.rawValue).")
            }
            let kept = image.locations.filter { stores.store(of: $0) != store }
            // In this order. Source: Glance.
            guard image.locations.count > 1, !kept.isEmpty else {
                throw Fault(.forbidden, "Only one store holds the data of image \(id). Consider deleting the image instead.")
            }
            guard kept != image.locations else { throw Fault(.notFound, "Image \(id) is not stored in store \(store).") }
            for location in image.locations where !kept.contains(location) { try stores.checkRemovable(location) }
            image.locations = kept
        }
        service.carryOut(owed)
    }

    /// Where an image's bytes lie, for services of the cloud.
    package func locations(of id: ImageID, for caller: Caller) throws(Fault) -> [ImageLocation] {
        let image = try service.images.locatedImage(id, visibleTo: caller)
        try service.policy.require(.fetchImageLocation, on: image, by: caller)
        return service.stores.ordered(image.locations)
    }

    /// Labels locations that old releases, or operators who rename stores, left with the name of no store. Who shows the image need
    /// not wait for it, so what goes wrong is left for the next time.
    package func repairLabels(of image: Image) {
        for location in image.locations {
            guard let store = service.stores.store(of: location), store != location.store else { continue }
            do throws(Fault) {
                try locations.relabel(location, as: location.labelled(store), of: image.id)
            } catch {
                service.logger.warning("a location of image \(image.id) was not labelled as one in store \(store): \(error)")
            }
        }
    }
}

extension ImageService {
    /// Whether there is a store that reads what lies at a URL of the web.
    package func canLocate(_ url: String) -> Bool {
        url.lowercased().hasPrefix("http") && stores.holds(url)
    }

    /// - Throws: `.invalid` for what is no location that anybody may name: what lies in other stores than those of the web is the
    ///   service's own, and of the web only what may be fetched counts.
    package func checkLocation(_ url: String) throws(Fault) {
        guard canLocate(url) else { throw Fault(.invalid, "There is no store for such locations, or they are not for clients to name.") }
        try source.check(url)
    }

    /// The stores that clients may name; nil where the site has one without a name.
    package var namedStores: [StoreInfo]? { stores.named }

    /// - Returns: nil where the site has one store without a name, whoever asks.
    /// - Throws: `.forbidden` for whoever may not know how the stores work.
    package func storesInDetail(for caller: Caller) throws(Fault) -> [StoreInfo]? {
        guard stores.named != nil else { return nil }
        try policy.require(.storesInfoDetail, on: AttributeTarget([:]), by: caller)
        return stores.named
    }

    /// Where an image's bytes lie, in the order in which they are read and labelled with the stores that they are read from; none of
    /// a deactivated image, but for administrators. Whoever sees an image sees them, as in Glance, where the site shows them at all:
    /// Nova and Cinder ask with a user's token for public images of other projects.
    package func shownLocations(of image: Image, to caller: Caller) -> [ImageLocation] {
        guard image.status != .deactivated || caller.isAdmin else { return [] }
        return stores.ordered(image.locations).map { location in
            guard let store = stores.store(of: location), store != location.store else { return location }
            return location.labelled(store)
        }
    }

    /// The stores that hold an image, whoever asks; none of a deactivated image, but for administrators.
    package func shownStores(of image: Image, to caller: Caller) -> [String] {
        guard stores.named != nil, image.status != .deactivated || caller.isAdmin else { return [] }
        return stores.ordered(image.locations).compactMap { stores.store(of: $0) }.uniqued
    }
}
