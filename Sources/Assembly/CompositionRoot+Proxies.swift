internal import HTTPClient
internal import Logging
internal import Options
internal import OsloConfig
internal import OsloLog
internal import Text

// Proxies for web servers outside of this cloud. Keystone, Barbican, the registry, the database and the broker belong to the cloud and are
// never asked through a proxy.

extension CompositionRoot {
    /// The proxies by which data are fetched.
    ///
    /// - Parameter group: the group of the store that fetches, which may name its own proxies; nil for imports.
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
        let environment = try configuration(options.fetching.throughProxy) ? ProgramConfiguration.environment() : [:]
        do throws(ProxyError) {
            return try Proxies(named: named, environment: environment)
        } catch {
            let place = named.isEmpty ? "[vitrine] fetch_through_proxy" : "[\(group?.name ?? "")] http_proxy_information"
            throw ConfigurationError(place: place, reason: "\(error)")
        }
    }

    /// Warns that the filter of addresses cannot judge what goes through a proxy.
    func logProxies() throws {
        guard try !makeProxies(options.stores.only).isEmpty || !makeProxies(nil).isEmpty else { return }
        log.logger("glance.config").warning(
            """
            what is fetched for images goes through a proxy: hosts whose names mean nothing here are judged by name alone, and where they \
            lead is for the proxy to forbid
            """)
    }
}
