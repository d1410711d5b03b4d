package import Domain
internal import Logging

extension ImageService {
    /// Finds an image's bytes for a caller.
    ///
    /// - Returns: the image, and its bytes at the first location that has them whole; nil while there are none.
    /// - Throws: `.forbidden` for a deactivated image but to administrators.
    package func download(_ id: ImageID, for caller: Caller) throws(Fault) -> (image: Image, bytes: StoredBytes?) {
        let image = try images.locatedImage(id, visibleTo: caller)
        try policy.require(.downloadImage, on: image, by: caller)
        if image.status == .deactivated && !caller.isAdmin {
            throw Fault(.forbidden, "The requested image has been deactivated. Image data download is forbidden.")
        }
        let shown = readable(image, by: caller)
        for location in image.locations {
            do throws(Fault) {
                let bytes = try store.bytes(at: location.url)
                if image.size == nil || bytes.size == image.size { return (shown, bytes) }
                logger.error("image \(id) has \(bytes.size) bytes in a store and \(image.size ?? 0) by its record")
            } catch {
                guard error.kind == .notFound else { throw error }
                logger.error("a location of image \(id) has no bytes")
            }
        }
        return (shown, nil)
    }
}
