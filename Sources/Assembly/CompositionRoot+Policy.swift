internal import HTTPClient
internal import Identity
internal import Logging
internal import Options
internal import OsloConfig
internal import Server

// The policy: who may do what.

extension CompositionRoot {
    static func policyPlaces(_ configuration: Configuration) throws -> PolicyFiles.Places {
        func found(_ name: String) -> String { Self.found(name, configuration) }
        let named = try configuration(options.policy.folders)
        return PolicyFiles.Places(
            file: found(try configuration(options.policy.file)), isFileNamed: configuration.isSet(options.policy.file),
            folders: (named.isEmpty ? ["policy.d"] : named).map(found), isOld: try !configuration(options.policy.enforceNewDefaults),
            fallback: try configuration(options.policy.defaultRule))
    }

    /// The most seconds that a server of the policy may take, whatever is set: a transaction may hold a row meanwhile, and the database ends it
    /// after 20.
    private static let longestPolicyAnswer = 15.0

    static func policyServers(_ configuration: Configuration, _ bulkheads: Bulkheads?, _ logger: Logger) throws -> PolicyServers {
        var settings = PolicyServers.Settings()
        settings.contentType = try configuration(options.policy.remoteContentType)
        let text = try configuration(options.policy.remoteTimeout)
        guard let seconds = Double(text), seconds > 0, seconds.isFinite else {
            throw ConfigurationError(place: "[oslo_policy] remote_timeout", reason: "'\(text)' is no number of seconds above 0")
        }
        settings.patience = min(seconds, longestPolicyAnswer)
        settings.trust.isBlind = try !configuration(options.policy.remoteIsVerified)
        settings.trust.certificateAuthority = try configuration(options.policy.remoteAuthority)
        settings.trust.certificate = try configuration(options.policy.remoteCertificate)
        settings.trust.key = try configuration(options.policy.remoteKey)
        let share = try min(configuration(options.processes.metadataThreads), configuration(options.processes.dataThreads)) / 2
        return PolicyServers(
            settings, bulkhead: bulkheads?.of("policy", share: share, refused: countRefusals(by: "policy")), logger: logger)
    }
}
