package import Identity
package import OsloConfig

/// The options that have an effect. Names and meaning are Glance's; those of the group `vitrine` are ours.
package enum Options {
    // MARK: DEFAULT
    package static let publicEndpoint = Option<String?>.optionalText("DEFAULT", "public_endpoint")
        .help("Base URL of every link that the API sends, such as https://image.example; without it links lead where the client came.")
    package static let enableProxyHeadersParsing = Option<Bool>.flag("oslo_middleware", "enable_proxy_headers_parsing", default: false)
        .help("Whether links follow Forwarded and X-Forwarded-Proto, -Host and -Prefix; only behind a proxy that sets them itself.")
    package static let maxRequestIDLength = Option<Int>.int("DEFAULT", "max_request_id_length", default: 64, in: 1...1024)
        .help("Characters of X-Openstack-Request-Id that are kept of what a client sends.")
    package static let hashingAlgorithm = Option<String>.text("DEFAULT", "hashing_algorithm", default: "sha512")
        .help("Algorithm of os_hash_value, beside the MD5 checksum: any that Python's hashlib has.")
    package static let limitParamDefault = Option<Int>.int("DEFAULT", "limit_param_default", default: 25, in: 1...Int.max)
        .help("Items on a page of a list where the request names no limit.")
    package static let apiLimitMax = Option<Int>.int("DEFAULT", "api_limit_max", default: 1000, in: 1...Int.max)
        .help("Most items on a page of a list, whatever the request asks for.")
    package static let imageSizeCap = Option<Int>.int("DEFAULT", "image_size_cap", default: 1 << 40, in: 1...Int.max)
        .help("Most bytes of one image; more are refused with 413.")
    package static let imagePropertyQuota = Option<Int>.int("DEFAULT", "image_property_quota", default: 128)
        .help("Most custom properties of an image; a negative number is no limit.")
    package static let imageTagQuota = Option<Int>.int("DEFAULT", "image_tag_quota", default: 128)
        .help("Most tags of an image; a negative number is no limit.")
    package static let imageLocationQuota = Option<Int>.int("DEFAULT", "image_location_quota", default: 10)
        .help("Most locations of an image; a negative number is no limit.")
    package static let imageMemberQuota = Option<Int>.int("DEFAULT", "image_member_quota", default: 128)
        .help("Most members of an image; a negative number is no limit.")
    package static let userStorageQuota = Option<Int64>.bytes("DEFAULT", "user_storage_quota", default: 0)
        .help("Bytes that the images of one project may take in all stores together; 0 is no limit.")
    package static let useKeystoneLimits = Option<Bool>.flag("DEFAULT", "use_keystone_limits", default: false)
        .help("Whether projects have the registered limits of Keystone ([oslo_limit]) in place of user_storage_quota.")
    package static let metadataEncryptionKey = Option<String?>.optionalText("DEFAULT", "metadata_encryption_key")
        .help("Key of 16, 24 or 32 bytes that encrypts the URLs of locations in the database, as Glance does it.")
    package static let showImageDirectURL = Option<Bool>.flag("DEFAULT", "show_image_direct_url", default: false)
        .help("Whether an image shows, as direct_url, where its data lie, to everybody who sees the image.")
    package static let showMultipleLocations = Option<Bool>.flag("DEFAULT", "show_multiple_locations", default: false)
        .help("Whether an image shows its locations to everybody who sees it, and PATCH may change them.")
    package static let metadataSourcePath = Option<String>.text("DEFAULT", "metadata_source_path", default: "/etc/glance/metadefs/")
        .help("Folder that `glance-manage db load_metadefs` reads and `export_metadefs` writes.")
    package static let delayedDelete = Option<Bool>.flag("DEFAULT", "delayed_delete", default: false)
        .help("Whether a deleted image keeps its data for scrub_time seconds and can be restored until then.")
    package static let scrubTime = Option<Int>.int("DEFAULT", "scrub_time", default: 0, in: 0...Int(Int32.max))
        .help("Seconds from the deletion of an image until its data are removed, where delayed_delete is set.")
    package static let wakeupTime = Option<Int>.int("DEFAULT", "wakeup_time", default: 300, in: 1...Int(Int32.max))
        .help("Seconds between two searches of glance-tasks for data whose scrub_time is over.")
    package static let gracefulShutdownTimeout = Option<Int>.int("DEFAULT", "graceful_shutdown_timeout", default: 60, in: 0...86400)
        .help("Seconds that running requests and jobs have at the end of a program; 0 is no limit. Keep it below systemd's TimeoutStopSec.")
    package static let workers = Option<Int>.int("DEFAULT", "workers", default: 0, in: 0...1024)
        .help("Worker processes that `glance-manage run` starts, 0 for one each core; under systemd the number of units counts.")
        .ofOlderGlance()

    // MARK: database
    package static let connection = Option<String?>.optionalText("database", "connection").formerly("sql_connection")
        .formerly("sql_connection", in: "DEFAULT").formerly("connection", in: "sql")
        .help("Database, as a URL of SQLAlchemy: mysql+pymysql://user:password@host/name?ssl_ca=file.")
    package static let maxPoolSize = Option<Int>.int("database", "max_pool_size", default: 0, in: 0...10000)
        .formerly("sql_max_pool_size").formerly("sql_max_pool_size", in: "DEFAULT")
        .help("Database connections that a process keeps open; 0 is one for each of its threads.")
    package static let maxOverflow = Option<Int>.int("database", "max_overflow", default: 50, in: 0...10000)
        .formerly("sqlalchemy_max_overflow").formerly("sql_max_overflow", in: "DEFAULT")
        .help("Database connections that a process opens for a moment beyond max_pool_size.")
    package static let poolTimeout = Option<Int>.int("database", "pool_timeout", default: 30, in: 0...3600)
        .formerly("sqlalchemy_pool_timeout")
        .help("Seconds that a thread waits for a database connection before its request is answered with 503.")

    // MARK: healthcheck
    package static let healthBackends = Option<[String]>.list("healthcheck", "backends", default: ["disable_by_file"])
        .help(
            """
            What /healthcheck looks at: disable_by_file, disable_by_files_ports or enable_by_files; the first and last exclude each other.
            """)
    package static let disableByFilePath = Option<String?>.optionalText(
        "healthcheck", "disable_by_file_path", default: "/etc/glance/healthcheck_disable"
    )
    .help("While this file exists, /healthcheck answers 503 DISABLED BY FILE.")
    package static let disableByFilePaths = Option<[String]>.list("healthcheck", "disable_by_file_paths", default: [])
        .help("The same by port of nginx, port:path each, for the backend disable_by_files_ports.")
    package static let enableByFilePaths = Option<[String]>.list("healthcheck", "enable_by_file_paths", default: [])
        .help("Files that must all exist for /healthcheck to answer 200, for the backend enable_by_files.")
    package static let detailedHealth = Option<Bool>.flag("healthcheck", "detailed", default: false)
        .help("Whether /healthcheck?detail, or Accept: application/json, tells how database, stores, registry and Keystone are.")

    // MARK: who may come in
    package static let flavor = Option<String?>.optionalText("paste_deploy", "flavor")
        .help(
            """
            Pipeline of Glance: keystone has callers known by Keystone's tokens; caching and cachemanagement add the image cache. An \
            unknown name stops the start.
            """)

    package enum IdentityKind: String, CaseIterable, Sendable {
        /// Everybody is nobody: the default, so that what an operator forgot opens nothing.
        case anonymous
        /// Everybody is an administrator.
        case none
        case tokens, keystone
    }
    package static let identity = Option<IdentityKind>.choice("vitrine", "identity", default: .anonymous)
        .help(
            """
            Who callers are: anonymous (nobody), none (everybody is an administrator), tokens (token_file) or keystone. A flavor with \
            keystone sets it too.
            """)
    package static let identityNoneBeyondLoopback = Option<Bool>.flag("vitrine", "identity_none_beyond_loopback", default: false)
        .help(
            """
            Whether identity = none also makes clients of other hosts administrators, or only those of this host that come through no \
            proxy.
            """)
    package static let tokenFile = Option<String?>.optionalText("vitrine", "token_file")
        .help("YAML file of static tokens with user, project and roles of each, for identity = tokens.")
    package static let project = Option<String>.text("vitrine", "project", default: "admin")
        .help("Project of every caller where identity is none.")

    // MARK: policy
    package static let policyFile = Option<String>.text("oslo_policy", "policy_file", default: "policy.yaml").formerly(
        "policy_file", in: "DEFAULT"
    )
    .help("File of policy rules, YAML or JSON, read again when it changes; a missing one leaves the defaults.")
    package static let policyFolders = Option<[String]>.many("oslo_policy", "policy_dirs").formerly("policy_dirs", in: "DEFAULT")
        .help("Folder of further files of policy rules; may come many times. Without it, policy.d.")
    package static let enforceNewDefaults = Option<Bool>.flag("oslo_policy", "enforce_new_defaults", default: true)
        .help("Whether the present defaults of the policy rules count, with reader, member and admin roles, or those of older releases.")
    package static let policyDefaultRule = Option<String>.text("oslo_policy", "policy_default_rule", default: "default").formerly(
        "policy_default_rule", in: "DEFAULT"
    )
    .help("Rule that is asked where a rule asks another that does not exist.")
    package static let remotePolicyContentType = Option<PolicyServers.Settings.ContentType>.choice(
        "oslo_policy", "remote_content_type", default: .form
    )
    .help("Content type of the question to the server of an http: or https: rule.")
    package static let remotePolicyVerifies = Option<Bool>.flag("oslo_policy", "remote_ssl_verify_server_crt", default: false)
        .help("Whether the certificate of an https: rule's server is verified.")
    package static let remotePolicyAuthority = Option<String?>.optionalText("oslo_policy", "remote_ssl_ca_crt_file")
        .help("File of the certificate authority for servers of https: rules.")
    package static let remotePolicyCertificate = Option<String?>.optionalText("oslo_policy", "remote_ssl_client_crt_file")
        .help("File of the client certificate for servers of https: rules.")
    package static let remotePolicyKey = Option<String?>.optionalText("oslo_policy", "remote_ssl_client_key_file")
        .help("File of the key of that client certificate.")
    package static let remotePolicyTimeout = Option<String>.text("oslo_policy", "remote_timeout", default: "60")
        .help("Seconds that the server of an http: or https: rule has to answer, with a fraction if need be.")
    package static let policy: [OptionKey] = [
        policyFile.key, policyFolders.key, enforceNewDefaults.key, policyDefaultRule.key, remotePolicyContentType.key,
        remotePolicyVerifies.key, remotePolicyAuthority.key, remotePolicyCertificate.key, remotePolicyKey.key, remotePolicyTimeout.key,
    ]

    // MARK: custom properties
    package static let propertyProtectionFile = Option<String?>.optionalText("DEFAULT", "property_protection_file")
        .help("File that says who may create, read, update and delete which custom properties; a mistake in it stops the start.")
    package static let propertyProtectionFormat = Option<PropertyProtectionFile.Format>.choice(
        "DEFAULT", "property_protection_rule_format", default: .roles
    )
    .help("Whether that file names roles or policy rules.")

    // MARK: V1
    package static let enableV1API = Option<Bool>.flag("DEFAULT", "enable_v1_api", default: true)
        .help("Whether the Images API v1 is served; it also needs [vitrine] registry_secret.")
        .ofOlderGlance()
    package static let enableV2API = Option<Bool>.flag("DEFAULT", "enable_v2_api", default: true)
        .help("Whether the Images API v2 is served.")
        .ofOlderGlance()
    package static let enableV1Registry = Option<Bool>.flag("DEFAULT", "enable_v1_registry", default: true)
        .help("Whether glance-registry serves; where it is off, the program does not start.")
        .ofOlderGlance()
    package static let registryHost = Option<String>.text("DEFAULT", "registry_host", default: "127.0.0.1")
        .help("Host at which glance-api reaches glance-registry; 0.0.0.0 stands for 127.0.0.1.")
        .ofOlderGlance()
    package static let registryPort = Option<Int>.int("DEFAULT", "registry_port", default: 9191, in: 1...65535)
        .help("Port at which glance-api reaches glance-registry.")
        .ofOlderGlance()
    package static let registryProtocol = Option<String>.text("DEFAULT", "registry_client_protocol", default: "http")
        .help("Scheme by which glance-api reaches glance-registry: http or https.")
        .ofOlderGlance()
    package static let registryCA = Option<String?>.optionalText("DEFAULT", "registry_client_ca_file")
        .help("File of the certificate authority of glance-registry's certificate.")
        .ofOlderGlance()
    package static let registryTimeout = Option<Int>.int("DEFAULT", "registry_client_timeout", default: 30, in: 1...3600)
        .help("Seconds that glance-registry has to answer glance-api. Glance's own default is 600.")
        .ofOlderGlance()
    package static let registrySecret = Option<String?>.optionalText("vitrine", "registry_secret")
        .help("Secret by which glance-registry knows glance-api, 16 characters or more, the same for both; without it there is no V1.")

    // MARK: how it runs
    package static let registryThreads = Option<Int>.int("vitrine", "registry_threads", default: 32, in: 1...1024)
        .help("Requests that a process of glance-registry serves at once.")
    package static let copyThreads = Option<Int>.int("vitrine", "copy_threads", default: 4, in: 1...64)
        .help("Copies of V1 (copy_from) that a process of glance-tasks makes at once.")
    package static let metadataThreads = Option<Int>.int("vitrine", "metadata_threads", default: 16, in: 1...1024)
        .help("Short requests that a process of glance-api serves at once.")
    package static let dataThreads = Option<Int>.int("vitrine", "data_threads", default: 16, in: 1...1024)
        .help("Requests with image data that a process of glance-api serves at once.")
    package static let uploadsPerProject = Option<Int>.int("vitrine", "uploads_per_project", default: 0, in: 0...Int.max)
        .help(
            """
            Uploads of one project at once in a process, of both APIs; more get 503. 0 is no limit; not set, it is three quarters of \
            data_threads.
            """)
    package static let downloadThreads = Option<Int>.int("vitrine", "download_threads", default: 32, in: 1...1024)
        .help(
            """
            Downloads at once that a process sends itself, because nginx cannot; more get 503, and one project has three quarters of them \
            at most.
            """)
    package static let uploadRate = Option<Int>.int("vitrine", "upload_rate", default: 1024, in: 0...Int.max)
        .help("Bytes a second that an upload must bring on the average of each minute, or it ends with 408; 0 is no limit.")
    package static let verifyLocations = Option<Bool>.flag("vitrine", "verify_locations", default: true)
        .help("Whether the data of a location that a PATCH adds are read and compared with the digests that it names.")
    package static let internalPrefix = Option<String?>.optionalText("vitrine", "internal_prefix", default: "/_blobs")
        .help("Path below which nginx finds the stores' folders for X-Accel-Redirect; empty has workers send images themselves.")

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
