internal import Domain
internal import Identity
internal import Logging
internal import Options
internal import OsloConfig
internal import OsloLog

// How callers are identified.

extension CompositionRoot {
    var flavor: Flavor {
        get throws { try Flavor(try configuration(options.callers.flavor)) }
    }

    var identity: Options.Callers.IdentityKind {
        get throws {
            let isFlavored = try flavor.hasKeystone && !configuration.isSet(options.callers.identity)
            return isFlavored ? .keystone : try configuration(options.callers.identity)
        }
    }

    /// The variables that OpenStack's clients need in their environment, as words for a shell.
    ///
    /// - Parameter address: the address of this service.
    package func clientEnvironment(at address: String) throws -> String {
        switch try identity {
        case .none, .anonymous: "OS_AUTH_TYPE=none OS_ENDPOINT=\(address)"
        case .tokens: "OS_AUTH_TYPE=admin_token OS_ENDPOINT=\(address) OS_TOKEN=…"
        case .keystone:
            """
            OS_AUTH_TYPE=v3password OS_AUTH_URL=\(try configuration(options.authToken.access.login.authURL) ?? "…") \
            OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default OS_PROJECT_NAME=… OS_USERNAME=… OS_PASSWORD=… \
            OS_IMAGE_ENDPOINT_OVERRIDE=\(address)
            """
        }
    }

    func makeAuthenticator() throws -> any Authenticator {
        let logger = log.logger("glance.identity")
        switch try identity {
        case .keystone: return try makeKeystoneTokens()
        case .none:
            let isForAnyHost = try configuration(options.callers.identityNoneBeyondLoopback)
            logger.warning(
                "[vitrine] identity = none: every client \(isForAnyHost ? "" : "of this host ")that reaches the service is an administrator"
            )
            return NoIdentity(project: try configuration(options.callers.project), isForAnyHost: isForAnyHost)
        case .anonymous:
            logger.critical(
                """
                NOBODY CAN LOG IN: neither [paste_deploy] flavor = keystone nor [vitrine] identity is set, so every caller is anonymous \
                and refused (403) but for what the policy lets somebody do who has no role
                """)
            return AnonymousIdentity()
        case .tokens:
            guard let path = try configuration(options.callers.tokenFile) else {
                throw ConfigurationError(place: "[vitrine] token_file", reason: "is not set")
            }
            return try TokenFile(path: path, policy: policies, logger: logger)
        }
    }
}
