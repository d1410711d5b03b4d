internal import Logging
internal import Options
internal import OsloConfig
internal import OsloLog
internal import Text

// Addresses that the configuration names: what no server can have is refused at the start, if the program needs it itself.

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

    /// Warns of a URL that this program only passes on. Glance starts with any text there, and so do sites that come from it.
    func warnUnlessURL(_ url: String, at place: String) {
        do {
            try Self.checkURL(url, at: place)
        } catch {
            log.logger("glance.config").warning("\(error); whoever is told of it cannot use it")
        }
    }

    /// Reads an option that names a host.
    ///
    /// - Parameters:
    ///   - port: of another option; nil if this one may have a port.
    ///   - place: the option.
    static func host(_ text: String, port: Int? = nil, at place: String) throws(ConfigurationError) -> HostAndPort {
        do throws(HostAndPort.Refusal) {
            guard let port else { return try HostAndPort(text) }
            return try HostAndPort(host: text, port: port)
        } catch {
            throw ConfigurationError(place: place, reason: "\(shownAddress(text))is no host: \(error)")
        }
    }
}
