internal import Domain
internal import Logging
package import OsloConfig
internal import Text

// Which options there are in a configuration, and what is said of the others.

extension CompositionRoot {
    /// Says in the log what is set and means nothing, or has an old name.
    package func logComplaints() {
        let logger = log.logger("glance.config")
        for complaint in complaints + storeComplaints { logger.warning("\(complaint)") }
        // What cannot be made of it is refused where it is needed.
        try? logProxies()
    }

    package var complaints: [String] { configuration.complaints(known: options, unused: unusedOptions) }
    package var unknownOptions: [String] { configuration.unknownOptions(known: options, unused: unusedOptions) }

    /// All that have an effect, in groups that this configuration names too.
    package var options: [OptionKey] {
        Options.all + corsKeys + backendNames.flatMap { Options.StoreGroup($0).keys }
            + ReservedStore.allCases.map { Options.StoreGroup($0.rawValue).folder.key }
            + loginSections.flatMap { Options.KeystoneGroup($0).login }
    }

    private var unusedOptions: [OptionName] {
        let stores = backendNames + [Options.onlyStore.name]
        let reserved = ReservedStore.allCases.map(\.rawValue)
        return Options.unused + stores.flatMap { group in Options.ofStores.map { OptionName(group, $0) } }
            + reserved.flatMap { group in
                (Options.StoreGroup(group).keys.map(\.name) + Options.ofStores).map { OptionName(group, $0) }
            } + loginSections.flatMap { group in Options.ofLogins.map { OptionName(group, $0) } }
    }

    /// Also of stores that are of no kind that is here.
    private var backendNames: [String] {
        ((try? configuration(Options.enabledBackends)) ?? []).compactMap { $0.split(separator: ":").first.map { trimmed($0) } }
    }

    /// Groups that hold a login for others.
    private var loginSections: [String] {
        [Options.AuthToken.access, Options.OsloLimit.access].compactMap { (try? configuration($0.authSection)).flatMap(\.self) }
    }
}
