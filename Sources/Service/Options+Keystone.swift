internal import OsloConfig

extension Options {
    /// How a service comes into Keystone: the same names in each group that says so. Source: keystoneauth1, the plugins
    /// `password`, `v3password` and `v3applicationcredential`; Session.
    struct KeystoneGroup {
        let name: String
        let authURL: Option<String?>
        let authType: Option<AuthType>
        /// The group that has the options of the login, in place of this one.
        let authSection: Option<String?>
        let username, userID, password, userDomainName, userDomainID: Option<String?>
        let projectName, projectID, projectDomainName, projectDomainID: Option<String?>
        let domainName, domainID, systemScope: Option<String?>
        /// Of users and projects whose own is not named.
        let defaultDomainName, defaultDomainID: Option<String?>
        let credentialID, credentialName, credentialSecret: Option<String?>
        let caFile, certFile, keyFile, regionName: Option<String?>
        let insecure: Option<Bool>

        enum AuthType: String, CaseIterable, Sendable {
            case password, v3password, v3applicationcredential
        }

        init(_ name: String) {
            func text(_ option: String) -> Option<String?> { .optionalText(name, option) }
            self.name = name
            authURL = text("auth_url")
            authType = Option.choice(name, "auth_type", default: .password).formerly("auth_plugin")
            authSection = text("auth_section")
            (username, userID, password) = (text("username").formerly("user_name"), text("user_id"), text("password"))
            (userDomainName, userDomainID) = (text("user_domain_name"), text("user_domain_id"))
            (projectName, projectID) = (text("project_name").formerly("tenant_name"), text("project_id").formerly("tenant_id"))
            (projectDomainName, projectDomainID) = (text("project_domain_name"), text("project_domain_id"))
            (domainName, domainID, systemScope) = (text("domain_name"), text("domain_id"), text("system_scope"))
            (defaultDomainName, defaultDomainID) = (text("default_domain_name"), text("default_domain_id"))
            credentialID = text("application_credential_id")
            credentialName = text("application_credential_name")
            credentialSecret = text("application_credential_secret")
            (caFile, certFile, keyFile) = (text("cafile"), text("certfile"), text("keyfile"))
            regionName = text("region_name")
            insecure = .flag(name, "insecure", default: false)
        }

        /// Those that tell who comes in, and where.
        var login: [OptionKey] {
            let texts = [
                authURL, username, userID, password, userDomainName, userDomainID, projectName, projectID, projectDomainName,
                projectDomainID, domainName, domainID, systemScope, defaultDomainName, defaultDomainID, credentialID, credentialName,
                credentialSecret,
            ]
            return texts.map(\.key) + [authType.key]
        }

        var all: [OptionKey] {
            login + [authSection.key, caFile.key, certFile.key, keyFile.key, regionName.key, insecure.key]
        }
    }

    /// Which endpoint of a service is asked, as OpenStack's options have it.
    enum Interface: String, CaseIterable, Sendable {
        case `public`, publicURL, `internal`, internalURL, admin, adminURL

        /// As Keystone has it.
        var name: String { rawValue.hasSuffix("URL") ? String(rawValue.dropLast(3)) : rawValue }
    }

    /// The options of `[oslo_limit]`. Source: oslo.limit, `opts.py`.
    enum OsloLimit {
        static let access = KeystoneGroup("oslo_limit")
        static let endpointID = Option<String?>.optionalText("oslo_limit", "endpoint_id")
        static let serviceType = Option<String?>.optionalText("oslo_limit", "endpoint_service_type")
        static let serviceName = Option<String?>.optionalText("oslo_limit", "endpoint_service_name")
        static let region = Option<String?>.optionalText("oslo_limit", "endpoint_region_name")
        static let interface = Option<Interface>.choice("oslo_limit", "endpoint_interface", default: .public)
        /// Which endpoint of Keystone itself is asked.
        static let keystoneInterfaces = Option<[String]>.list("oslo_limit", "valid_interfaces", default: ["internal"])

        static let all: [OptionKey] =
            access.all + [endpointID.key, serviceType.key, serviceName.key, region.key, interface.key, keystoneInterfaces.key]
    }

    /// The options of `[keystone_authtoken]`. Source: keystonemiddleware, `auth_token/_opts.py`.
    enum AuthToken {
        static let access = KeystoneGroup("keystone_authtoken")
        /// Where clients get their tokens.
        static let authenticateURI = Option<String?>.optionalText("keystone_authtoken", "www_authenticate_uri")
            .formerly("auth_uri")
        static let interface = Option<String>.text("keystone_authtoken", "interface", default: "internal")
        /// Seconds that Keystone's answer may take. Without it Glance waits without end.
        static let patience = Option<Int>.int("keystone_authtoken", "http_connect_timeout", default: 10, in: 1...600)
        static let retries = Option<Int>.int("keystone_authtoken", "http_request_max_retries", default: 3, in: 0...100)
        /// Seconds; -1 keeps nothing.
        static let cacheTime = Option<Int>.int("keystone_authtoken", "token_cache_time", default: 300, in: -1...86_400)
        static let serviceTokenRoles = Option<[String]>.list("keystone_authtoken", "service_token_roles", default: ["service"])
        static let serviceTokenRolesRequired = Option<Bool>.flag(
            "keystone_authtoken", "service_token_roles_required", default: true)
        static let serviceType = Option<String?>.optionalText("keystone_authtoken", "service_type")

        static let all: [OptionKey] =
            access.all + [
                authenticateURI.key, interface.key, patience.key, retries.key, cacheTime.key, serviceTokenRoles.key,
                serviceTokenRolesRequired.key, serviceType.key,
            ]
    }
}
