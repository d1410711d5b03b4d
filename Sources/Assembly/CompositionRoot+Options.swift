internal import Domain
internal import Logging
internal import Options
internal import OsloConfig
internal import OsloLog
internal import Text

// The options of a configuration, and the warnings of others.

extension CompositionRoot {
    /// Logs a warning for each setting that has no effect or an old name.
    package func logComplaints() {
        let logger = log.logger("glance.config")
        for complaint in complaints + storeComplaints { logger.warning("\(complaint)") }
        // An error is reported where the proxies are needed.
        try? logProxies()
    }

    package var complaints: [String] { configuration.complaints(known: knownOptions, unused: unusedOptions) }
    package var unknownOptions: [String] { configuration.unknownOptions(known: knownOptions, unused: unusedOptions) }

    /// All options that have an effect, also in groups that this configuration names.
    var knownOptions: [OptionKey] {
        Options.all + corsKeys + backendNames.flatMap { Options.StoreGroup($0).keys }
            + ReservedStore.allCases.map { Options.StoreGroup($0.rawValue).folder.key }
            + loginSections.flatMap { Options.KeystoneLogin($0).keys }
    }

    private var unusedOptions: [OptionName] {
        let stores = backendNames + [options.stores.only.name]
        let reserved = ReservedStore.allCases.map(\.rawValue)
        return Options.unused + stores.flatMap { group in Options.ofStores.map { OptionName(group, $0) } }
            + reserved.flatMap { group in
                (Options.StoreGroup(group).keys.map(\.name) + Options.ofStores).map { OptionName(group, $0) }
            } + loginSections.flatMap { group in Options.ofLogins.map { OptionName(group, $0) } }
    }

    /// Names of all stores, also of those whose kind is not supported.
    private var backendNames: [String] {
        ((try? configuration(options.stores.enabledBackends)) ?? []).compactMap { $0.split(separator: ":").first.map { trimmed($0) } }
    }

    /// Groups that hold the login of other groups.
    private var loginSections: [String] {
        [options.authToken.access, options.osloLimit.access].compactMap { (try? configuration($0.authSection)).flatMap(\.self) }
    }
}
