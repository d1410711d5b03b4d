internal import Options
internal import OsloConfig
internal import Text

// Addresses that the configuration names: what no server can have is refused at the start.

extension CompositionRoot {
    /// Checks the URL of a service.
    ///
    /// - Parameter place: the option.
    /// - Throws: for a text that is no URL of a server.
    static func checkURL(_ url: String, at place: String) throws {
        do throws(HostAndPort.Refusal) {
            _ = try ServerURL(url)
        } catch {
            throw noAddress(url, at: place, error)
        }
    }

    /// The error of an option that holds no address.
    static func noAddress(_ text: String, at place: String, _ reason: HostAndPort.Refusal) -> ConfigurationError {
        ConfigurationError(place: place, reason: "\(shownAddress(text))is no address of the form https://host:port/path: \(reason)")
    }

    /// The address at which other nodes reach this one; nil if none is set.
    var selfReference: String? {
        get throws {
            guard let url = try configuration(options.imports.selfReference) else { return nil }
            try Self.checkURL(url, at: "[DEFAULT] worker_self_reference_url")
            return url
        }
    }
}
