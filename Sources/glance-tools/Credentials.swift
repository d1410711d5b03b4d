internal import Domain
internal import HTTPClient
internal import Identity
internal import Logging

/// The operator's credentials for a service: a token, or a login at Keystone that renews tokens.
enum Credentials {
    case none
    case token(String)
    case session(KeystoneSession)

    /// - Parameter refused: a token that the service has refused.
    func token(besides refused: String?) throws(Fault) -> String? {
        switch self {
        case .none: nil
        case .token(let token): token
        case .session(let session): try session.token(besides: refused)
        }
    }

    /// The parameters of a login: a program's options, or else the variables of OpenStack's clients. Source: python-openstackclient,
    /// "Authentication"; os-client-config.
    struct Login {
        var authURL = variable("OS_AUTH_URL")
        var username = variable("OS_USERNAME", "OS_AUTH_USER")
        var password = variable("OS_PASSWORD", "OS_AUTH_KEY")
        var projectName = variable("OS_PROJECT_NAME", "OS_TENANT_NAME", "OS_AUTH_PROJECT")
        var projectID = variable("OS_PROJECT_ID", "OS_TENANT_ID")
        var userDomainID = variable("OS_USER_DOMAIN_ID")
        var projectDomainID = variable("OS_PROJECT_DOMAIN_ID")
        var domainID = variable("OS_DOMAIN_ID")
        var region = variable("OS_REGION_NAME")
        var trust = TLSSettings(certificateAuthority: variable("OS_CACERT"))

        /// - Returns: nil if no Keystone is named.
        func credentials() throws(UsageError) -> Credentials? {
            guard let authURL else { return nil }
            var access = KeystoneAccess(address: authURL, proof: try proof(), scope: try scope())
            (access.interface, access.region, access.trust) = (variable("OS_INTERFACE") ?? "public", region, trust)
            // The operator sees only errors of the login, not its log.
            let logger = Logger(label: "login") { _ in SwiftLogNoOpLogHandler() }
            return .session(KeystoneSession(access, logger: logger))
        }

        private var isByCredential: Bool {
            variable("OS_APPLICATION_CREDENTIAL_SECRET") != nil && (username == nil || password == nil)
        }

        private func proof() throws(UsageError) -> KeystoneAccess.Proof {
            if isByCredential, let secret = variable("OS_APPLICATION_CREDENTIAL_SECRET") {
                if let id = variable("OS_APPLICATION_CREDENTIAL_ID") { return .applicationCredential(id: id, secret: secret) }
                let name = try required(variable("OS_APPLICATION_CREDENTIAL_NAME"), "OS_APPLICATION_CREDENTIAL_ID")
                return .applicationCredentialNamed(name, of: try user(), secret: secret)
            }
            return .password(try required(password, "OS_PASSWORD"), of: try user())
        }

        private func user() throws(UsageError) -> KeystoneAccess.Named {
            if username == nil, let id = variable("OS_USER_ID") { return .id(id) }
            return .name(try required(username, "OS_USERNAME"), domain: domain(userDomainID, variable("OS_USER_DOMAIN_NAME")))
        }

        private func scope() throws(UsageError) -> KeystoneAccess.Scope {
            if isByCredential { return .ofCredential }
            if let projectID { return .project(.id(projectID)) }
            if let projectName {
                return .project(.name(projectName, domain: domain(projectDomainID, variable("OS_PROJECT_DOMAIN_NAME"))))
            }
            if variable("OS_SYSTEM_SCOPE") == "all" { return .system }
            throw UsageError("the login has no project: OS_PROJECT_NAME is not set")
        }

        /// The domain by id or name; `default` if neither is given, as in Glance's programs.
        private func domain(_ id: String?, _ name: String?) -> KeystoneAccess.Domain {
            if let id { return .id(id) }
            if let name { return .name(name) }
            return .id(domainID ?? "default")
        }

        private func required(_ value: String?, _ name: String) throws(UsageError) -> String {
            guard let value else { throw UsageError("the login at \(authURL ?? "Keystone") is not complete: \(name) is not set") }
            return value
        }
    }
}
