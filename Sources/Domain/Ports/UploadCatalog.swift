/// One upload under way: who takes the bytes, and where they lie until they are whole.
package struct Upload: Sendable, Equatable {
    /// Where the bytes go.
    package enum Aim: Sendable {
        case store
        /// The staging area, where they wait for their import.
        case staging

        /// Of an image that they come in for.
        package var status: ImageStatus { self == .store ? .saving : .uploading }
    }

    package var aim = Aim.store
    package let image: ImageID
    /// A random name, so that an upload that was given up cannot be taken for a later one to the same image.
    ///
    /// Who takes an upload over gives it another one; its bytes keep the first in their name.
    package var token: String
    /// What the store calls the unfinished bytes.
    package let pendingURL: String

    package init(image: ImageID, token: String, pendingURL: String) {
        self.image = image
        self.token = token
        self.pendingURL = pendingURL
    }
}

/// What was measured of an image's bytes while they came in.
package struct MeasuredBytes: Sendable {
    package let size: Int64
    /// Bytes of the disk that they unfold to; nil where nobody can tell.
    package let virtualSize: Int64?
    package let checksum: String
    package let hash: ImageHash

    package init(size: Int64, virtualSize: Int64? = nil, checksum: String, hash: ImageHash) {
        self.size = size
        self.virtualSize = virtualSize
        self.checksum = checksum
        self.hash = hash
    }
}

/// Uploads held under a lease, so that one whose worker died is taken back by `glance-tasks`.
package protocol UploadCatalog: Sendable {
    /// Moves the image from queued to the status of the upload's aim and holds it for the worker.
    ///
    /// - Parameter claim: what the image's owner may have. The bytes that it names are kept for this upload until its end.
    /// - Returns: bytes that there is room for; nil for any number.
    /// - Throws: `.conflict` unless the image is queued, `.tooLarge` for a claim that does not fit.
    func begin(_ upload: Upload, by worker: String, claiming claim: QuotaClaim?) throws(Fault) -> Int64?

    /// Holds uploads of a worker for another while.
    ///
    /// - Parameter tokens: of those that it works on; nil for all that bear its name, as a worker of an older release asks.
    /// - Returns: the tokens of those that are still its own; others were deleted or given to somebody else.
    func renew(_ tokens: Set<String>?, heldBy worker: String) throws(Fault) -> Set<String>

    /// Moves the image from saving to active, with its bytes at a location.
    ///
    /// Safe to repeat when its answer was lost.
    ///
    /// - Parameters:
    ///   - claim: what the image's owner may have, and all that came; more than was kept for the upload has to fit now.
    ///   - isShown: whether the caller shows the image to somebody. If not, it is not read.
    /// - Returns: the active image with its locations. Nil unless it is shown, and where the catalog does not say: the upload was finished
    ///   by an earlier try, or the registry is of the release before.
    /// - Throws: `.gone` when the image was deleted meanwhile, `.conflict` when the lease was lost, `.tooLarge` for a claim that
    ///   does not fit.
    func finish(
        _ upload: Upload, at location: ImageLocation, _ measured: MeasuredBytes, claiming claim: QuotaClaim?, isShown: Bool
    ) throws(Fault) -> Image?

    /// Moves the image back to queued, or to killed, and ends the lease; nothing happens when it is not held any more.
    ///
    /// - Parameter reason: what went wrong, in words that clients may read.
    func abort(_ upload: Upload, as status: ImageStatus, because reason: String) throws(Fault)
}

extension UploadCatalog {
    package func begin(_ upload: Upload, by worker: String) throws(Fault) { _ = try begin(upload, by: worker, claiming: nil) }

    package func finish(
        _ upload: Upload, at location: ImageLocation, _ measured: MeasuredBytes, claiming claim: QuotaClaim? = nil
    ) throws(Fault) {
        _ = try finish(upload, at: location, measured, claiming: claim, isShown: false)
    }
}

/// Uploads to the staging area.
package protocol StagingCatalog: UploadCatalog {
    /// Notes that all bytes are staged, and ends the lease. The image stays uploading until it is imported.
    ///
    /// Safe to repeat when its answer was lost.
    ///
    /// - Parameters:
    ///   - host: the address of the node that has the bytes; nil where any can have them.
    ///   - claim: what the image's owner may have, and all that came.
    /// - Throws: as `finish` does.
    func finishStaging(_ upload: Upload, size: Int64, on host: String?, claiming claim: QuotaClaim?) throws(Fault)
}

/// The uploads as whoever clears up sees them.
package protocol UploadBacklog: UploadCatalog {
    /// Uploads whose lease ended: whoever held them is gone.
    func expired(atMost count: Int) throws(Fault) -> [Upload]

    /// Takes over an upload whose lease ended, so that nobody else does, and he who had it cannot end it any more: it has another
    /// token from now on.
    ///
    /// - Returns: the upload under its new token; nil when it is held, or ended.
    func takeOver(_ upload: Upload, as token: String, by worker: String) throws(Fault) -> Upload?

    /// Of unfinished bytes the tokens of those that belong to an upload or a job that has a lease, ended or not.
    func known(among uploads: [Upload]) throws(Fault) -> Set<String>

    /// Which of these images may have staged bytes.
    func waiting(among images: [ImageID]) throws(Fault) -> Set<ImageID>
}
