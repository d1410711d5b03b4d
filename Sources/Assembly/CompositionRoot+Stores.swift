internal import Domain
internal import Files
internal import ImageFormats
internal import JSONDocument
internal import Logging
internal import Options
internal import OsloConfig
internal import OsloLog
internal import Stores
internal import Text

extension CompositionRoot {
    /// The stores of the site, as this process reads and writes them.
    var stores: StoreSet {
        get throws { try parts.stores { try makeStores(try storeFolders) } }
    }

    /// Where the folders of file stores are recorded: an API that serves V1 only asks the registry.
    private var storeFolders: (any StoreFolderCatalog)? {
        get throws { try role != .api || configuration(options.api.enableV2) ? catalog : registry }
    }

    /// - Parameter records: where the folders of file stores are recorded; nil if no data are read or written.
    private func makeStores(_ records: (any StoreFolderCatalog)?) throws -> StoreSet {
        let backends = try backends
        return backends.isEmpty ? try makeOnlyStore(records) : try makeStores(backends, records)
    }

    // MARK: one store

    /// The supported types of store; `makeStore` makes one of each.
    private static let types = ["file", "http", "rbd", "s3", "swift"]

    /// The types in `stores`, each once, by the names that they have in `enabled_backends`.
    var onlyTypes: [String] {
        get throws { try configuration(options.stores.kinds).map(Options.storeKind).uniqued }
    }

    /// The type of the store that takes new data. If it is not set, it is the file store, or an http store, which takes none, if there is no
    /// other.
    func defaultType(_ types: [String]) throws -> String {
        guard configuration.isSet(options.stores.defaultKind) || types.contains("file") else {
            guard let first = types.first, Self.types.contains(first) else {
                throw ConfigurationError(
                    place: "[glance_store] stores",
                    reason: "names no type of store that is here: there are \(Self.types.joined(separator: ", "))")
            }
            return first
        }
        let type = Options.storeKind(try configuration(options.stores.defaultKind))
        guard Self.types.contains(type) else {
            throw ConfigurationError(place: "[glance_store] default_store", reason: "the store '\(type)' is not supported yet")
        }
        guard types.contains(type) else {
            throw ConfigurationError(place: "[glance_store] stores", reason: "does not name '\(type)', which default_store is")
        }
        return type
    }

    private func makeOnlyStore(_ records: (any StoreFolderCatalog)?) throws -> StoreSet {
        let types = try onlyTypes
        let main = try defaultType(types)
        let readable = try types.contains("file") ? readableFolders(places(options.stores.only)) : nil
        func make(_ type: String) throws -> any ImageStore {
            try makeStore(type, options.stores.only, named: nil, readable, records).map { try guarded($0.store, type) }
                ?? AbsentStore(type, type: type)
        }
        return StoreSet(try make(main), beside: try types.filter { $0 != main }.map(make), outside: try outsideFiles(readable))
    }

    // MARK: where files may lie

    private func readableFolders(_ places: [FileStore.Place]) throws -> ReadableFolders {
        let named = try configuration(options.stores.readableFolders)
        if let wrong = named.first(where: { !$0.hasPrefix("/") }) {
            throw ConfigurationError(place: "[vitrine] readable_folders", reason: "'\(wrong)' does not begin with /")
        }
        return ReadableFolders(places.map(\.path) + named)
    }

    /// The store that reads files outside of the stores' folders; nil if there is no file store.
    private func outsideFiles(_ readable: ReadableFolders?) throws -> (any ImageStore)? {
        try readable.map { try guarded(OutsideFiles(in: $0), "files outside") }
    }

    /// Warnings of stores that are enabled and not supported.
    var storeComplaints: [String] {
        let several = (try? backends) ?? []
        let absent =
            several.isEmpty
            ? ((try? onlyTypes) ?? []).map { ($0, "[glance_store] stores: '\($0)'") }
            : several.map { ($0.type, "[DEFAULT] enabled_backends: the store '\($0.id)' is of the type '\($0.type)', which") }
        return absent.filter { !Self.types.contains($0.0) }.map {
            let deletion =
                Self.foreignTypes.contains($0.0)
                ? "removing the data of deleted images is left to the operator (`glance-manage store owed`)" : "they cannot be deleted"
            return "\($0.1) is not supported: images in it are listed and shown, requests for their data get 503, and \(deletion)"
        }
    }

    // MARK: several stores

    struct Backend {
        let id: String
        let type: String
    }

    /// The stores of `enabled_backends`; empty if there is only one store.
    var backends: [Backend] {
        get throws {
            var backends: [Backend] = []
            for text in try configuration(options.stores.enabledBackends) {
                let parts = text.split(separator: ":", maxSplits: 1).map { $0.filter { !$0.isWhitespace } }
                func refusal(_ reason: String) -> ConfigurationError {
                    ConfigurationError(place: "[DEFAULT] enabled_backends", reason: reason)
                }
                guard parts.count == 2 else { throw refusal("'\(text)' is not of the form name:type") }
                let backend = Backend(id: parts[0], type: Options.storeKind(parts[1]))
                guard Self.isName(backend.id) else { throw refusal("'\(backend.id)' is no name: letters, digits, '-', '_' and '.'") }
                guard !backend.id.lowercased().hasPrefix(ReservedStore.prefix) else {
                    throw refusal("'\(backend.id)': names that begin with \(ReservedStore.prefix) are the service's own")
                }
                // Groups of options are found whatever their case.
                guard !backends.contains(where: { $0.id.lowercased() == backend.id.lowercased() }) else {
                    throw refusal("'\(backend.id)' is there twice")
                }
                backends.append(backend)
            }
            return backends
        }
    }

    /// Whether a text is a name of a store: it stands in lists with commas, in headers, and in paths of nginx.
    private static func isName(_ text: String) -> Bool {
        1...64 ~= text.utf8.count && text.first != "."
            && text.utf8.allSatisfy {
                0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 || "-_.".utf8.contains($0)
            }
    }

    private func makeStores(_ backends: [Backend], _ records: (any StoreFolderCatalog)?) throws -> StoreSet {
        guard let main = try configuration(options.stores.defaultBackend) else {
            throw ConfigurationError(place: "[glance_store] default_backend", reason: "is not set, and there are several stores")
        }
        guard let chosen = backends.first(where: { $0.id == main }) else {
            throw ConfigurationError(place: "[glance_store] default_backend", reason: "'\(main)' is none of the enabled_backends")
        }
        guard Self.types.contains(chosen.type) else {
            throw ConfigurationError(
                place: "[glance_store] default_backend", reason: "'\(main)' is of the type '\(chosen.type)', which is not supported yet")
        }
        var owners: [String: String] = [:]
        var targets: [[String: String]: String] = [:]
        let files = backends.filter { $0.type == "file" }
        let readable = try files.isEmpty ? nil : readableFolders(files.flatMap { try places(Options.StoreGroup($0.id)) })
        return StoreSet(
            try backends.map { backend throws in
                let group = Options.StoreGroup(backend.id)
                var info = StoreInfo(id: backend.id, type: backend.type)
                info.description = try configuration(group.description)
                info.isDefault = backend.id == main
                info.isReadOnly = backend.type == "http"
                info.weight = try configuration(group.weight)
                for place in backend.type == "file" ? try places(group) : [] {
                    if let owner = owners.updateValue(backend.id, forKey: place.path) {
                        throw ConfigurationError(place: "[\(backend.id)]", reason: "has the folder of store '\(owner)'")
                    }
                }
                guard let made = try makeStore(backend.type, group, named: backend.id, readable, records) else {
                    return StoreSet.Member(info, AbsentStore(backend.id, type: backend.type))
                }
                if let target = (made.store as? any PlacedStore)?.target, let owner = targets.updateValue(backend.id, forKey: target) {
                    let place = target.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
                    throw ConfigurationError(place: "[\(backend.id)]", reason: "has its images where store '\(owner)' has them: \(place)")
                }
                info.properties = made.properties
                return StoreSet.Member(info, try guarded(made.store, backend.id))
            }, outside: try outsideFiles(readable))
    }

    /// A store whose operations are counted, behind its bulkhead, so that a slow one takes no more than its share of the threads.
    private func guarded(_ store: any ImageStore, _ name: String) throws -> any ImageStore {
        GuardedStore(
            store, try bulkhead("store \(name)"), named: name, internalPrefix: try configuration(options.processes.internalPrefix))
    }

    // MARK: kinds of stores

    /// A store, and what `GET /v2/info/stores/detail` says of it.
    typealias MadeStore = (store: any ImageStore, properties: JSONObject)

    /// Makes a store of a type that is known.
    ///
    /// - Parameter name: its name in `enabled_backends`; nil if it is the only store.
    /// - Returns: nil for a type that is not known.
    private func makeStore(
        _ type: String, _ group: Options.StoreGroup, named name: String?, _ readable: ReadableFolders?, _ records: (any StoreFolderCatalog)?
    ) throws -> MadeStore? {
        switch type {
        case "file": (try makeFileStore(group, named: name, readable, records), try fileStoreProperties(group))
        case "http": (try makeWebStore(group), [:])
        case "rbd": try makeRBDStore(group, named: name)
        case "s3": try makeS3Store(group, named: name)
        case "swift": try makeSwiftStore(group, named: name)
        case _ where Self.foreignTypes.contains(type): try makeForeignStore(type, group, named: name)
        default: nil
        }
    }

    private func fileStoreProperties(_ group: Options.StoreGroup) throws -> JSONObject {
        [
            "data_dir": try configuration(group.folder).map { .string($0) } ?? .null,
            "chunk_size": .int(Int64(try configuration(group.chunkSize))),
            "thin_provisioning": .bool(try configuration(group.isThin)),
        ]
    }

    private func makeFileStore(
        _ group: Options.StoreGroup, named name: String?, _ readable: ReadableFolders?, _ records: (any StoreFolderCatalog)?
    ) throws -> FileStore {
        // It is an octal number, read as a decimal one: 640 means rw-r-----.
        guard let permissions = UInt32(String(try configuration(group.permissions)), radix: 8) else {
            throw ConfigurationError(place: "[\(group.name)] filesystem_store_file_perm", reason: "is no octal number")
        }
        guard permissions == 0 || permissions & 0o400 != 0 else {
            throw ConfigurationError(
                place: "[\(group.name)] filesystem_store_file_perm", reason: "does not let the service itself read what it wrote")
        }
        var settings = FileStore.Settings()
        settings.internalPrefix = try configuration(options.processes.internalPrefix).map { "\($0)/\(name ?? "file")" }
        (settings.permissions, settings.readable) = (permissions, readable)
        settings.isThin = try configuration(group.isThin)
        if let path = try configuration(group.metadataFile) { settings.mounts = try mounts(Self.found(path, configuration), group) }
        let places = try places(group)
        do throws(Fault) {
            return try FileStore(name: name, places, settings, records: records, logger: log.logger("glance.store"))
        } catch {
            throw ConfigurationError(place: "[\(group.name)] filesystem_store_datadir", reason: "\(error.cause ?? error)")
        }
    }

    /// The folders of a file store: one or several, not both. Source: glance_store, `_drivers/filesystem.py`, `configure_add`.
    private func places(_ group: Options.StoreGroup) throws -> [FileStore.Place] {
        let several = try configuration(group.folders)
        guard !several.isEmpty else {
            guard let folder = try configuration(group.folder) else {
                throw ConfigurationError(place: "[\(group.name)] filesystem_store_datadir", reason: "is not set")
            }
            guard folder.hasPrefix("/") else {
                throw ConfigurationError(place: "[\(group.name)] filesystem_store_datadir", reason: "'\(folder)' does not begin with /")
            }
            return [FileStore.Place(path: Self.withoutSlash(folder))]
        }
        // Glance has a default, which only an empty text removes.
        guard try !configuration.isSet(group.folder) || configuration(group.folder) == nil else {
            throw ConfigurationError(
                place: "[\(group.name)]", reason: "filesystem_store_datadir and filesystem_store_datadirs exclude each other")
        }
        var places: [FileStore.Place] = []
        for text in several {
            // The priority is behind the last colon; a path may have colons too.
            let colon = text.lastIndex(of: ":") ?? text.endIndex
            let number = text[colon...].dropFirst().filter { !$0.isWhitespace }
            let path = Self.withoutSlash(trimmed(text[..<colon]))
            guard let priority = number.isEmpty ? 0 : Int(number), path.hasPrefix("/") else {
                throw ConfigurationError(
                    place: "[\(group.name)] filesystem_store_datadirs", reason: "'\(text)' is not of the form path:priority")
            }
            guard !places.contains(where: { $0.path == path }) else {
                throw ConfigurationError(place: "[\(group.name)] filesystem_store_datadirs", reason: "\(path) is there twice")
            }
            places.append(FileStore.Place(path: path, priority: priority))
        }
        return places
    }

    static func withoutSlash(_ path: String) -> String {
        var path = path[...]
        while path.count > 1, path.last == "/" { path.removeLast() }
        return String(path)
    }

    /// Reads a file with a JSON object of `id` and `mountpoint`, or with a list of such objects.
    private func mounts(_ path: String, _ group: Options.StoreGroup) throws -> [FileMount] {
        let place = "[\(group.name)] filesystem_store_metadata_file"
        guard let text = fileText(of: path), let document = try? JSON(parsing: Array(text.utf8)) else {
            throw ConfigurationError(place: place, reason: "\(path) cannot be read as JSON")
        }
        return try (document.array ?? [document]).map { element in
            guard let mount = element.object.flatMap({ FileMount($0) }) else {
                throw ConfigurationError(place: place, reason: "\(path) must hold an object with id and mountpoint, or a list of such")
            }
            return mount
        }
    }

    private func makeWebStore(_ group: Options.StoreGroup) throws -> HTTPStore {
        HTTPStore(
            rules: try makeFetchRules(), certificateAuthority: try configuration(group.httpsCertificates), proxies: try makeProxies(group))
    }

    private var hasWebStore: Bool {
        get throws {
            let backends = try backends
            guard backends.isEmpty else { return backends.contains { $0.type == "http" } }
            return try onlyTypes.contains("http")
        }
    }

    // MARK: what is fetched

    /// The source of downloads of imports; no http store is needed for it.
    var fetcher: HTTPStore {
        get throws {
            try parts.fetcher {
                HTTPStore(
                    rules: try makeFetchRules(), certificateAuthority: try configuration(options.stores.only.httpsCertificates),
                    proxies: try makeProxies(nil))
            }
        }
    }

    /// The source of V1's copies and locations, which gives nothing if there is no http store.
    var imageSource: any ImageSource {
        get throws {
            try parts.imageSource {
                guard try hasWebStore else { return NoImageSource() }
                let source = try makeWebStore(options.stores.only)
                return try bulkhead("sources").map { GuardedSource(source, $0) } ?? source
            }
        }
    }

    private func makeFetchRules() throws -> FetchRules {
        func ports(_ option: OsloConfig.Option<[String]>) throws -> [Int] {
            try configuration(option).map { text in
                guard let port = HostAndPort.port(text) else {
                    throw ConfigurationError(
                        place: "[import_filtering_opts] \(option.name)", reason: "'\(text)' is no port, a number from 1 to 65535")
                }
                return port
            }
        }
        do {
            return try FetchRules(
                schemes: .init(
                    allowed: try configuration(options.fetching.allowedSchemes),
                    disallowed: try configuration(options.fetching.disallowedSchemes)),
                hosts: .init(
                    allowed: try configuration(options.fetching.allowedHosts),
                    disallowed: try configuration(options.fetching.disallowedHosts)),
                ports: .init(allowed: try ports(options.fetching.allowedPorts), disallowed: try ports(options.fetching.disallowedPorts)))
        } catch let error as FetchRefusal {
            throw ConfigurationError(place: "[import_filtering_opts] allowed_hosts, disallowed_hosts", reason: "name \(error)")
        }
    }

    // MARK: formats

    func makeFormatRules() throws -> FormatRules {
        var rules = FormatRules()
        rules.requiresMatch = try configuration(options.formats.requireFormatMatch)
        rules.vmdkTypes = try configuration(options.formats.vmdkAllowedTypes)
        rules.nonfatalChecksOfGPT = Set(try configuration(options.formats.nonfatalChecksOfGPT))
        return rules
    }

    // MARK: nginx

    /// The paths at which nginx finds files, each with its folder.
    package func internalFolders() throws -> [(prefix: String, folder: String)] {
        try makeStores(nil).internalFolders + [cachePlace].compactMap(\.self)
    }

    /// The paths at which nginx fetches data from stores' servers, each with a file of the authorities whose certificates are trusted; nil
    /// where certificates are not verified.
    package func remotePlaces() throws -> [(prefix: String, authorities: String?)] {
        try makeStores(nil).remotePlaces.map { place in
            (place.prefix, place.store.verifiesCertificate ? place.store.certificateAuthority ?? Self.systemAuthorities : nil)
        }
    }

    /// The authorities of Debian's package ca-certificates: nginx has no default.
    private static let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"
}
