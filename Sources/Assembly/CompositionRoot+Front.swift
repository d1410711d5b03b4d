internal import APICommon
internal import Domain
internal import HTTP
internal import Logging
internal import Options
internal import OsloConfig
internal import OsloLog
internal import Text

extension CompositionRoot {
    /// The work that is done for every request of the API.
    ///
    /// - Parameter probes: the parts that the service depends on.
    func makeFront(_ probes: [any HealthProbe]) throws -> API.Front {
        var front = API.Front(longestRequestID: try configuration(options.api.maxRequestIDLength))
        front.publicAddress = try makePublicAddress()
        front.cors = try makeCORS()
        front.healthcheck = try makeHealthcheck(probes)
        return front
    }

    func makeHealthcheck(_ probes: [any HealthProbe]) throws -> Healthcheck {
        let names = try configuration(options.health.backends)
        if names.contains("disable_by_file") && names.contains("enable_by_files") {
            throw ConfigurationError(place: "[healthcheck] backends", reason: "disable_by_file and enable_by_files exclude each other")
        }
        let backends = try names.compactMap { name throws -> Healthcheck.Backend? in
            switch name {
            case "disable_by_file": return try configuration(options.health.disableByFilePath).map { .disabledBy(path: $0) }
            case "disable_by_files_ports": return .disabledByPort(try portPaths(configuration(options.health.disableByFilePaths)))
            case "enable_by_files": return .enabledBy(paths: try configuration(options.health.enableByFilePaths))
            default: throw ConfigurationError(place: "[healthcheck] backends", reason: "'\(name)' is not known")
            }
        }
        let isDetailed = try configuration(options.health.detailed)
        return Healthcheck(
            backends: backends, checks: isDetailed ? HealthChecks(probes, logger: log.logger("glance.healthcheck")) : nil,
            warnings: { [nodeWatch] in nodeWatch.warnings })
    }

    private func portPaths(_ texts: [String]) throws -> [Int: String] {
        var paths: [Int: String] = [:]
        for text in texts {
            let parts = text.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let port = HostAndPort.port(parts[0]) else {
                throw ConfigurationError(
                    place: "[healthcheck] disable_by_file_paths",
                    reason: "'\(text)' is not of the form port:path, with a port from 1 to 65535")
            }
            paths[port] = String(parts[1])
        }
        return paths
    }

    private func makePublicAddress() throws -> PublicAddress {
        if let endpoint = try configuration(options.api.publicEndpoint) {
            do throws(HostAndPort.Refusal) {
                return .fixed(try BaseURL(address: endpoint))
            } catch {
                throw Self.noAddress(endpoint, at: "[DEFAULT] public_endpoint", error)
            }
        }
        return try configuration(options.api.enableProxyHeadersParsing) ? .asProxiesSay : .asReached
    }

    /// The rules of `[cors]` and of the groups `[cors.…]`, whose defaults are the values of `[cors]`.
    private func makeCORS() throws -> CORS? {
        let general = options.cors
        var common = Options.CORSGroup.Defaults.glance
        common.allowsCredentials = try configuration(general.allowCredentials)
        common.exposedHeaders = try configuration(general.exposeHeaders)
        common.maxAge = try configuration(general.maxAge)
        common.methods = try configuration(general.allowMethods)
        common.headers = try configuration(general.allowHeaders)

        var rules: [String: CORS.Rules] = [:]
        for group in [general] + corsGroups.map({ Options.CORSGroup($0, defaults: common) }) {
            let origins = try configuration(group.allowedOrigin)
            if origins.isEmpty && group.name != "cors" {
                log.logger("glance.config").warning("[\(group.name)] says no allowed_origin and has no effect")
            }
            for origin in origins {
                try check(origin, of: group)
                if rules[origin] == nil { rules[origin] = try makeRules(group) }
            }
        }
        return rules.isEmpty ? nil : CORS(rules)
    }

    private func makeRules(_ group: Options.CORSGroup) throws -> CORS.Rules {
        let names = try configuration(group.exposeHeaders) + configuration(group.allowHeaders) + configuration(group.allowMethods)
        for name in names where !name.utf8.allSatisfy(isToken) {
            throw ConfigurationError(place: "[\(group.name)]", reason: "'\(name)' is no name of a header or a method")
        }
        return CORS.Rules(
            allowsCredentials: try configuration(group.allowCredentials), exposedHeaders: try configuration(group.exposeHeaders),
            maxAge: try configuration(group.maxAge), methods: try configuration(group.allowMethods),
            headers: try configuration(group.allowHeaders))
    }

    /// Warns of an origin that no browser sends: browsers send it in one spelling only, so that another one lets nobody in.
    private func check(_ origin: String, of group: Options.CORSGroup) throws {
        guard origin.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw ConfigurationError(place: "[\(group.name)] allowed_origin", reason: "is no list of origins such as https://host:port")
        }
        let baseURL = try? BaseURL(address: origin)
        if origin != "*", origin != "null", baseURL?.address != origin || baseURL?.prefix != "" || origin.lowercased() != origin {
            log.logger("glance.config").warning(
                "[\(group.name)] allowed_origin: no browser sends '\(origin)'; write scheme://host:port, in small letters, without a path")
        }
    }

    /// Names of the groups `[cors.…]`.
    private var corsGroups: [String] { configuration.groups.filter { $0.hasPrefix("cors.") }.sorted() }

    /// The options of those groups.
    var corsKeys: [OptionKey] { corsGroups.flatMap { Options.CORSGroup($0, defaults: .glance).keys } }
}
