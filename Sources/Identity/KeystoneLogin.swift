internal import HTTPClient
internal import JSONDocument
internal import Threading

/// What came of the service's own login.
struct KeystoneLogin: Sendable {
    let token: String
    /// The identity service as the catalog has it: `http://keystone:5000/v3`; nil when the catalog does not name it.
    let identityService: String?
    /// Seconds of the monotonic clock, so that no difference between Keystone's clock and ours counts.
    let renewAt: Double
    let endsAt: Double

    /// Seconds before its end that a token is renewed, or half its life if that is less. Source: keystoneauth1,
    /// `MIN_TOKEN_LIFE_SECONDS`.
    private static let shortestRest = 120.0

    /// - Parameter asked: when Keystone was asked for it.
    /// - Returns: nil for an answer that holds no token.
    init?(_ reply: HTTPClient.Reply, asked: Double, interface: String, region: String?) {
        guard let token = reply.headers["X-Subject-Token"], KeystoneToken.isPossible(token),
            let body = (try? JSON(parsing: reply.body))?.object?["token"]?.object,
            let issued = body["issued_at"]?.string.flatMap(epoch), let expires = body["expires_at"]?.string.flatMap(epoch)
        else { return nil }
        let life = max(0, expires - issued)
        self.token = token
        endsAt = asked + life
        renewAt = endsAt - min(Self.shortestRest, life / 2)
        identityService = Self.endpoint(in: body["catalog"]?.array ?? [], interface: interface, region: region)
    }

    var isValid: Bool { monotonicSeconds() < endsAt }
    var isFresh: Bool { monotonicSeconds() < renewAt }

    private static func endpoint(in catalog: [JSON], interface: String, region: String?) -> String? {
        // Both forms are in use: keystoneauth1, `ServiceCatalog.normalize_interface`.
        let interface = interface.hasSuffix("URL") ? String(interface.dropLast(3)) : interface
        for service in catalog where service.object?["type"]?.string == "identity" {
            for endpoint in service.object?["endpoints"]?.array ?? [] {
                guard let endpoint = endpoint.object, endpoint["interface"]?.string == interface, let url = endpoint["url"]?.string,
                    url.hasPrefix("http://") || url.hasPrefix("https://")
                else { continue }
                if let region, region != endpoint["region_id"]?.string ?? endpoint["region"]?.string { continue }
                return KeystoneAccess.versioned(url)
            }
        }
        return nil
    }
}
