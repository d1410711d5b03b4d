/// Why an image, or all of them, cannot be replicated: one sentence for the operator.
package struct ReplicationError: Error, CustomStringConvertible {
    package enum Kind: Sendable {
        /// Of one image: the others may go well.
        case image
        /// Of a server or a folder: no other image will go better.
        case place
    }

    package let kind: Kind
    package let description: String

    package init(_ kind: Kind, _ description: String) { (self.kind, self.description) = (kind, description) }
}
