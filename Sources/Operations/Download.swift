package import Domain
internal import Logging

extension ImageService {
    /// Finds an image's data for a caller.
    ///
    /// The cache goes before every store, unless the caller prefers a store. It is asked only after all checks that apply to data from a
    /// store (CVE-2013-4428).
    ///
    /// - Parameters:
    ///   - preferred: the names of the stores whose data is taken before that of others.
    ///   - rules: further rules, for what the caller gets besides the data.
    ///   - isForNginx: tells of the image whether nginx is to fetch the data from a store's server: then a store need not ask its server what
    ///     it knows.
    /// - Returns: the image, and its data at the first location that has all of it; nil while there is none.
    /// - Throws: `.forbidden` for a deactivated image unless the caller is an administrator, `.invalid` for a preferred store that does not
    ///   exist and when there is a single store, `.unavailable` when no store has the data now and one does not answer.
    package func download(
        _ id: ImageID, preferring preferred: [String] = [], asking rules: [PolicyRule] = [],
        fetching isForNginx: (Image) -> Bool = { _ in false }, for caller: Caller
    ) throws(Fault) -> (image: Image, bytes: Blob?) {
        let image = try images.locatedImage(id, visibleTo: caller)
        for rule in rules + [.downloadImage] { try policy.require(rule, on: image, by: caller) }
        if image.status == .deactivated && !caller.isAdmin {
            throw Fault(.forbidden, "The requested image has been deactivated. Image data download is forbidden.")
        }
        if !preferred.isEmpty {
            try policy.require(.downloadFromStore, on: image, by: caller)
            try checkStores(preferred)
        }
        let shown = readable(image, by: caller)
        guard let cache, preferred.isEmpty else {
            return (shown, try found(image, preferring: preferred, remembered: isForNginx(image))?.bytes)
        }
        if let bytes = cache.hit(image) { return (shown, bytes) }
        return (shown, try bytes(of: image).map { cache.fetched(image, $0) })
    }

    private func checkStores(_ names: [String]) throws(Fault) {
        guard stores.named != nil else { throw Fault(.invalid, "This service has a single store; none can be preferred.") }
        guard let unknown = names.first(where: { stores.info($0) == nil }) else { return }
        throw Fault(.invalid, "There is no store '\(unknown.prefix(80))'.")
    }

    /// Finds an image's data at the first location that has all of it; nil when there is none.
    ///
    /// - Throws: the last fault of a store that could not tell.
    package func bytes(of image: Image) throws(Fault) -> Blob? { try found(image)?.bytes }

    /// Finds an image's data and its location.
    ///
    /// - Parameter remembered: whether the data may be as a store remembers them, which nginx alone may fetch.
    package func found(
        _ image: Image, preferring preferred: [String] = [], remembered: Bool = false
    ) throws(Fault) -> (location: ImageLocation, bytes: Blob)? {
        var refusal: Fault?
        for location in stores.ordered(image.locations, preferring: preferred) {
            if remembered, let size = image.size, let bytes = stores.rememberedBytes(at: location, size: size) { return (location, bytes) }
            do throws(Fault) {
                let bytes = try stores.bytes(at: location)
                if image.size == nil || bytes.size == image.size { return (location, bytes) }
                logger.error("image \(image.id) has \(bytes.size) bytes in a store and \(image.size ?? 0) by its record")
            } catch {
                logger.error("image \(image.id) cannot be had from one of its locations: \(error)")
                if error.kind != .notFound { refusal = error }
            }
        }
        if let refusal { throw refusal }
        return nil
    }
}
