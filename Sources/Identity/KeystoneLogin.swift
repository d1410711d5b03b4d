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
        identityService = KeystoneCatalog(body["catalog"]?.array ?? [])
            .endpoint(of: "identity", interface: interface, region: region)
            .map(KeystoneAccess.versioned)
    }

    var isValid: Bool { monotonicSeconds() < endsAt }
    var isFresh: Bool { monotonicSeconds() < renewAt }
}
