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
    /// Taking an upload over gives it another one; its bytes keep the first in their name.
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
