internal import HTTPClient
internal import JSONDocument
internal import Threading

/// The result of the service's own login.
struct KeystoneLogin: Sendable {
    let token: String
    /// The address of the identity service in the catalog, for example `http://keystone:5000/v3`; nil when the catalog has none.
    let identityService: String?
    /// The time to renew the token, in seconds of the monotonic clock, so that a difference between Keystone's clock and this one does not
    /// matter.
    let renewAt: Double
    let endsAt: Double
    /// Seconds by which Keystone's clock, in seconds since 1970, is ahead of the monotonic one.
    let clockLead: Double

    /// The seconds before its end when a token is renewed, or half of its life if that is less. Source: keystoneauth1,
    /// `MIN_TOKEN_LIFE_SECONDS`.
    private static let shortestRest = 120.0

    /// - Parameter asked: the time of the request.
    /// - Returns: nil for an answer without a token.
    init?(_ reply: HTTPClient.Reply, asked: Double, interface: String, region: String?) {
        guard let token = reply.headers["X-Subject-Token"], KeystoneToken.isPossible(token),
            let body = (try? JSON(parsing: reply.body))?.object?["token"]?.object,
            let issued = body["issued_at"]?.string.flatMap(epoch), let expires = body["expires_at"]?.string.flatMap(epoch)
        else { return nil }
        let life = max(0, expires - issued)
        self.token = token
        endsAt = asked + life
        clockLead = issued - asked
        renewAt = endsAt - min(Self.shortestRest, life / 2)
        identityService = KeystoneCatalog(body["catalog"]?.array ?? [])
            .endpoint(of: "identity", interface: interface, region: region)
            .map(KeystoneAccess.versioned)
    }

    var isValid: Bool { monotonicSeconds() < endsAt }
    var isFresh: Bool { monotonicSeconds() < renewAt }
}
