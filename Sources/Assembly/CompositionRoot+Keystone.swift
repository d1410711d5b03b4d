internal import Domain
internal import Glibc
internal import HTTPClient
internal import Identity
internal import Logging
internal import Options
internal import OsloConfig
internal import OsloLog

extension CompositionRoot {
    /// The process's one session with Keystone, with one token of its own: for callers, catalogs and, if `[oslo_limit]` names the same user,
    /// limits.
    var keystoneSession: KeystoneSession {
        get throws {
            try parts.keystoneSession { KeystoneSession(try makeOwnAccess(), logger: log.logger("glance.identity")) }
        }
    }

    private func makeOwnAccess() throws -> KeystoneAccess {
        var access = try makeKeystoneAccess(options.authToken.access)
        access.interface = try configuration(options.authToken.interface)
        access.patience = Double(try configuration(options.authToken.patience))
        access.retries = try configuration(options.authToken.retries)
        return access
    }

    func makeKeystoneTokens() throws -> KeystoneTokens {
        let session = try keystoneSession
        let logger = log.logger("glance.identity")
        let uri = try configuration(options.authToken.authenticateURI)
        if let uri {
            warnUnlessURL(uri, at: "[keystone_authtoken] www_authenticate_uri")
        } else {
            logger.warning(
                "[keystone_authtoken] www_authenticate_uri is not set; clients are told of auth_url, which may be closed to them")
        }
        var rules = KeystoneTokens.Rules(authenticateURI: uri ?? session.access.address)
        rules.cacheTime = try configuration(options.authToken.cacheTime)
        rules.serviceRoles = Set(try configuration(options.authToken.serviceTokenRoles))
        rules.areServiceRolesRequired = try configuration(options.authToken.serviceTokenRolesRequired)
        rules.serviceType = try configuration(options.authToken.serviceType)
        if !rules.areServiceRolesRequired {
            logger.warning("[keystone_authtoken] service_token_roles_required is off: any valid token counts as a service's")
        }
        return KeystoneTokens(
            session, rules: rules, policy: policies, bulkhead: try bulkhead("keystone"), logger: logger)
    }

    /// The source of limits that Keystone keeps. Keystone is not asked before they are needed.
    func makeKeystoneLimits() throws -> KeystoneLimits {
        let logger = log.logger("glance.limits")
        let (type, name) = (try configuration(options.osloLimit.serviceType), try configuration(options.osloLimit.serviceName))
        let endpoint: KeystoneLimits.Endpoint
        if let id = try configuration(options.osloLimit.endpointID) {
            endpoint = .id(id)
        } else if type != nil || name != nil {
            endpoint = .lookup(
                serviceType: type, serviceName: name, region: try configuration(options.osloLimit.region),
                interface: try configuration(options.osloLimit.interface).name)
        } else {
            throw ConfigurationError(place: "[oslo_limit] endpoint_id", reason: "is not set, nor is endpoint_service_type")
        }
        return KeystoneLimits(
            try makeLimitsSession(), endpoint: endpoint, bulkhead: try bulkhead("keystone limits"), logger: logger)
    }

    /// The session for limits: that of the process if `[oslo_limit]` has the login of `[keystone_authtoken]`, otherwise another one.
    private func makeLimitsSession() throws -> KeystoneSession {
        var access = try makeKeystoneAccess(options.osloLimit.access)
        if let interface = try configuration(options.osloLimit.keystoneInterfaces).first { access.interface = interface }
        if try identity == .keystone {
            let session = try keystoneSession
            if session.access == access { return session }
        }
        return KeystoneSession(access, logger: log.logger("glance.limits"))
    }

    /// The login and connection that a group describes.
    ///
    /// - Throws: for options that are missing or contradict each other, and for files that cannot be read.
    func makeKeystoneAccess(_ group: Options.KeystoneGroup) throws -> KeystoneAccess {
        // The options of the connection stay in the group itself. Source: keystonemiddleware, `_create_auth_plugin`.
        let login = try configuration(group.authSection).map { Options.KeystoneLogin($0) } ?? group.login
        guard let address = try configuration(login.authURL) else { throw login.missing("auth_url") }
        try Self.checkURL(address, at: "[\(login.name)] auth_url")
        let (proof, scope) = try makeProof(login)
        var access = KeystoneAccess(address: address, proof: proof, scope: scope)
        access.region = try configuration(group.regionName)
        access.trust.isBlind = try configuration(group.insecure)
        access.trust.certificateAuthority = try file(group.caFile)
        access.trust.certificate = try file(group.certFile)
        access.trust.key = try file(group.keyFile)
        if access.trust.isBlind { log.logger("glance.identity").warning("[\(group.name)] insecure is on: Keystone need not prove itself") }
        return access
    }

    private func makeProof(_ group: Options.KeystoneLogin) throws -> (KeystoneAccess.Proof, KeystoneAccess.Scope) {
        if try configuration(group.authType) == .v3applicationcredential {
            guard let secret = try configuration(group.credentialSecret) else { throw group.missing("application_credential_secret") }
            if let id = try configuration(group.credentialID) { return (.applicationCredential(id: id, secret: secret), .ofCredential) }
            guard let name = try configuration(group.credentialName) else { throw group.missing("application_credential_id") }
            return (.applicationCredentialNamed(name, of: try user(group), secret: secret), .ofCredential)
        }
        guard let password = try configuration(group.password) else { throw group.missing("password") }
        return (.password(password, of: try user(group)), try scope(group))
    }

    private func user(_ group: Options.KeystoneLogin) throws -> KeystoneAccess.Named {
        if let id = try configuration(group.userID) { return .id(id) }
        guard let name = try configuration(group.username) else { throw group.missing("username") }
        guard let domain = try domain(group.userDomainID, group.userDomainName) ?? domain(group.defaultDomainID, group.defaultDomainName)
        else { throw group.missing("user_domain_name") }
        return .name(name, domain: domain)
    }

    private func scope(_ group: Options.KeystoneLogin) throws -> KeystoneAccess.Scope {
        if let system = try configuration(group.systemScope) {
            guard system == "all" else { throw ConfigurationError(place: "[\(group.name)] system_scope", reason: "can only be 'all'") }
            return .system
        }
        if let domain = try domain(group.domainID, group.domainName) { return .domain(domain) }
        if let id = try configuration(group.projectID) { return .project(.id(id)) }
        guard let name = try configuration(group.projectName) else { throw group.missing("project_name") }
        guard
            let domain = try domain(group.projectDomainID, group.projectDomainName)
                ?? domain(group.defaultDomainID, group.defaultDomainName)
        else { throw group.missing("project_domain_name") }
        return .project(.name(name, domain: domain))
    }

    private func domain(_ id: Option<String?>, _ name: Option<String?>) throws -> KeystoneAccess.Domain? {
        if let id = try configuration(id) { return .id(id) }
        return try configuration(name).map { .name($0) }
    }

    private func file(_ option: Option<String?>) throws -> String? {
        guard let path = try configuration(option) else { return nil }
        guard access(path, R_OK) == 0 else {
            throw ConfigurationError(
                place: "[\(option.group)] \(option.name)", reason: "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        return path
    }
}

extension Options.KeystoneLogin {
    fileprivate func missing(_ option: String) -> ConfigurationError {
        ConfigurationError(place: "[\(name)] \(option)", reason: "is not set")
    }
}
