/// The image services of other regions, asked with a caller's token.
package protocol OtherRegions: Sendable {
    /// Encrypts a token so that it can be kept after its request and read by this service only.
    ///
    /// - Parameter image: the image that the token is kept for.
    func sealed(_ token: CallerToken, for image: ImageID) -> String

    /// Decrypts a token.
    ///
    /// - Throws: `.unexpected` for a text that this service did not encrypt for this image.
    func opened(_ text: String, for image: ImageID) throws(Fault) -> CallerToken

    /// The address of a region's image service, without a version.
    ///
    /// - Throws: `.invalid` when the token's catalog has none, `.unavailable` when it cannot be found out now.
    func imageService(in region: String, interface: String, for token: CallerToken) throws(Fault) -> String
}
