internal import Domain
internal import Logging
internal import Options
internal import OsloConfig
internal import OsloLog

// Which options there are in a configuration, and what is said of the others.

extension CompositionRoot {
    /// Says in the log what is set and means nothing, or has an old name.
    package func logComplaints() {
        let logger = log.logger("glance.config")
        for complaint in complaints + storeComplaints { logger.warning("\(complaint)") }
        // What cannot be made of it is refused where it is needed.
        try? logProxies()
    }

    package var complaints: [String] { configuration.complaints(known: knownOptions, unused: unusedOptions) }
    package var unknownOptions: [String] { configuration.unknownOptions(known: knownOptions, unused: unusedOptions) }

    /// All that have an effect, in groups that this configuration names too.
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

    /// Also of stores that are of no kind that is here.
    private var backendNames: [String] {
        ((try? configuration(options.stores.enabledBackends)) ?? []).compactMap { $0.split(separator: ":").first.map { trimmed($0) } }
    }

    /// Groups that hold a login for others.
    private var loginSections: [String] {
        [options.authToken.access, options.osloLimit.access].compactMap { (try? configuration($0.authSection)).flatMap(\.self) }
    }
}
