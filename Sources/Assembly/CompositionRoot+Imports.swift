package import Domain
internal import Identity
internal import Importing
internal import Operations
internal import Options
internal import OsloConfig
internal import Persistence
internal import Stores

/// The tools of imports, which `glance-tasks` alone has.
package struct ImportTools {
    let unpacker: any Unpacking
    let makeConverter: (ConversionSettings) -> any ImageConverter

    package init(unpacker: any Unpacking, makeConverter: @escaping (ConversionSettings) -> any ImageConverter) {
        (self.unpacker, self.makeConverter) = (unpacker, makeConverter)
    }
}

extension CompositionRoot {
    /// The service that orders imports.
    func makeImportService(_ service: ImageService, _ catalog: MariaDBCatalog) throws -> ImportService {
        ImportService(
            service: service, catalog: catalog, source: try fetcher, regions: try makeRegions(), settings: try makeImportSettings())
    }

    /// The other regions of the cloud; nil if nothing is imported from them.
    private func makeRegions() throws -> KeystoneRegions? {
        guard try importMethods.contains(.glanceDownload) else { return nil }
        guard try identity == .keystone else {
            throw ConfigurationError(
                place: "[DEFAULT] enabled_import_methods", reason: "glance-download needs Keystone to know its callers")
        }
        return KeystoneRegions(try keystoneSession)
    }

    private func makeDownloads() throws -> RegionDownloads? {
        guard let regions = try makeRegions() else { return nil }
        return RegionDownloads(regions: regions, prefixes: try configuration(options.imports.regionProperties))
    }

    /// The importer, which does what was ordered.
    ///
    /// - Parameter isEnding: whether the process is about to end and leaves unfinished work to others.
    func makeImporter(_ plugins: ImportPlugins, isEnding: @escaping @Sendable () -> Bool) throws -> Importer {
        try Importer(
            service: try service, jobs: try catalog, source: try fetcher, plugins: plugins,
            downloads: try makeDownloads(), site: try makeJobSite(), patience: try configuration(options.imports.stagingNodeTimeout),
            readingTries: try configuration(options.locations.readingTries),
            isEnding: isEnding)
    }

    private func makeImportSettings() throws -> ImportSettings {
        var settings = ImportSettings()
        settings.methods = try importMethods
        settings.host = try host
        let folder = try stagingAsShared
        settings.stagingMark = { folder.seenMark }
        settings.isStagedElsewhereToo = { [nodeWatch] in nodeWatch.hasOtherStaging }
        settings.looksAtLocations = try configuration(options.imports.secureHash)
        let plugins = try configuration(options.imports.plugins)
        // An image that lacks what the operator asked for is worse than none.
        let known = ["no_op", "inject_image_metadata", "image_decompression", "image_conversion"]
        for plugin in plugins where !known.contains(plugin) {
            throw ConfigurationError(place: "[image_import_opts] image_import_plugins", reason: "'\(plugin)' is not supported")
        }
        if plugins.contains("inject_image_metadata") { settings.injected = try injectedProperties }
        settings.rolesWithoutInjection = Set(try configuration(options.imports.rolesWithoutInjection).map { $0.lowercased() })
        return settings
    }

    /// The changes that imports make to data. Data are unpacked before their format is changed, whatever the order of the plugins.
    func makePlugins(_ tools: ImportTools) throws -> ImportPlugins {
        var plugins = ImportPlugins()
        let names = try configuration(options.imports.plugins)
        let seconds = Double(try configuration(options.imports.conversionTimeout))
        if names.contains("image_decompression") { plugins.unpacker = tools.unpacker }
        if names.contains("image_conversion") {
            let format = try configuration(options.imports.conversionFormat)
            plugins.converter = tools.makeConverter(ConversionSettings(format: format, seconds: seconds))
        }
        if let name = try configuration(options.imports.legacyConversionFormat), !name.isEmpty {
            guard let format = ConversionSettings.Format(rawValue: name) else {
                throw ConfigurationError(place: "[taskflow_executor] conversion_format", reason: "'\(name)' is not qcow2, raw or vmdk")
            }
            plugins.legacyConverter = tools.makeConverter(ConversionSettings(format: format, seconds: seconds))
        }
        return plugins
    }

    var importMethods: [ImportPlan.Name] {
        get throws {
            try configuration(options.imports.methods).map { name in
                guard let method = ImportPlan.Name(rawValue: name) else {
                    throw ConfigurationError(place: "[DEFAULT] enabled_import_methods", reason: "'\(name)' is not supported")
                }
                return method
            }
        }
    }

    /// The properties that every import gets, without those whose names are the service's own, as in Glance.
    private var injectedProperties: [String: String] {
        get throws {
            var properties: [String: String] = [:]
            for (name, value) in try configuration(options.imports.injectedProperties) {
                do throws(Fault) {
                    try ImageText.check(property: name, value)
                } catch {
                    throw ConfigurationError(place: "[inject_metadata_properties] inject", reason: error.message)
                }
                guard !name.hasPrefix("os_glance"), !Image.fieldNames.contains(name) else { continue }
                properties[name] = value
            }
            return properties
        }
    }

    /// Reads where this process does jobs. The mark is read each time, as it may be made later than this process, and made anew.
    func makeJobSite() throws -> @Sendable () -> JobSite {
        let (node, folder) = (try host, try stagingAsShared)
        return { JobSite(node: node, staging: folder.seenMark) }
    }

    /// The address of this node.
    var host: String? {
        get throws { try configuration(options.imports.selfReference) ?? configuration(options.api.publicEndpoint) }
    }

    /// The folder where images wait for their import. Source: Glance, `node_staging_uri`; with several stores, `[os_glance_staging_store]`.
    var staging: StagingArea {
        get throws { try parts.staging { try makeStaging() } }
    }

    private func makeStaging() throws -> StagingArea {
        let (folder, option) = try stagingFolder
        var settings = FileStore.Settings()
        settings.hasLocations = false
        do throws(Fault) {
            return StagingArea(try FileStore([.init(path: folder)], settings), folder: folder)
        } catch {
            throw ConfigurationError(place: option, reason: "\(error.cause ?? error)")
        }
    }

    /// That folder, and the option that names it.
    var stagingFolder: (path: String, option: String) {
        get throws {
            guard try backends.isEmpty else {
                let name = ReservedStore.staging.rawValue
                return (
                    Self.withoutSlash(try configuration(Options.StoreGroup(name).folder) ?? "/var/lib/glance/\(name)"),
                    "[\(name)] filesystem_store_datadir"
                )
            }
            let text = try configuration(options.stores.nodeStagingURI)
            guard text.hasPrefix("file:///") else {
                throw ConfigurationError(place: "[DEFAULT] node_staging_uri", reason: "is not of the form file:///path")
            }
            return (Self.withoutSlash(String(text.dropFirst("file://".count))), "[DEFAULT] node_staging_uri")
        }
    }
}
