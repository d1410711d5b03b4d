internal import HTTPClient
internal import Identity
internal import Logging
internal import Options
internal import OsloConfig
internal import Server

// Who may do what.

extension CompositionRoot {
    static func policyPlaces(_ configuration: Configuration) throws -> PolicyFiles.Places {
        func found(_ name: String) -> String { Self.found(name, configuration) }
        let named = try configuration(Options.policyFolders)
        return PolicyFiles.Places(
            file: found(try configuration(Options.policyFile)), isFileNamed: configuration.isSet(Options.policyFile),
            folders: (named.isEmpty ? ["policy.d"] : named).map(found), isOld: try !configuration(Options.enforceNewDefaults),
            fallback: try configuration(Options.policyDefaultRule))
    }

    /// Seconds that a server of the policy may take, whatever is set: a record may be held meanwhile, by a transaction that the database
    /// ends after 20.
    private static let longestPolicyAnswer = 15.0

    static func policyServers(_ configuration: Configuration, _ bulkheads: Bulkheads?, _ logger: Logger) throws -> PolicyServers {
        var settings = PolicyServers.Settings()
        settings.contentType = try configuration(Options.remotePolicyContentType)
        let text = try configuration(Options.remotePolicyTimeout)
        guard let seconds = Double(text), seconds > 0, seconds.isFinite else {
            throw ConfigurationError(place: "[oslo_policy] remote_timeout", reason: "'\(text)' is no number of seconds above 0")
        }
        settings.patience = min(seconds, longestPolicyAnswer)
        settings.trust.isBlind = try !configuration(Options.remotePolicyVerifies)
        settings.trust.certificateAuthority = try configuration(Options.remotePolicyAuthority)
        settings.trust.certificate = try configuration(Options.remotePolicyCertificate)
        settings.trust.key = try configuration(Options.remotePolicyKey)
        let share = try min(configuration(Options.metadataThreads), configuration(Options.dataThreads)) / 2
        return PolicyServers(settings, bulkhead: bulkheads?.of("policy", share: share), logger: logger)
    }
}
