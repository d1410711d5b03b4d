internal import JSONDocument

/// Where the services of a cloud are, as a token's catalog has it.
package struct KeystoneCatalog: Sendable {
    private let services: [JSON]

    init(_ services: [JSON]) { self.services = services }

    /// The address of a service; nil where the catalog has none.
    ///
    /// - Parameters:
    ///   - type: `image`, `key-manager`, `identity`.
    ///   - interface: `public`, `internal` or `admin`; the older `publicURL` is in use too. Source: keystoneauth1,
    ///     `ServiceCatalog.normalize_interface`.
    ///   - region: nil for any.
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

    /// An address that may end in a version, with slashes or without.
    static func withoutVersion(_ address: String, _ versions: [String]) -> String {
        var base = address[...]
        while base.last == "/" { base.removeLast() }
        if let version = versions.first(where: { base.hasSuffix($0) }) { base.removeLast(version.count) }
        while base.last == "/" { base.removeLast() }
        return String(base)
    }
}
