internal import OsloConfig

extension Options {
    // MARK: which stores there are

    /// Several stores, each `name:type`; where there are none, the site has one without a name.
    static let enabledBackends = Option<[String]>.list("DEFAULT", "enabled_backends", default: [])
    /// Of several stores that which takes new bytes when nobody says where.
    static let defaultBackend = Option<String?>.optionalText("glance_store", "default_backend")
    /// By what schemes of locations images are read, where the site has one store.
    static let stores = Option<[String]>.list("glance_store", "stores", default: ["file", "http"])
    static let defaultStore = Option<String>.text("glance_store", "default_store", default: "file")
    /// Where images are staged, where the site has one store.
    static let nodeStagingURI = Option<String>.text("DEFAULT", "node_staging_uri", default: "file:///tmp/staging/")

    /// The options of a store: of the only one in `[glance_store]`, of each of several in a group of its name. Source: glance_store,
    /// `_drivers/filesystem.py` and `_drivers/http.py`.
    struct StoreGroup {
        let name: String
        let description: Option<String?>
        let weight: Option<Int>
        let folder: Option<String?>
        /// `path:priority` each.
        let folders: Option<[String]>
        /// An octal number that the dialect gives as a decimal one: 640 means rw-r-----.
        let permissions: Option<Int>
        let chunkSize: Option<Int>
        let isThin: Option<Bool>
        /// JSON: what locations say besides.
        let metadataFile: Option<String?>
        /// Certificates that those of web servers are checked with, in place of the system's.
        let httpsCertificates: Option<String?>
        /// By which proxies web servers are asked: `http:host:port`, `https:host:port`.
        let proxies: Option<[String]>

        init(_ name: String) {
            self.name = name
            description = .optionalText(name, "store_description")
            weight = .int(name, "weight", default: 0)
            folder = .optionalText(name, "filesystem_store_datadir", default: name == "glance_store" ? "/var/lib/glance/images" : nil)
            folders = .many(name, "filesystem_store_datadirs")
            permissions = .int(name, "filesystem_store_file_perm", default: 0, in: 0...777)
            chunkSize = .int(name, "filesystem_store_chunk_size", default: 64 * 1024, in: 1...Int.max)
            isThin = .flag(name, "filesystem_thin_provisioning", default: false)
            metadataFile = .optionalText(name, "filesystem_store_metadata_file")
            httpsCertificates = .optionalText(name, "https_ca_certificates_file")
            proxies = .list(name, "http_proxy_information", default: [])
        }

        var keys: [OptionKey] {
            [
                description.key, weight.key, folder.key, folders.key, permissions.key, chunkSize.key, isThin.key, metadataFile.key,
                httpsCertificates.key, proxies.key,
            ]
        }
    }

    static let onlyStore = StoreGroup("glance_store")

    /// Names of options of Glance's file and http stores that have no effect here.
    static let unusedOfStores = [
        "filesystem_store_thread_pool_size", "filesystem_store_threadpool_threshold", "filesystem_store_timeout",
        "https_insecure",
    ]

    // MARK: what is fetched by its URL

    static let allowedSchemes = Option<[String]>.list("import_filtering_opts", "allowed_schemes", default: ["http", "https"])
    static let disallowedSchemes = Option<[String]>.list("import_filtering_opts", "disallowed_schemes", default: [])
    /// Where it is not empty, no other host is asked, and those that it names may have an address that is not public.
    static let allowedHosts = Option<[String]>.list("import_filtering_opts", "allowed_hosts", default: [])
    static let disallowedHosts = Option<[String]>.list("import_filtering_opts", "disallowed_hosts", default: [])
    static let allowedPorts = Option<[String]>.list("import_filtering_opts", "allowed_ports", default: ["80", "443"])
    static let disallowedPorts = Option<[String]>.list("import_filtering_opts", "disallowed_ports", default: [])

    /// Whether it is fetched by the proxies that the environment names.
    static let fetchesThroughProxy = Option<Bool>.flag("vitrine", "fetch_through_proxy", default: false)

    // MARK: formats

    static let diskFormats = Option<[String]>.list(
        "image_format", "disk_formats",
        default: ["ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"])
    static let containerFormats = Option<[String]>.list(
        "image_format", "container_formats", default: ["ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"])
    static let requireFormatMatch = Option<Bool>.flag("image_format", "require_image_format_match", default: true)
    static let vmdkAllowedTypes = Option<[String]>.list(
        "image_format", "vmdk_allowed_types", default: ["streamOptimized", "monolithicSparse"])
    static let nonfatalChecksOfGPT = Option<[String]>.list("image_format", "gpt_safety_checks_nonfatal", default: [])

    static let storage: [OptionKey] =
        [
            enabledBackends.key, defaultBackend.key, stores.key, defaultStore.key, nodeStagingURI.key, allowedSchemes.key,
            disallowedSchemes.key, allowedHosts.key, disallowedHosts.key, allowedPorts.key, disallowedPorts.key, fetchesThroughProxy.key,
            diskFormats.key,
            containerFormats.key, requireFormatMatch.key, vmdkAllowedTypes.key, nonfatalChecksOfGPT.key,
        ] + onlyStore.keys
}
