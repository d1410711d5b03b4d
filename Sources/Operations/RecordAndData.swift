package import Domain
internal import Logging

/// Where the bytes of an image come from that a V1 request brings with the image's record.
package enum ImageData {
    /// The request's body.
    ///
    /// - Parameter announced: bytes that the client promised; nil when it did not say.
    case body(any ByteStream, announced: Int64?)
    /// An address, from which `glance-tasks` fetches them later.
    case copy(from: String)
}

// V1 brings a record and bytes in one request. The record that the catalog told first is the one that the bytes are taken for, so it is
// asked for nothing twice.
extension ImageService {
    /// Makes an image and takes its bytes, or orders them.
    ///
    /// - Parameters:
    ///   - bytes: that it will bring, as far as that is known.
    ///   - rules: about the way that they come by.
    /// - Returns: the image with its bytes, or queued until they are fetched.
    /// - Throws: what `create`, `upload` and `copy` throw. A fault of the bytes kills the image; if they never began to come, it is
    ///   deleted.
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

    /// Changes an image's record and takes its bytes, or orders them.
    ///
    /// - Parameter further: what else becomes of the image in the same step.
    /// - Throws: what `replaceMetadata`, `upload` and `copy` throw. A fault of the bytes kills the image, and not one before they come.
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
            // An image that was made without data has size 0, which says nothing of what is to come.
            let announced = announced ?? image.size.flatMap { $0 == 0 ? nil : $0 }
            let finished = try upload(image, from: body, announced: announced, by: caller, failed: .killed, isShown: true)
            return readable(try outcome(finished, of: image.id, for: caller), by: caller)
        }
    }

    /// An image as its uploader is told of it, whether or not the rules let them see it at other times. If it is not certain that they
    /// still see it, because it was given to another project meanwhile, the catalog is asked.
    private func outcome(_ finished: Image?, of id: ImageID, for caller: Caller) throws(Fault) -> Image {
        if let finished, finished.isVisible(to: caller, isMember: false) { return finished }
        return try images.image(id, visibleTo: caller)
    }

    /// Takes back an image that was just made and whose data never began to come. Whatever else has become of it, it stays.
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
