/// The metrics of other services that a request depends on.
package struct NeighbourMetrics: MetricGroup {
    package let keystone = Counters<Labels2<KeystoneLabel, AnswerLabel>>(
        "vitrine_keystone_requests_total", "Requests to Keystone, by what was asked and how it answered.")
    package let keystoneDurations = DurationHistograms<Labels1<KeystoneLabel>>(
        "vitrine_keystone_request_duration_seconds", "How long requests to Keystone took, with their retries.",
        bounds: DurationBounds.requests)
    package let tokens = Counters<Labels1<TokenLabel>>(
        "vitrine_token_cache_lookups_total", "Tokens of callers that were looked up in the cache of Keystone's answers.")
    package let registry = Counters<Labels1<AnswerLabel>>(
        "vitrine_registry_requests_total", "Requests of V1 to the registry, by how it answered.")
    package let registryDurations = DurationHistograms<NoLabels>(
        "vitrine_registry_request_duration_seconds", "How long requests to the registry took.", bounds: DurationBounds.requests)
    package let refusals = Counters<Labels1<PartLabel>>(
        "vitrine_refusals_total", "Requests that were refused since too many waited for one part already.")

    package init() {}
}

/// What Keystone is asked for.
package enum KeystoneLabel: String, KnownLabel {
    /// A caller's token, to learn who they are.
    case validate
    /// A token of the service's own.
    case login
    /// The services of the cloud.
    case catalog
    /// Limits of projects, and what is needed to find them.
    case limits
    /// Whether it answers.
    case health
    package static let label = "request"
}

/// How another service answered.
package enum AnswerLabel: String, KnownLabel {
    case ok
    /// It answered with a status 4xx: no such token, no such image, a conflict.
    case refused
    /// It answered with a status 5xx or 429, or with nonsense.
    case failed
    /// It did not answer.
    case unreachable
    package static let label = "outcome"
}

/// What the cache of tokens knew.
package enum TokenLabel: String, KnownLabel {
    /// The token is known.
    case hit
    /// It is known that Keystone does not accept the token.
    case rejected
    case miss
    package static let label = "result"
}

/// The parts that have a limit of waiting threads.
package enum PartLabel: String, KnownLabel {
    case store, source, keystone, limits, registry, policy, barbican, nodes, other
    package static let label = "part"
}
