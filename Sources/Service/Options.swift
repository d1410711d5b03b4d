internal import Identity
package import OsloConfig

/// The options that have an effect. Names and meaning are Glance's; those of the group `vitrine` are ours.
package enum Options {
    // MARK: DEFAULT
    static let publicEndpoint = Option<String?>.optionalText("DEFAULT", "public_endpoint")
    /// Whether links follow what proxies say in `Forwarded` and `X-Forwarded-…`.
    static let enableProxyHeadersParsing = Option<Bool>.flag("oslo_middleware", "enable_proxy_headers_parsing", default: false)
    static let maxRequestIDLength = Option<Int>.int("DEFAULT", "max_request_id_length", default: 64, in: 1...1024)
    static let hashingAlgorithm = Option<String>.text("DEFAULT", "hashing_algorithm", default: "sha512")
    static let limitParamDefault = Option<Int>.int("DEFAULT", "limit_param_default", default: 25, in: 1...Int.max)
    static let apiLimitMax = Option<Int>.int("DEFAULT", "api_limit_max", default: 1000, in: 1...Int.max)
    static let imageSizeCap = Option<Int>.int("DEFAULT", "image_size_cap", default: 1 << 40, in: 1...Int.max)
    static let imagePropertyQuota = Option<Int>.int("DEFAULT", "image_property_quota", default: 128)
    static let imageTagQuota = Option<Int>.int("DEFAULT", "image_tag_quota", default: 128)
    static let imageLocationQuota = Option<Int>.int("DEFAULT", "image_location_quota", default: 10)
    static let imageMemberQuota = Option<Int>.int("DEFAULT", "image_member_quota", default: 128)
    /// Bytes that each project may have in stores; 0 is any number.
    static let userStorageQuota = Option<Int64>.bytes("DEFAULT", "user_storage_quota", default: 0)
    /// Projects have the limits that Keystone keeps for them, and not the quota above.
    static let useKeystoneLimits = Option<Bool>.flag("DEFAULT", "use_keystone_limits", default: false)
    /// By which the URLs of locations are encrypted in the database, as Glance does it: 16, 24 or 32 bytes.
    static let metadataEncryptionKey = Option<String?>.optionalText("DEFAULT", "metadata_encryption_key")
    static let showImageDirectURL = Option<Bool>.flag("DEFAULT", "show_image_direct_url", default: false)
    static let showMultipleLocations = Option<Bool>.flag("DEFAULT", "show_multiple_locations", default: false)
    /// Where files of metadata definitions are loaded from, and exported to.
    package static let metadataSourcePath = Option<String>.text("DEFAULT", "metadata_source_path", default: "/etc/glance/metadefs/")
    /// Whether the data of deleted images are kept for a while, so that the images can be restored.
    static let delayedDelete = Option<Bool>.flag("DEFAULT", "delayed_delete", default: false)
    /// Seconds from an image's deletion until its data may go.
    static let scrubTime = Option<Int>.int("DEFAULT", "scrub_time", default: 0, in: 0...Int(Int32.max))
    /// Seconds between two looks for such data.
    package static let wakeupTime = Option<Int>.int("DEFAULT", "wakeup_time", default: 300, in: 1...Int(Int32.max))
    /// Seconds that running requests are given when the service ends; 0 is without a limit.
    static let gracefulShutdownTimeout = Option<Int>.int("DEFAULT", "graceful_shutdown_timeout", default: 60, in: 0...86400)
    /// Processes; read by whoever starts them.
    package static let workers = Option<Int>.int("DEFAULT", "workers", default: 0, in: 0...1024)

    // MARK: database
    package static let connection = Option<String?>.optionalText("database", "connection").formerly("sql_connection")
        .formerly("sql_connection", in: "DEFAULT").formerly("connection", in: "sql")
    /// Connections that a process keeps; 0 is one for each thread.
    static let maxPoolSize = Option<Int>.int("database", "max_pool_size", default: 0, in: 0...10000)
        .formerly("sql_max_pool_size").formerly("sql_max_pool_size", in: "DEFAULT")
    static let maxOverflow = Option<Int>.int("database", "max_overflow", default: 50, in: 0...10000)
        .formerly("sqlalchemy_max_overflow").formerly("sql_max_overflow", in: "DEFAULT")
    /// Seconds that a request waits for a connection.
    static let poolTimeout = Option<Int>.int("database", "pool_timeout", default: 30, in: 0...3600)
        .formerly("sqlalchemy_pool_timeout")

    // MARK: healthcheck
    /// Glance has this and the path in its `glance-api-paste.ini`.
    static let healthBackends = Option<[String]>.list("healthcheck", "backends", default: ["disable_by_file"])
    static let disableByFilePath = Option<String?>.optionalText(
        "healthcheck", "disable_by_file_path", default: "/etc/glance/healthcheck_disable")
    /// `port:path` each.
    static let disableByFilePaths = Option<[String]>.list("healthcheck", "disable_by_file_paths", default: [])
    static let enableByFilePaths = Option<[String]>.list("healthcheck", "enable_by_file_paths", default: [])
    /// Whether those who ask for it are told how the database, the stores and the like are.
    static let detailedHealth = Option<Bool>.flag("healthcheck", "detailed", default: false)

    // MARK: who may come in
    /// The deployment flavour: whether Keystone is wanted, where `identity` says nothing, and whether the cache is. See `Flavor`.
    static let flavor = Option<String?>.optionalText("paste_deploy", "flavor")

    enum IdentityKind: String, CaseIterable, Sendable {
        /// Everybody is nobody: the default, so that what an operator forgot opens nothing.
        case anonymous
        /// Everybody is an administrator.
        case none
        case tokens, keystone
    }
    static let identity = Option<IdentityKind>.choice("vitrine", "identity", default: .anonymous)
    /// Whether clients of other hosts are administrators too, where identity is none.
    static let identityNoneBeyondLoopback = Option<Bool>.flag("vitrine", "identity_none_beyond_loopback", default: false)
    static let tokenFile = Option<String?>.optionalText("vitrine", "token_file")
    /// The project of everybody, where identity is none.
    static let project = Option<String>.text("vitrine", "project", default: "admin")

    // MARK: policy
    static let policyFile = Option<String>.text("oslo_policy", "policy_file", default: "policy.yaml").formerly("policy_file", in: "DEFAULT")
    static let policyFolders = Option<[String]>.many("oslo_policy", "policy_dirs").formerly("policy_dirs", in: "DEFAULT")
    static let enforceNewDefaults = Option<Bool>.flag("oslo_policy", "enforce_new_defaults", default: true)
    static let policyDefaultRule = Option<String>.text("oslo_policy", "policy_default_rule", default: "default").formerly(
        "policy_default_rule", in: "DEFAULT")
    static let remotePolicyContentType = Option<PolicyServers.Settings.ContentType>.choice(
        "oslo_policy", "remote_content_type", default: .form)
    static let remotePolicyVerifies = Option<Bool>.flag("oslo_policy", "remote_ssl_verify_server_crt", default: false)
    static let remotePolicyAuthority = Option<String?>.optionalText("oslo_policy", "remote_ssl_ca_crt_file")
    static let remotePolicyCertificate = Option<String?>.optionalText("oslo_policy", "remote_ssl_client_crt_file")
    static let remotePolicyKey = Option<String?>.optionalText("oslo_policy", "remote_ssl_client_key_file")
    /// Seconds, with a fraction if need be.
    static let remotePolicyTimeout = Option<String>.text("oslo_policy", "remote_timeout", default: "60")
    static let policy: [OptionKey] = [
        policyFile.key, policyFolders.key, enforceNewDefaults.key, policyDefaultRule.key, remotePolicyContentType.key,
        remotePolicyVerifies.key, remotePolicyAuthority.key, remotePolicyCertificate.key, remotePolicyKey.key, remotePolicyTimeout.key,
    ]

    // MARK: custom properties
    static let propertyProtectionFile = Option<String?>.optionalText("DEFAULT", "property_protection_file")
    static let propertyProtectionFormat = Option<PropertyProtectionFile.Format>.choice(
        "DEFAULT", "property_protection_rule_format", default: .roles)

    // MARK: V1
    package static let enableV1API = Option<Bool>.flag("DEFAULT", "enable_v1_api", default: true)
    static let enableV2API = Option<Bool>.flag("DEFAULT", "enable_v2_api", default: true)
    static let enableV1Registry = Option<Bool>.flag("DEFAULT", "enable_v1_registry", default: true)
    package static let registryHost = Option<String>.text("DEFAULT", "registry_host", default: "127.0.0.1")
    package static let registryPort = Option<Int>.int("DEFAULT", "registry_port", default: 9191, in: 1...65535)
    static let registryProtocol = Option<String>.text("DEFAULT", "registry_client_protocol", default: "http")
    static let registryCA = Option<String?>.optionalText("DEFAULT", "registry_client_ca_file")
    /// Seconds that the registry's answer may take. Glance's own default, ten minutes, holds a client for as long.
    static let registryTimeout = Option<Int>.int("DEFAULT", "registry_client_timeout", default: 30, in: 1...3600)
    /// By which the registry knows glance-api. Without it there is no V1.
    package static let registrySecret = Option<String?>.optionalText("vitrine", "registry_secret")

    // MARK: how it runs
    static let registryThreads = Option<Int>.int("vitrine", "registry_threads", default: 32, in: 1...1024)
    /// Images that `glance-tasks` fetches at once.
    static let copyThreads = Option<Int>.int("vitrine", "copy_threads", default: 4, in: 1...64)
    static let metadataThreads = Option<Int>.int("vitrine", "metadata_threads", default: 16, in: 1...1024)
    static let dataThreads = Option<Int>.int("vitrine", "data_threads", default: 16, in: 1...1024)
    /// Uploads that a project has under way at once in a process, over both APIs; 0 is any number. Where it is not set, three quarters
    /// of `data_threads`.
    static let uploadsPerProject = Option<Int>.int("vitrine", "uploads_per_project", default: 0, in: 0...Int.max)
    /// Downloads that a process sends itself at once, of which a project has three quarters at most.
    static let downloadThreads = Option<Int>.int("vitrine", "download_threads", default: 32, in: 1...1024)
    /// Bytes a second that an upload must bring on the average of each minute; 0 is any.
    static let uploadRate = Option<Int>.int("vitrine", "upload_rate", default: 1024, in: 0...Int.max)
    /// Whether the data at a location that a change names are read and compared with the digests that it names.
    static let verifyLocations = Option<Bool>.flag("vitrine", "verify_locations", default: true)
    /// Where nginx finds the stores' folders; empty where the service is to send images itself.
    static let internalPrefix = Option<String?>.optionalText("vitrine", "internal_prefix", default: "/_blobs")

    package static let all: [OptionKey] =
        [
            metadataEncryptionKey.key, publicEndpoint.key, maxRequestIDLength.key,
            hashingAlgorithm.key,
            limitParamDefault.key, apiLimitMax.key, imageSizeCap.key, imagePropertyQuota.key, imageTagQuota.key,
            imageLocationQuota.key, imageMemberQuota.key, userStorageQuota.key, useKeystoneLimits.key, metadataSourcePath.key,
            showImageDirectURL.key,
            showMultipleLocations.key,
            delayedDelete.key, scrubTime.key, wakeupTime.key, gracefulShutdownTimeout.key,
            workers.key, connection.key, maxPoolSize.key, maxOverflow.key, poolTimeout.key, flavor.key, identity.key,
            identityNoneBeyondLoopback.key,
            tokenFile.key, project.key, propertyProtectionFile.key,
            propertyProtectionFormat.key, enableV1API.key, enableV2API.key,
            enableV1Registry.key, registryHost.key, registryPort.key,
            registryProtocol.key, registryCA.key, registryTimeout.key, registrySecret.key, registryThreads.key, copyThreads.key,
            metadataThreads.key,
            dataThreads.key, uploadsPerProject.key, downloadThreads.key, uploadRate.key, verifyLocations.key, internalPrefix.key,
            enableProxyHeadersParsing.key,
            healthBackends.key, disableByFilePath.key, disableByFilePaths.key, enableByFilePaths.key, detailedHealth.key,
        ] + policy + CORSGroup("cors", defaults: .glance).keys + AuthToken.all + OsloLimit.all + notifications + storage + imports + cache
        + signatures + logging
}
