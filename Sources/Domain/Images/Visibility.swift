/// The callers that may see an image.
package enum Visibility: String, Sendable, CaseIterable {
    /// Everybody; listed for everybody.
    case `public`
    /// The owner.
    case `private`
    /// The owner and the image's members.
    case shared
    /// Everybody who knows its id; listed for the owner only.
    case community
}
