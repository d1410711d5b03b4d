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
internal import Text

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
            routes += V2API.groups.served(with: try partsOfV2(service, catalog))
        }
        if let registry {
            probes.append(registry)
            routes += V1API.groups.served(with: try partsOfV1(try makeService(over: registry)))
        }
        probes += try stores.probes
        if let probe = authenticator as? any HealthProbe { probes.append(probe) }
        let versions = Versions(
            minors: hasV2 ? Versions.minorsOfV2(hasCache: try hasCache, hasStores: try !backends.isEmpty) : [], hasV1: registry != nil)
        var front = try makeFront(probes)
        // The registry catches up by itself.
        if hasV2 { front.catchUp = try catalog.catchUp }
        return API(
            routes: routes, versions: versions, authenticator: authenticator, front: front,
            logger: log.logger("glance.api"))
    }

    private func partsOfV2(_ service: ImageService, _ catalog: MariaDBCatalog) throws -> V2API.Parts {
        V2API.Parts(
            service: service,
            locations: LocationService(
                service: service, locations: catalog, areForClients: try configuration(options.api.showMultipleLocations),
                verifies: try configuration(options.images.verifyLocations)),
            imports: try makeImportService(service, catalog), tasks: TaskService(service: service, catalog: catalog),
            metadefs: MetadefService(catalog: catalog, policies: policies), cache: try makeCacheService(service),
            usage: UsageReport(limits: try projectLimits, usage: catalog),
            imageUsage: ImageUsage(service: service, catalog: catalog), nodes: try makeOtherNodes(),
            imageSchemas: ImageSchemas(
                diskFormats: try configuration(options.formats.diskFormats),
                containerFormats: try configuration(options.formats.containerFormats),
                site: try siteProperties),
            paging: try makePaging(), shows: try shown, notesSends: try notesSends,
            redirectsDownloads: try configuration(options.processes.redirectDownloads), managesCache: try flavor.managesCache)
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

    private func partsOfV1(_ service: ImageService) throws -> V1API.Parts {
        V1API.Parts(
            service: service,
            formats: V1Formats(
                disk: try configuration(options.formats.diskFormats), container: try configuration(options.formats.containerFormats),
                stores: try mainSchemes),
            usualPage: try configuration(options.api.limitParamDefault), longestPage: try configuration(options.api.apiLimitMax),
            notesSends: try notesSends)
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
        let port = try configuration(options.v1.registryPort)
        // Glance's default means that the registry listens on all addresses; it is asked on this host.
        let place = try Self.host(host == "0.0.0.0" ? "127.0.0.1" : host, port: port, at: "[DEFAULT] registry_host")
        return RegistryClient(
            base: "\(scheme)://\(place)", secret: secret,
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
        let parts = RegistryAPI.Parts(
            catalog: catalog, usualPage: try configuration(options.api.limitParamDefault),
            longestPage: try configuration(options.api.apiLimitMax),
            memberQuota: try makeLimits().members)
        var front = API.Front(longestRequestID: try configuration(options.api.maxRequestIDLength))
        front.isForAPI = true
        front.catchUp = catalog.catchUp
        front.healthcheck = try makeHealthcheck([catalog])
        return API(
            routes: RegistryAPI.groups.served(with: parts), versions: nil, authenticator: TrustedHeaders(secret: secret, policy: policies),
            front: front, logger: log.logger("glance.registry"))
    }
}
