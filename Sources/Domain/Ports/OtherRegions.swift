/// The image services of a cloud's regions, asked on behalf of somebody whose token is at hand.
package protocol OtherRegions: Sendable {
    /// A token that outlives its request, as nobody but this service can read it.
    ///
    /// - Parameter image: for which it is kept.
    func sealed(_ token: CallerToken, for image: ImageID) -> String

    /// - Throws: `.unexpected` for what was not sealed by this service for this image.
    func opened(_ text: String, for image: ImageID) throws(Fault) -> CallerToken

    /// The address of a region's image service, without a version.
    ///
    /// - Throws: `.invalid` where the token's catalog has none, `.unavailable` when it cannot be found out now.
    func imageService(in region: String, interface: String, for token: CallerToken) throws(Fault) -> String
}
