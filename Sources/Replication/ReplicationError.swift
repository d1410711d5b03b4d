/// The reason why one image or all images cannot be replicated, as one sentence for the operator.
package struct ReplicationError: Error, CustomStringConvertible {
    /// The extent of the error.
    package enum Kind: Sendable {
        /// One image; other images may succeed.
        case image
        /// A server or a folder, and so every image.
        case place
    }

    package let kind: Kind
    package let description: String

    package init(_ kind: Kind, _ description: String) { (self.kind, self.description) = (kind, description) }
}
