/// Who may see an image.
package enum Visibility: String, Sendable, CaseIterable {
    /// Everybody, and it stands in everybody's list.
    case `public`
    /// The owner.
    case `private`
    /// The owner and the image's members.
    case shared
    /// Everybody who knows of it; it stands in nobody's list but the owner's.
    case community
}
