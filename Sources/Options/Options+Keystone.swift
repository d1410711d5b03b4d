package import OsloConfig

extension Options {
    /// The options of a login to Keystone, which have the same names in every group. Source: keystoneauth1, the plugins `password`,
    /// `v3password` and `v3applicationcredential`.
    package struct KeystoneLogin: OptionDeclarations {
        package let name: String
        package let authURL: Option<String?>
        package let authType: Option<AuthType>
        package let username, userID, password, userDomainName, userDomainID: Option<String?>
        package let projectName, projectID, projectDomainName, projectDomainID: Option<String?>
        package let domainName, domainID, systemScope: Option<String?>
        /// The domain of users and projects whose own is not named.
        package let defaultDomainName, defaultDomainID: Option<String?>
        package let credentialID, credentialName, credentialSecret: Option<String?>

        package enum AuthType: String, CaseIterable, Sendable {
            case password, v3password, v3applicationcredential
        }

        package init(_ name: String) {
            func text(_ option: String, _ help: String) -> Option<String?> { .optionalText(name, option).help(help) }
            self.name = name
            authURL = text("auth_url", "Address of Keystone.")
            authType = Option.choice(name, "auth_type", default: .password).formerly("auth_plugin")
                .help("How the service logs in; password and v3password are the same.")
            username = text("username", "User that the service logs in as.").formerly("user_name")
            userID = text("user_id", "The same, by id.")
            password = text("password", "Password of that user.")
            userDomainName = text("user_domain_name", "Domain of that user.")
            userDomainID = text("user_domain_id", "The same, by id.")
            projectName = text("project_name", "Project that the service logs in to.").formerly("tenant_name")
            projectID = text("project_id", "The same, by id.").formerly("tenant_id")
            projectDomainName = text("project_domain_name", "Domain of that project.")
            projectDomainID = text("project_domain_id", "The same, by id.")
            domainName = text("domain_name", "Domain that the service logs in to, in place of a project.")
            domainID = text("domain_id", "The same, by id.")
            systemScope = text("system_scope", "With `all` the service logs in to the system, in place of a project.")
            defaultDomainName = text("default_domain_name", "Domain of a user or project whose own is not named.")
            defaultDomainID = text("default_domain_id", "The same, by id.")
            credentialID = text("application_credential_id", "Application credential, by id, for v3applicationcredential.")
            credentialName = text("application_credential_name", "The same, by name; username or user_id says whose.")
            credentialSecret = text("application_credential_secret", "Secret of the application credential.")
        }
    }

    /// The options of a group that says how Keystone is asked: the login and the connection. Source: keystoneauth1, `Session`.
    package struct KeystoneGroup: OptionDeclarations {
        package let name: String
        package let login: KeystoneLogin
        /// Another group that holds the options of the login.
        package let authSection: Option<String?>
        package let caFile, certFile, keyFile, regionName: Option<String?>
        package let insecure: Option<Bool>

        package init(_ name: String) {
            func text(_ option: String, _ help: String) -> Option<String?> { .optionalText(name, option).help(help) }
            self.name = name
            login = KeystoneLogin(name)
            authSection = text("auth_section", "Another group that holds the options of the login.")
            caFile = text("cafile", "File of the certificate authority of Keystone's certificate.")
            certFile = text("certfile", "File of the client certificate for Keystone.")
            keyFile = text("keyfile", "File of the key of that client certificate.")
            regionName = text("region_name", "Region of the endpoints that are looked up in the catalog.")
            insecure = .flag(name, "insecure", default: false).help("Whether Keystone's certificate is not verified.")
        }
    }

    /// Which endpoint of a service is asked, in the words of OpenStack's options.
    package enum Interface: String, CaseIterable, Sendable {
        case `public`, publicURL, `internal`, internalURL, admin, adminURL

        /// The word that Keystone has for it.
        package var name: String { rawValue.hasSuffix("URL") ? String(rawValue.dropLast(3)) : rawValue }
    }

    /// The options of `[oslo_limit]`. Source: oslo.limit, `opts.py`.
    package struct OsloLimit: OptionDeclarations {
        package let access = KeystoneGroup("oslo_limit")
        package let endpointID = Option<String?>.optionalText("oslo_limit", "endpoint_id")
            .help("Endpoint of this service in Keystone, by its id, whose registered limits count.")
        package let serviceType = Option<String?>.optionalText("oslo_limit", "endpoint_service_type")
            .help("Type of the service whose endpoint is looked up, where endpoint_id is not set.")
        package let serviceName = Option<String?>.optionalText("oslo_limit", "endpoint_service_name")
            .help("Name of the service whose endpoint is looked up, where endpoint_id is not set.")
        package let region = Option<String?>.optionalText("oslo_limit", "endpoint_region_name")
            .help("Region of the endpoint that is looked up.")
        package let interface = Option<Interface>.choice("oslo_limit", "endpoint_interface", default: .public)
            .help("Interface of the endpoint that is looked up.")
        package let keystoneInterfaces = Option<[String]>.list("oslo_limit", "valid_interfaces", default: ["internal"])
            .help("Interface of Keystone itself that is asked for limits; the first one counts.")
    }

    /// The options of `[keystone_authtoken]`. Source: keystonemiddleware, `auth_token/_opts.py`.
    package struct AuthToken: OptionDeclarations {
        package let access = KeystoneGroup("keystone_authtoken")
        package let authenticateURI = Option<String?>.optionalText("keystone_authtoken", "www_authenticate_uri")
            .formerly("auth_uri")
            .help("Address of Keystone that clients are told in WWW-Authenticate; without it, auth_url.")
        package let interface = Option<String>.text("keystone_authtoken", "interface", default: "internal")
            .help("Interface of Keystone that this service asks.")
        package let patience = Option<Int>.int("keystone_authtoken", "http_connect_timeout", default: 10, in: 1...600)
            .help("Seconds that Keystone has to answer. Glance waits without end.")
        package let retries = Option<Int>.int("keystone_authtoken", "http_request_max_retries", default: 3, in: 0...100)
            .help("Further tries of a question that Keystone did not answer.")
        package let cacheTime = Option<Int>.int("keystone_authtoken", "token_cache_time", default: 300, in: -1...86_400)
            .help("Seconds that Keystone's answer about a token counts; -1 keeps none.")
        package let serviceTokenRoles = Option<[String]>.list("keystone_authtoken", "service_token_roles", default: ["service"])
            .help("Roles of which a service token must have one.")
        package let serviceTokenRolesRequired = Option<Bool>.flag(
            "keystone_authtoken", "service_token_roles_required", default: true
        )
        .help("Whether a service token needs one of these roles; otherwise any valid token counts as a service's.")
        package let serviceType = Option<String?>.optionalText("keystone_authtoken", "service_type")
            .help("Type of this service in the access rules of application credentials; without it tokens with such rules are refused.")
    }
}
