package import OsloConfig

/// The meaning of `[paste_deploy] flavor`: one of the pipelines of Glance's `glance-api-paste.ini`.
package struct Flavor {
    package let hasKeystone: Bool
    package let sendsFromCache: Bool
    /// Whether the older routes of the cache are served.
    package let managesCache: Bool

    private static let known: [String: Flavor] = [
        "": Flavor(), "caching": Flavor(sendsFromCache: true), "cachemanagement": Flavor(sendsFromCache: true, managesCache: true),
        "keystone": Flavor(hasKeystone: true), "keystone+caching": Flavor(hasKeystone: true, sendsFromCache: true),
        "keystone+cachemanagement": Flavor(hasKeystone: true, sendsFromCache: true, managesCache: true),
    ]

    private init(hasKeystone: Bool = false, sendsFromCache: Bool = false, managesCache: Bool = false) {
        (self.hasKeystone, self.sendsFromCache, self.managesCache) = (hasKeystone, sendsFromCache, managesCache)
    }

    /// - Throws: for a name that is no pipeline, and for pipelines that trust what a request says about its sender.
    package init(_ name: String?) throws(ConfigurationError) {
        if let flavor = Self.known[name ?? ""] {
            self = flavor
            return
        }
        let name = name ?? ""
        let isTrusting = ["trusted-auth", "trusted-auth+cachemanagement", "fakeauth"].contains(name)
        let names = Self.known.keys.filter { !$0.isEmpty }.sorted().joined(separator: ", ")
        throw ConfigurationError(
            place: "[paste_deploy] flavor",
            reason: isTrusting
                ? "'\(name)' is not supported: it believes what a request says of its sender. Choose one of \(names)"
                : "'\(name)' is not known; it can be \(names), or not set")
    }
}
