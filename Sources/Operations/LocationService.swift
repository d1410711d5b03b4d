package import Domain
internal import Logging

/// The operations on the locations of image data. V1 has none of them.
package struct LocationService: Sendable {
    let service: ImageService
    let locations: any LocationCatalog
    /// Whether clients see locations and may change them with the record.
    let areForClients: Bool
    /// Whether the data is read before a digest that a client names is believed.
    let verifies: Bool

    /// Makes a service of its parts.
    package init(service: ImageService, locations: any LocationCatalog, areForClients: Bool, verifies: Bool) {
        (self.service, self.locations) = (service, locations)
        (self.areForClients, self.verifies) = (areForClients, verifies)
    }

    /// Removes an image's data from one of its stores. The record goes first, then the data; if removing the data fails, `glance-tasks`
    /// does it later.
    ///
    /// - Throws: `.notFound` for an image that has nothing in that store, and when there is a single store; `.conflict` for a store that
    ///   does not exist, for an image that is not active, and for data that the service cannot remove; `.forbidden` for an image with a
    ///   single location, and for the last of its stores.
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
            // Checked in Glance's order.
            guard image.locations.count > 1, !kept.isEmpty else {
                throw Fault(.forbidden, "Only one store holds the data of image \(id). Consider deleting the image instead.")
            }
            guard kept != image.locations else { throw Fault(.notFound, "Image \(id) is not stored in store \(store).") }
            for location in image.locations where !kept.contains(location) { try stores.checkRemovable(location) }
            image.locations = kept
        }
        service.carryOut(owed)
    }

    /// The locations of an image in the order in which they are read, labelled with their stores, for other services of the cloud.
    package func locations(of id: ImageID, for caller: Caller) throws(Fault) -> [ImageLocation] {
        let image = try service.images.locatedImage(id, visibleTo: caller)
        try service.policy.require(.fetchImageLocation, on: image, by: caller)
        return service.stores.ordered(image.locations).map { service.stores.current($0) }
    }

    /// Labels locations whose label names no store, and gives old forms of URLs their present one: those of old releases, and those of stores
    /// that an operator has renamed. A failure is logged and left to the next call, since showing the image does not depend on it.
    package func repairLabels(of image: Image) {
        for location in image.locations {
            let current = service.stores.current(location)
            guard current != location else { continue }
            do throws(Fault) {
                try locations.relabel(location, as: current, of: image.id)
            } catch {
                service.logger.warning("a location of image \(image.id) was not labelled as one in \(current.store ?? ""): \(error)")
            }
        }
    }
}

extension ImageService {

    /// The stores that clients may name; nil when there is a single store without a name.
    package var namedStores: [StoreInfo]? { stores.named }

    /// The stores with their internals, for the callers whom the policy allows.
    ///
    /// - Returns: nil for every caller when there is a single store without a name.
    /// - Throws: `.forbidden` when the policy does not allow it.
    package func storesInDetail(for caller: Caller) throws(Fault) -> [StoreInfo]? {
        guard stores.named != nil else { return nil }
        try policy.require(.storesInfoDetail, on: AttributeTarget([:]), by: caller)
        return stores.named
    }

    /// The locations of an image in the order in which they are read, labelled with their stores. A deactivated image shows none, except to
    /// administrators. As in Glance, everybody who sees the image sees them, if the configuration shows them at all: Nova and Cinder ask
    /// with a user's token for public images of other projects.
    package func shownLocations(of image: Image, to caller: Caller) -> [ImageLocation] {
        guard image.status != .deactivated || caller.isAdmin else { return [] }
        return stores.ordered(image.locations).map { stores.current($0) }
    }

    /// The names of the stores that hold an image, for every caller. A deactivated image shows none, except to administrators.
    package func shownStores(of image: Image, to caller: Caller) -> [String] {
        guard stores.named != nil, image.status != .deactivated || caller.isAdmin else { return [] }
        return stores.ordered(image.locations).compactMap { stores.store(of: $0) }.uniqued
    }
}
