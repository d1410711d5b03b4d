internal import Domain
internal import JSONDocument
internal import Options
internal import OsloConfig
internal import Stores
internal import Text

/// Locations that callers name, and the stores whose locations are known and whose engines are not here.
extension CompositionRoot {
    /// The locations beside those on the web that callers may name.
    var locationSchemes: LocationSchemes {
        get throws {
            func schemes(_ option: Option<[String]>) throws -> [String] {
                let named = try configuration(option)
                guard let wrong = named.first(where: { !LocationSchemes.known.contains($0) }) else { return named }
                throw ConfigurationError(
                    place: "[vitrine] \(option.name)",
                    reason: "'\(wrong)' is none of \(LocationSchemes.known.joined(separator: ", "))")
            }
            return LocationSchemes(
                ofServices: try schemes(options.locations.ofServices), ofUsers: try schemes(options.locations.ofUsers))
        }
    }

    /// The type of the store that takes new data.
    private var mainType: String {
        get throws {
            let (backends, main) = (try backends, try configuration(options.stores.defaultBackend))
            return try backends.first { $0.id == main }?.type ?? defaultType(onlyTypes)
        }
    }

    /// The schemes by which V1 names the store that takes data; none if none does.
    var mainSchemes: [String] {
        get throws {
            let type = try mainType
            return type == "http" ? [] : StoreInfo.schemes(ofType: type)
        }
    }

    /// The types of store whose locations are known, and whose engines are not here.
    static let foreignTypes = ["cinder", "vmware"]

    /// Makes a store of Cinder's volumes or VMware's datastores.
    func makeForeignStore(_ type: String, _ group: Options.StoreGroup, named name: String?) throws -> MadeStore {
        guard type == "cinder" else {
            let host = try configuration(group.foreign.serverHost)
            if let host { _ = try Self.host(host, at: "[\(group.name)] vmware_server_host") }
            return (ForeignStore(name, .vmware(host: host)), [:])
        }
        let isOnly = try backends.count { $0.type == "cinder" } < 2
        return (
            ForeignStore(name, .cinder(isOnly: isOnly)),
            [
                "volume_type": try configuration(group.foreign.volumeType).map { .string($0) } ?? .null,
                "use_multipath": .bool(try configuration(group.foreign.usesMultipath)),
            ]
        )
    }
}
