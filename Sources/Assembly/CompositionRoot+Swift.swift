internal import Files
internal import HTTPClient
internal import JSONDocument
internal import ObjectStores
internal import Options
internal import OsloConfig

extension CompositionRoot {
    /// Makes a swift store, and what `GET /v2/info/stores/detail` says of it.
    ///
    /// - Parameter name: its name in `enabled_backends`; nil if it is the only store.
    /// - Returns: nil where `stores` names swift beside others, and no account is configured.
    func makeSwiftStore(_ group: Options.StoreGroup, named name: String?) throws -> MadeStore? {
        let swift = group.swift
        if name == nil, try isBesideOthers("swift"), try configuration(swift.file) == nil, try configuration(swift.address) == nil {
            return nil
        }
        guard try !configuration(swift.isMultiTenant) else {
            throw ConfigurationError(
                place: "[\(group.name)] swift_store_multi_tenant",
                reason: "is not supported: deletions, imports and copies go on after the owner's token has ended, and without it nothing "
                    + "in the owner's account can be written or removed. Use one account with swift_store_config_file")
        }
        var settings = SwiftStore.Settings(
            references: try references(group), mainReference: try configuration(swift.reference))
        settings.container = try configuration(swift.container)
        guard Self.isContainer(settings.container) else {
            throw ConfigurationError(place: "[\(group.name)] swift_store_container", reason: "is no name of 1 to 200 characters without /")
        }
        settings.seed = try configuration(swift.seed)
        settings.createsContainers = try configuration(swift.createsContainers)
        settings.largeObject = Int64(try configuration(swift.largeObject)) << 20
        settings.largeObjectChunk = try configuration(swift.largeObjectChunk) << 20
        settings.region = try configuration(swift.region)
        settings.interface = try configuration(swift.endpointType)
        guard ["publicURL", "internalURL", "adminURL"].contains(settings.interface) else {
            throw ConfigurationError(
                place: "[\(group.name)] swift_store_endpoint_type", reason: "is none of publicURL, internalURL, adminURL")
        }
        settings.serviceType = try configuration(swift.serviceType)
        settings.endpoint = try configuration(swift.endpoint)
        if let endpoint = settings.endpoint {
            do throws(SwiftLoginError) { try SwiftLogin.check(address: endpoint) } catch {
                throw ConfigurationError(place: "[\(group.name)] swift_store_endpoint", reason: "\(error)")
            }
        }
        settings.trust = TLSSettings(certificateAuthority: try configuration(swift.certificates))
        settings.trust.isBlind = try configuration(swift.isInsecure)
        if !settings.trust.isBlind { try checkAuthority(settings.trust.certificateAuthority, "[\(group.name)] swift_store_cacert") }
        settings.readRetries = try configuration(swift.readRetries)
        settings.renewal = Double(try configuration(swift.renewal))
        // What Glance shows: its driver has 1,024,000 bytes in a MB. Source: glance_store, `_drivers/swift/store.py`, `ONE_MB`.
        let properties: JSONObject = [
            "container": .string(settings.container),
            "large_object_size": .int(Int64(try configuration(swift.largeObject)) * 1_024_000),
            "large_object_chunk_size": .int(Int64(try configuration(swift.largeObjectChunk)) * 1_024_000),
        ]
        return (SwiftStore(name: name, settings), properties)
    }

    /// Whether `stores` names a type, and another store takes new data. Many sites name all types there are; Glance goes on without those that
    /// nothing is said of.
    func isBesideOthers(_ type: String) throws -> Bool {
        try configuration(options.stores.kinds).count > 1 && Options.storeKind(try configuration(options.stores.defaultKind)) != type
    }

    private static func isContainer(_ name: String) -> Bool {
        1...200 ~= name.utf8.count && !name.contains("/") && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    /// The accounts of a store: those of its file, or the one that the options describe.
    private func references(_ group: Options.StoreGroup) throws -> [String: SwiftLogin] {
        let (swift, main) = (group.swift, try configuration(group.swift.reference))
        let version = try configuration(swift.version)
        guard let path = try configuration(swift.file) else {
            guard let address = try configuration(swift.address) else {
                throw ConfigurationError(
                    place: "[\(group.name)] swift_store_config_file", reason: "is not set, nor is swift_store_auth_address")
            }
            do throws(SwiftLoginError) {
                return [main: try SwiftLogin(address: address, version: .named(version), identity: try identity(group))]
            } catch {
                throw ConfigurationError(place: "[\(group.name)] swift_store_auth_address, swift_store_user", reason: "\(error)")
            }
        }
        let place = "[\(group.name)] swift_store_config_file"
        guard let text = fileText(of: Self.found(path, configuration)) else {
            throw ConfigurationError(place: place, reason: "\(path) cannot be read")
        }
        do throws(SwiftLoginError) {
            let file = try SwiftReferences(text)
            var references: [String: SwiftLogin] = [:]
            for name in file.names { references[name] = try file.login(name, version: version) }
            guard references[main] != nil else {
                throw SwiftLoginError(description: "has no section [\(main)], which default_swift_reference names")
            }
            return references
        } catch {
            throw ConfigurationError(place: place, reason: "\(path): \(error)")
        }
    }

    private func identity(_ group: Options.StoreGroup) throws(SwiftLoginError) -> SwiftLogin.Identity {
        func read(_ option: OsloConfig.Option<String?>) -> String? { (try? configuration(option)) ?? nil }
        let swift = group.swift
        switch (read(swift.credential), read(swift.credentialSecret), read(swift.user), read(swift.key)) {
        case (let id?, let secret?, _, _): return .applicationCredential(id: id, secret: secret)
        case (nil, nil, let user?, let key?): return .user(user, key: key)
        default: throw SwiftLoginError(description: "user and key are not both set, nor are the id and the secret of a credential")
        }
    }
}
