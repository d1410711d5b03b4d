package import Domain

/// Locations that callers name, and the data at them.
extension ImageService {
    /// Whether a caller may name a location, and a store has such locations.
    package func mayLocate(_ url: String, _ caller: Caller) -> Bool {
        stores.holds(url) && (Self.isOnWeb(url) || schemes.mayName(url, caller))
    }

    private static func isOnWeb(_ url: String) -> Bool { url.lowercased().hasPrefix("http") }

    /// Checks a location that a caller names.
    ///
    /// - Throws: `.invalid` for a URL of http or https that may not be fetched, and for one of another scheme unless the site lets the caller
    ///   name it: locations in other stores are the service's own.
    package func checkLocation(_ url: String, namedBy caller: Caller) throws(Fault) {
        guard mayLocate(url, caller) else { throw Self.notHere }
        if Self.isOnWeb(url) { try source.check(url) }
    }

    /// Checks that a location that a caller names leads to the image's own data. Stores name data after its image; another service of the
    /// cloud may name data that belongs to no image, such as a volume's, users may not.
    ///
    /// - Throws: `.invalid` when it leads to other data, also to those of a deleted image, which are being removed.
    package func checkIsOwn(_ url: String, of image: ImageID, namedBy caller: Caller) throws(Fault) {
        // A location of no store is refused for that, and its ids are not looked for.
        guard !Self.isOnWeb(url), stores.holds(url) else { return }
        // The same words in both cases, so that nobody learns which images there are.
        guard caller.isCloudService || LocationSchemes.isNamed(after: image, url) else { throw Self.notHere }
        for other in LocationSchemes.ids(in: url) where other.text.lowercased() != image.text.lowercased() {
            do throws(Fault) {
                _ = try images.recordedImage(other, visibleTo: .service)
            } catch {
                guard error.kind == .notFound else { throw error }
                continue
            }
            throw Self.notHere
        }
    }

    private static let notHere = Fault(.invalid, "No store of this service has such locations, or clients may not name them.")

    /// Finds the data at a location that a caller has named.
    ///
    /// - Parameter source: fetches what lies on the web.
    /// - Returns: nil when the store's engine is not here, so that nobody can tell what is there.
    /// - Throws: as `ImageSource.size` and `ImageStores.bytes` do, and `.invalid` for no bytes, and for a location of no store.
    package func data(at url: String, from source: any ImageSource) throws(Fault) -> LocatedData? {
        let data: LocatedData
        if Self.isOnWeb(url) {
            let size = try source.size(of: url)
            data = LocatedData(size: size) { isCancelled throws(Fault) in
                try source.fetch(url, atMost: size, isCancelled: isCancelled).reader
            }
        } else {
            guard stores.holds(url) else { throw Self.notHere }
            let location = ImageLocation(url: url)
            guard stores.canRead(location) else { return nil }
            let blob = try stores.bytes(at: location)
            data = LocatedData(size: blob.size) { _ throws(Fault) in try blob.openAll() }
        }
        guard data.size > 0 else { throw Fault(.invalid, "There are no bytes at the location.") }
        return data
    }
}

/// The data at a location that a caller has named.
package struct LocatedData {
    /// The size in bytes.
    package let size: Int64
    /// Opens the data. Its argument is called several times a second while no bytes come from the web; stores have limits of their own.
    package let open: (_ isCancelled: @escaping () -> Bool) throws(Fault) -> any ByteStream
}
