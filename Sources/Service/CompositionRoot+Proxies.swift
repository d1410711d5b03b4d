internal import HTTPClient
internal import Logging
internal import OsloConfig
internal import Text

// By whom other people's web servers are asked. Keystone, Barbican, the registry, the database and the broker are this cloud's own, and
// are never asked by a proxy.

extension CompositionRoot {
    /// - Parameter group: of the store whose data are fetched, which may name proxies of its own; nil for imports.
    func makeProxies(_ group: Options.StoreGroup?) throws -> Proxies {
        var named: [String: String] = [:]
        for text in try group.map({ try configuration($0.proxies) }) ?? [] {
            let parts = text.split(separator: ":", maxSplits: 1).map { trimmed($0) }
            guard parts.count == 2, ["http", "https", "all"].contains(parts[0].lowercased()) else {
                throw ConfigurationError(
                    place: "[\(group?.name ?? "")] http_proxy_information", reason: "has an element that is not of the form http:host:port")
            }
            named[parts[0]] = parts[1]
        }
        let environment = try configuration(Options.fetchesThroughProxy) ? Programs.environment() : [:]
        do throws(ProxyError) {
            return try Proxies(named: named, environment: environment)
        } catch {
            let place = named.isEmpty ? "[vitrine] fetch_through_proxy" : "[\(group?.name ?? "")] http_proxy_information"
            throw ConfigurationError(place: place, reason: "\(error)")
        }
    }

    /// Says what the filter of addresses cannot judge.
    func logProxies() throws {
        guard try !makeProxies(Options.onlyStore).isEmpty || !makeProxies(nil).isEmpty else { return }
        log.logger("glance.config").warning(
            """
            what is fetched for images goes through a proxy: hosts whose names mean nothing here are judged by name alone, and where they \
            lead is for the proxy to forbid
            """)
    }
}
