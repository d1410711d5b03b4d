package import OsloConfig

/// The options that have an effect. Names and meaning are Glance's; those of the group `vitrine` are ours.
package enum Options {
    // MARK: DEFAULT
    static let debug = Option<Bool>.flag("DEFAULT", "debug", default: false)
    static let useJSON = Option<Bool>.flag("DEFAULT", "use_json", default: false)
    static let logFile = Option<String?>.optionalText("DEFAULT", "log_file")
    static let logDir = Option<String?>.optionalText("DEFAULT", "log_dir")
    static let publicEndpoint = Option<String?>.optionalText("DEFAULT", "public_endpoint")
    static let maxRequestIDLength = Option<Int>.int("DEFAULT", "max_request_id_length", default: 64, in: 1...1024)
    static let hashingAlgorithm = Option<String>.text("DEFAULT", "hashing_algorithm", default: "sha512")
    static let limitParamDefault = Option<Int>.int("DEFAULT", "limit_param_default", default: 25, in: 1...Int.max)
    static let apiLimitMax = Option<Int>.int("DEFAULT", "api_limit_max", default: 1000, in: 1...Int.max)
    static let imageSizeCap = Option<Int>.int("DEFAULT", "image_size_cap", default: 1 << 40, in: 1...Int.max)
    static let imagePropertyQuota = Option<Int>.int("DEFAULT", "image_property_quota", default: 128)
    static let imageTagQuota = Option<Int>.int("DEFAULT", "image_tag_quota", default: 128)
    static let imageMemberQuota = Option<Int>.int("DEFAULT", "image_member_quota", default: 128)
    static let showImageDirectURL = Option<Bool>.flag("DEFAULT", "show_image_direct_url", default: false)
    /// Seconds that running requests are given when the service ends; 0 is without a limit.
    static let gracefulShutdownTimeout = Option<Int>.int("DEFAULT", "graceful_shutdown_timeout", default: 60, in: 0...86400)
    /// Several stores; none of them is there yet.
    static let enabledBackends = Option<[String]>.list("DEFAULT", "enabled_backends", default: [])
    /// Processes; read by whoever starts them.
    package static let workers = Option<Int>.int("DEFAULT", "workers", default: 0, in: 0...1024)

    // MARK: database
    package static let connection = Option<String?>.optionalText("database", "connection")
    /// Connections that a process keeps; 0 is one for each thread.
    static let maxPoolSize = Option<Int>.int("database", "max_pool_size", default: 0, in: 0...10000)
    static let maxOverflow = Option<Int>.int("database", "max_overflow", default: 50, in: 0...10000)
    /// Seconds that a request waits for a connection.
    static let poolTimeout = Option<Int>.int("database", "pool_timeout", default: 30, in: 0...3600)

    // MARK: stores
    static let defaultStore = Option<String>.text("glance_store", "default_store", default: "file")
    package static let fileStoreFolder = Option<String>.text(
        "glance_store", "filesystem_store_datadir", default: "/var/lib/glance/images")
    static let fileStorePermissions = Option<Int>.int("glance_store", "filesystem_store_file_perm", default: 0, in: 0...777)

    // MARK: formats
    static let diskFormats = Option<[String]>.list(
        "image_format", "disk_formats",
        default: ["ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"])
    static let containerFormats = Option<[String]>.list(
        "image_format", "container_formats", default: ["ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"])

    // MARK: who may come in
    /// The deployment flavour; here it tells only whether Keystone is wanted.
    static let flavor = Option<String?>.optionalText("paste_deploy", "flavor")

    enum IdentityKind: String, CaseIterable, Sendable {
        case none, tokens
    }
    static let identity = Option<IdentityKind>.choice("vitrine", "identity", default: IdentityKind.none)
    static let tokenFile = Option<String?>.optionalText("vitrine", "token_file")
    /// The project of everybody, where identity is none.
    static let project = Option<String>.text("vitrine", "project", default: "admin")

    // MARK: how it runs
    static let metadataThreads = Option<Int>.int("vitrine", "metadata_threads", default: 16, in: 1...1024)
    static let dataThreads = Option<Int>.int("vitrine", "data_threads", default: 16, in: 1...1024)
    /// Bytes a second that an upload must bring on the average; 0 is any.
    static let uploadRate = Option<Int>.int("vitrine", "upload_rate", default: 1024, in: 0...Int.max)
    /// Where nginx finds the stores' folders; empty where the service is to send images itself.
    static let internalPrefix = Option<String?>.optionalText("vitrine", "internal_prefix", default: "/_blobs")

    package static let all: [OptionKey] = [
        debug.key, useJSON.key, logFile.key, logDir.key, publicEndpoint.key, maxRequestIDLength.key, hashingAlgorithm.key,
        limitParamDefault.key, apiLimitMax.key, imageSizeCap.key, imagePropertyQuota.key, imageTagQuota.key,
        imageMemberQuota.key, showImageDirectURL.key, gracefulShutdownTimeout.key, enabledBackends.key, workers.key,
        connection.key, maxPoolSize.key, maxOverflow.key, poolTimeout.key, defaultStore.key, fileStoreFolder.key,
        fileStorePermissions.key, diskFormats.key, containerFormats.key, flavor.key, identity.key, tokenFile.key, project.key,
        metadataThreads.key, dataThreads.key, uploadRate.key, internalPrefix.key,
    ]
}
