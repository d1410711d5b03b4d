internal import JSONDocument
internal import Text

/// The service catalog of a token.
package struct KeystoneCatalog: Sendable {
    private let services: [JSON]

    init(_ services: [JSON]) { self.services = services }

    /// The address of a service; nil when the catalog has none.
    ///
    /// - Parameters:
    ///   - type: the service type, for example `image`, `key-manager` or `identity`.
    ///   - interface: `public`, `internal` or `admin`; the older form `publicURL` is accepted too. Source: keystoneauth1,
    ///     `ServiceCatalog.normalize_interface`.
    ///   - region: the region's name; nil for any.
    package func endpoint(of type: String, interface: String, region: String?) -> String? {
        let interface = interface.hasSuffix("URL") ? String(interface.dropLast(3)) : interface
        for service in services where service.object?["type"]?.string == type {
            for endpoint in service.object?["endpoints"]?.array ?? [] {
                guard let endpoint = endpoint.object, endpoint["interface"]?.string == interface, let url = endpoint["url"]?.string,
                    url.hasPrefix("http://") || url.hasPrefix("https://")
                else { continue }
                if let region, region != endpoint["region_id"]?.string ?? endpoint["region"]?.string { continue }
                return url
            }
        }
        return nil
    }

    /// Removes a version and slashes from the end of an address.
    static func withoutVersion(_ address: String, _ versions: [String]) -> String {
        var base = withoutSlashes(address)
        if let version = versions.first(where: { base.hasSuffix($0) }) { base.removeLast(version.count) }
        return withoutSlashes(base)
    }
}
