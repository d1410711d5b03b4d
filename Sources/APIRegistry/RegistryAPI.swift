package import APICommon
package import Domain

/// The registry, which `glance-api` alone asks, for V1.
package enum RegistryAPI {
    /// Each group is named here once. A path belongs to the first pattern that it matches.
    package static let groups = RouteGroups<Parts>(
        "registry", [RegistryHandlers.self, RegistryMembersHandlers.self, RegistryUploadsHandlers.self])

    /// What the handlers are made of.
    package struct Parts: Sendable {
        let catalog: any Catalog
        /// Images of a page when the query does not say, and at the most.
        let usualPage, longestPage: Int
        /// Members that an image may have, where the API does not say; nil for any number.
        let memberQuota: Int?

        package init(catalog: any Catalog, usualPage: Int, longestPage: Int, memberQuota: Int?) {
            (self.catalog, self.memberQuota) = (catalog, memberQuota)
            (self.usualPage, self.longestPage) = (usualPage, longestPage)
        }
    }
}
