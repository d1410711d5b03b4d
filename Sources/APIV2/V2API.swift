package import APICommon
package import Domain
package import Importing
package import Operations

/// The Images API v2.
package enum V2API {
    /// Each group is named here once. A path belongs to the first pattern that it matches.
    package static let groups = RouteGroups<Parts>(
        "v2",
        [
            ImagesHandlers.self, DataHandlers.self, UsageHandlers.self, MembersHandlers.self, SchemasHandlers.self, InfoHandlers.self,
            StoresHandlers.self,
            ImportsHandlers.self, LocationsHandlers.self, TasksHandlers.self, CacheHandlers.self, CacheManagementHandlers.self,
            NamespacesHandlers.self, MetadefObjectsHandlers.self, MetadefPropertiesHandlers.self, MetadefTagsHandlers.self,
            ResourceTypesHandlers.self, MetadefSchemasHandlers.self,
        ])

    /// What the handlers are made of.
    package struct Parts: Sendable {
        let service: ImageService
        let locations: LocationService
        let imports: ImportService
        let tasks: TaskService
        let metadefs: MetadefService
        let cache: CacheService
        let usage: UsageReport
        let imageUsage: ImageUsage
        let nodes: any OtherNodes
        let imageSchemas: ImageSchemas
        let metadefSchemas = MetadefSchemas()
        let paging: ImagesHandlers.Paging
        let shows: ImagesHandlers.Shown
        /// Whether nginx is told whose bytes it sends.
        let notesSends: Bool
        /// Whether clients who ask for it are sent to a store's server for data.
        let redirectsDownloads: Bool
        /// Whether the site has the older routes of the cache.
        let managesCache: Bool

        package init(
            service: ImageService, locations: LocationService, imports: ImportService, tasks: TaskService, metadefs: MetadefService,
            cache: CacheService, usage: UsageReport, imageUsage: ImageUsage, nodes: any OtherNodes, imageSchemas: ImageSchemas,
            paging: ImagesHandlers.Paging,
            shows: ImagesHandlers.Shown, notesSends: Bool, redirectsDownloads: Bool, managesCache: Bool
        ) {
            (self.service, self.locations, self.imports, self.tasks) = (service, locations, imports, tasks)
            (self.metadefs, self.cache, self.usage, self.nodes) = (metadefs, cache, usage, nodes)
            self.imageUsage = imageUsage
            (self.imageSchemas, self.paging, self.shows) = (imageSchemas, paging, shows)
            (self.notesSends, self.redirectsDownloads, self.managesCache) = (notesSends, redirectsDownloads, managesCache)
        }
    }
}
