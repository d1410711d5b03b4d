package import Domain
internal import Logging

/// The source of an image's data in a V1 request that creates or updates the record too.
package enum ImageData {
    /// The request's body.
    ///
    /// - Parameter announced: the number of bytes that the client announced; nil when it announced none.
    case body(any ByteStream, announced: Int64?)
    /// A URL from which `glance-tasks` fetches the data later.
    case copy(from: String)
}

// V1 sends a record and its data in one request. The data is uploaded for the record that the catalog returned first, so that no record is
// read twice.
extension ImageService {
    /// Creates an image and receives its data, or orders that it is fetched.
    ///
    /// - Parameters:
    ///   - bytes: the size of the data, as far as it is known.
    ///   - rules: further rules, for the way by which the data comes.
    /// - Returns: the image with its data, or queued until the data is fetched.
    /// - Throws: what `create`, `upload` and `copy` throw. A failed upload moves the image to killed; if the upload never began, the image
    ///   is deleted.
    package func create(
        _ draft: ImageDraft, with data: ImageData, bringing bytes: Int64, asking rules: [PolicyRule], by caller: Caller
    ) throws(Fault) -> Image {
        let image = try insert(draft, bringing: bytes, asking: rules, by: caller)
        do throws(Fault) {
            return try take(data, for: image, by: caller)
        } catch {
            withdraw(image.id, by: caller)
            throw error
        }
    }

    /// Changes an image's record and receives its data, or orders that it is fetched.
    ///
    /// - Parameter further: another change of the image in the same transaction.
    /// - Throws: what `replaceMetadata`, `upload` and `copy` throw. A failed upload moves the image to killed; a fault before the upload
    ///   begins does not.
    package func replaceMetadata(
        _ image: Image, to fields: V1Fields, purging: Bool, with data: ImageData, bringing bytes: Int64, asking rules: [PolicyRule],
        by caller: Caller, _ further: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> Image {
        let changed = try replaceRecord(image, to: fields, purging: purging, bringing: bytes, asking: rules, by: caller, further)
        return try take(data, for: changed, by: caller)
    }

    private func take(_ data: ImageData, for image: Image, by caller: Caller) throws(Fault) -> Image {
        switch data {
        case .copy(let url):
            try copy(image, from: url, by: caller)
            return readable(image, by: caller)
        case .body(let body, let announced):
            // An image that was created without data has size 0, which announces nothing.
            let announced = announced ?? image.size.flatMap { $0 == 0 ? nil : $0 }
            let finished = try upload(image, from: body, announced: announced, by: caller, failed: .killed, isShown: true)
            return readable(try outcome(finished, of: image.id, for: caller), by: caller)
        }
    }

    /// The image as it is shown to its uploader, even if the policy hides it from them otherwise. If they may no longer see it, because it
    /// was given to another project meanwhile, the catalog decides.
    private func outcome(_ finished: Image?, of id: ImageID, for caller: Caller) throws(Fault) -> Image {
        if let finished, finished.isVisible(to: caller, isMember: false) { return finished }
        return try images.image(id, visibleTo: caller)
    }

    /// Deletes an image that was just created and whose upload never began. An image in any other status stays.
    package func withdraw(_ id: ImageID, by caller: Caller) {
        do throws(Fault) {
            _ = try images.delete(id, visibleTo: caller) { image throws(Fault) in
                guard image.status == .queued else { throw Fault(.conflict, "The image is \(image.status.rawValue).") }
            }
        } catch {
            guard error.kind != .conflict else { return }
            logger.warning("image \(id), which got no data, stays queued: \(error)")
        }
    }
}
