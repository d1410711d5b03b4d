internal import APICommon
internal import APIRegistry
internal import APIV1
internal import APIV2
internal import Domain
internal import Files
internal import HTTP
internal import Identity
internal import Importing
internal import Logging
internal import Operations
internal import Options
internal import OsloConfig
internal import OsloLog
internal import Persistence
internal import RegistryClient
internal import Stores

extension CompositionRoot {
    // MARK: the API

    func makeAPI() throws -> API {
        let hasV2 = try configuration(options.api.enableV2)
        let registry = try registry
        let authenticator = try makeAuthenticator()
        var routes: [Route<Handler>] = []
        var probes: [any HealthProbe] = []
        if hasV2 {
            let (catalog, service) = (try catalog, try service)
            probes.append(catalog)
            routes += try routesOfV2(service, catalog)
            routes += try routesOfCache(service, try cacheKeeper)
            routes += try routesOfMetadefs(MetadefService(catalog: catalog, policies: policies))
        }
        if let registry {
            probes.append(registry)
            routes += try routesOfV1(try makeService(over: registry))
        }
        probes += try stores.probes
        if let probe = authenticator as? any HealthProbe { probes.append(probe) }
        let versions = Versions(
            minors: hasV2 ? Versions.minorsOfV2(hasCache: try hasCache, hasStores: try !backends.isEmpty) : [], hasV1: registry != nil)
        return API(
            routes: routes, versions: versions, authenticator: authenticator, front: try makeFront(probes),
            logger: log.logger("glance.api"))
    }

    private func routesOfV2(_ service: ImageService, _ catalog: MariaDBCatalog) throws -> [Route<Handler>] {
        let schemas = ImageSchemas(
            diskFormats: try configuration(options.formats.diskFormats),
            containerFormats: try configuration(options.formats.containerFormats),
            site: try siteProperties)
        let locations = LocationService(
            service: service, locations: catalog, areForClients: try configuration(options.api.showMultipleLocations),
            verifies: try configuration(options.images.verifyLocations))
        let imports = try makeImportService(service, catalog)
        let nodes = try makeOtherNodes()
        let images = ImagesHandlers(
            service: service, locations: locations, schemas: schemas, paging: try makePaging(), shows: try shown,
            importMethods: imports.settings.methods.map(\.rawValue), nodes: nodes)
        let tasks = TasksHandlers(
            service: TaskService(service: service, catalog: catalog), imports: imports, schemas: TaskSchemas(), images: schemas,
            paging: try makePaging())
        let importing = ImportsHandlers(service: imports, nodes: nodes)
        let placing = LocationsHandlers(imports: imports, locations: locations)
        let stores = StoresHandlers(service: service, locations: locations)
        let data = DataHandlers(service: service, notesSends: try notesSends)
        let members = MembersHandlers(service: service)
        let descriptions = SchemasHandlers(schemas: schemas)
        let info = InfoHandlers(usage: UsageReport(limits: try projectLimits, usage: catalog))
        var routes = ImagesHandlers.routes.map { $0.map { $0(images) } }
        routes += DataHandlers.routes.map { $0.map { $0(data) } }
        routes += MembersHandlers.routes.map { $0.map { $0(members) } }
        routes += SchemasHandlers.routes.map { $0.map { $0(descriptions) } }
        routes += InfoHandlers.routes.map { $0.map { $0(info) } }
        routes += StoresHandlers.routes.map { $0.map { $0(stores) } }
        routes += ImportsHandlers.routes.map { $0.map { $0(importing) } }
        routes += LocationsHandlers.routes.map { $0.map { $0(placing) } }
        routes += TasksHandlers.routes.map { $0.map { $0(tasks) } }
        return routes
    }

    private func routesOfMetadefs(_ service: MetadefService) throws -> [Route<Handler>] {
        let schemas = MetadefSchemas()
        let namespaces = NamespacesHandlers(service: service, schemas: schemas, paging: try makePaging())
        let objects = MetadefObjectsHandlers(service: service, schemas: schemas)
        let properties = MetadefPropertiesHandlers(service: service, schemas: schemas)
        let tags = MetadefTagsHandlers(service: service, schemas: schemas)
        let resourceTypes = ResourceTypesHandlers(service: service, schemas: schemas)
        let descriptions = MetadefSchemasHandlers(schemas: schemas)
        var routes = NamespacesHandlers.routes.map { $0.map { $0(namespaces) } }
        routes += MetadefObjectsHandlers.routes.map { $0.map { $0(objects) } }
        routes += MetadefPropertiesHandlers.routes.map { $0.map { $0(properties) } }
        routes += MetadefTagsHandlers.routes.map { $0.map { $0(tags) } }
        routes += ResourceTypesHandlers.routes.map { $0.map { $0(resourceTypes) } }
        routes += MetadefSchemasHandlers.routes.map { $0.map { $0(descriptions) } }
        return routes
    }

    /// The properties of the site's `schema-image.json`; none if there is no such file.
    private var siteProperties: SiteProperties {
        get throws {
            let path = Self.found("schema-image.json", configuration)
            guard let text = fileText(of: path) else { return .none }
            do throws(SiteProperties.Unusable) {
                return try SiteProperties(Array(text.utf8))
            } catch {
                throw ConfigurationError(place: path, reason: error.reason)
            }
        }
    }

    private var shown: ImagesHandlers.Shown {
        get throws {
            var shown = ImagesHandlers.Shown()
            shown.directURL = try configuration(options.api.showImageDirectURL)
            shown.locations = try configuration(options.api.showMultipleLocations)
            return shown
        }
    }

    private func makePaging() throws -> ImagesHandlers.Paging {
        ImagesHandlers.Paging(usual: try configuration(options.api.limitParamDefault), most: try configuration(options.api.apiLimitMax))
    }

    private func routesOfV1(_ service: ImageService) throws -> [Route<Handler>] {
        let formats = V1Formats(
            disk: try configuration(options.formats.diskFormats), container: try configuration(options.formats.containerFormats))
        let images = V1ImagesHandlers(
            service: service, formats: formats, usualPage: try configuration(options.api.limitParamDefault),
            longestPage: try configuration(options.api.apiLimitMax), notesSends: try notesSends)
        let members = V1MembersHandlers(service: service)
        return V1ImagesHandlers.routes.map { $0.map { $0(images) } } + V1MembersHandlers.routes.map { $0.map { $0(members) } }
    }

    /// The client of the registry; nil if V1 is off.
    var registry: RegistryClient? {
        get throws { try parts.registry { try configuration(options.v1.enableAPI) ? try makeRegistryClient() : nil } }
    }

    /// Makes the client; nil, with a line in the log, if there is no secret that the API and the registry share.
    private func makeRegistryClient() throws -> RegistryClient? {
        guard let secret = try configuration(options.v1.registrySecret) else {
            log.logger("glance.config").info("V1 is off: [vitrine] registry_secret is not set")
            return nil
        }
        let scheme = try configuration(options.v1.registryProtocol)
        guard scheme == "http" || scheme == "https" else {
            throw ConfigurationError(place: "[DEFAULT] registry_client_protocol", reason: "is neither http nor https")
        }
        let host = try configuration(options.v1.registryHost)
        // Glance's default means that the registry listens on all addresses; it is asked on this host.
        let address = host == "0.0.0.0" ? "127.0.0.1" : host
        return RegistryClient(
            base: "\(scheme)://\(address):\(try configuration(options.v1.registryPort))", secret: secret,
            patience: Double(try configuration(options.v1.registryTimeout)), certificateAuthority: try configuration(options.v1.registryCA),
            bulkhead: try bulkhead("registry"), logger: log.logger("glance.registry_client"))
    }

    // MARK: the registry

    func makeRegistry() throws -> API {
        guard try configuration(options.v1.enableRegistry) else {
            throw ConfigurationError(place: "[DEFAULT] enable_v1_registry", reason: "is off, so there is nothing to serve")
        }
        guard let secret = try configuration(options.v1.registrySecret), secret.utf8.count >= 16 else {
            throw ConfigurationError(place: "[vitrine] registry_secret", reason: "is not set, or has fewer than 16 characters")
        }
        let catalog = try catalog
        let images = RegistryHandlers(
            catalog: catalog, usualPage: try configuration(options.api.limitParamDefault),
            longestPage: try configuration(options.api.apiLimitMax))
        let members = RegistryMembersHandlers(catalog: catalog, quota: try makeLimits().members)
        let uploads = RegistryUploadsHandlers(catalog: catalog)
        let routes =
            RegistryHandlers.routes.map { $0.map { $0(images) } } + RegistryMembersHandlers.routes.map { $0.map { $0(members) } }
            + RegistryUploadsHandlers.routes.map { $0.map { $0(uploads) } }
        var front = API.Front(longestRequestID: try configuration(options.api.maxRequestIDLength))
        front.isForAPI = true
        front.healthcheck = try makeHealthcheck([catalog])
        return API(
            routes: routes, versions: nil, authenticator: TrustedHeaders(secret: secret, policy: policies), front: front,
            logger: log.logger("glance.registry"))
    }
}
