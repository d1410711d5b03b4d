package import APICommon
package import Operations

/// The Images API v1, in its versions 1.0 and 1.1.
package enum V1API {
    /// Each group is named here once. A path belongs to the first pattern that it matches.
    package static let groups = RouteGroups<Parts>("v1", [V1ImagesHandlers.self, V1MembersHandlers.self])

    /// What the handlers are made of.
    package struct Parts: Sendable {
        let service: ImageService
        let formats: V1Formats
        /// Images of a page when the query does not say, and at the most.
        let usualPage, longestPage: Int
        /// Whether nginx is told whose bytes it sends.
        let notesSends: Bool

        package init(service: ImageService, formats: V1Formats, usualPage: Int, longestPage: Int, notesSends: Bool) {
            (self.service, self.formats, self.notesSends) = (service, formats, notesSends)
            (self.usualPage, self.longestPage) = (usualPage, longestPage)
        }
    }
}
