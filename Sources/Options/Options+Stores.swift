package import OsloConfig

extension Options {
    // MARK: which stores there are

    package static let enabledBackends = Option<[String]>.list("DEFAULT", "enabled_backends", default: [])
        .help("Stores, name:type each (file or http); each has a group of its name. Empty: the one store of [glance_store].")
    package static let defaultBackend = Option<String?>.optionalText("glance_store", "default_backend")
        .help("Store that takes new data where a request names none; needed with enabled_backends.")
    package static let stores = Option<[String]>.list("glance_store", "stores", default: ["file", "http"]).formerly(
        "known_stores", in: "DEFAULT"
    )
    .help("Kinds of store whose locations are read, where enabled_backends is empty.")
    package static let defaultStore = Option<String>.text("glance_store", "default_store", default: "file").formerly(
        "default_store", in: "DEFAULT"
    )
    .help("Kind of store that takes new data, where enabled_backends is empty.")
    /// What kind of store a name means, of `stores`, `default_store` and `enabled_backends`: the kind's own, that of the class which
    /// Glance once had for it, or a scheme of its URLs. Source: glance_store, its entry points and `get_schemes` of its drivers.
    package static func storeKind(_ name: String) -> String {
        var kind = name[...]
        if kind.hasPrefix("glance.store."), kind.hasSuffix(".Store") { kind = kind.dropFirst(13).dropLast(6) }
        return switch kind {
        case "filesystem": "file"
        case "https": "http"
        case "vmware_datastore", "vsphere": "vmware"
        case "swift+http", "swift+https", "swift+config": "swift"
        default: String(kind)
        }
    }

    package static let nodeStagingURI = Option<String>.text("DEFAULT", "node_staging_uri", default: "file:///var/lib/glance/staging")
        .help(
            """
            Folder where images wait for their import, where enabled_backends is empty; glance-api and glance-tasks must share it. \
            Glance's default is in /tmp.
            """)

    /// The options of a store: of the only one in `[glance_store]`, of each of several in a group of its name. Source: glance_store,
    /// `_drivers/filesystem.py` and `_drivers/http.py`.
    package struct StoreGroup {
        package let name: String
        package let description: Option<String?>
        package let weight: Option<Int>
        package let folder: Option<String?>
        /// `path:priority` each.
        package let folders: Option<[String]>
        /// An octal number that the dialect gives as a decimal one: 640 means rw-r-----.
        package let permissions: Option<Int>
        package let chunkSize: Option<Int>
        package let isThin: Option<Bool>
        /// JSON: what locations say besides.
        package let metadataFile: Option<String?>
        /// Certificates that those of web servers are checked with, in place of the system's.
        package let httpsCertificates: Option<String?>
        /// By which proxies web servers are asked: `http:host:port`, `https:host:port`.
        package let proxies: Option<[String]>

        package init(_ name: String) {
            self.name = name
            description = .optionalText(name, "store_description")
                .help("What GET /v2/info/stores says of the store.")
            weight = .int(name, "weight", default: 0)
                .help("Rank of the store among those that have an image; data are read from the one with the greatest weight.")
            folder = .optionalText(name, "filesystem_store_datadir", default: name == "glance_store" ? "/var/lib/glance/images" : nil)
                .help("Folder of a file store.")
            folders = .many(name, "filesystem_store_datadirs")
                .help(
                    "Folders of a file store, path:priority each, in place of filesystem_store_datadir; new data go to the highest with space."
                )
            permissions = .int(name, "filesystem_store_file_perm", default: 0, in: 0...777)
                .help("Permissions of a new file, as an octal number such as 640; 0 leaves what the umask gives.")
            chunkSize = .int(name, "filesystem_store_chunk_size", default: 64 * 1024, in: 1...Int.max)
                .help("Only what GET /v2/info/stores/detail says; this service has its own sizes.")
            isThin = .flag(name, "filesystem_thin_provisioning", default: false)
                .help("Whether blocks of zeros become holes of the file.")
            metadataFile = .optionalText(name, "filesystem_store_metadata_file")
                .help("JSON file with the metadata that locations of this store show.")
            httpsCertificates = .optionalText(name, "https_ca_certificates_file")
                .help("File of the certificate authorities for web servers of an http store, in place of the system's.")
            proxies = .list(name, "http_proxy_information", default: [])
                .help("Proxies by which an http store asks web servers: http:host:port, https:host:port.")
        }

        package var keys: [OptionKey] {
            [
                description.key, weight.key, folder.key, folders.key, permissions.key, chunkSize.key, isThin.key, metadataFile.key,
                httpsCertificates.key, proxies.key,
            ]
        }
    }

    package static let onlyStore = StoreGroup("glance_store")

    package static let readableFolders = Option<[String]>.list("vitrine", "readable_folders", default: ["/"])
        .help(
            """
            Folders beside the stores' in which a file may lie that a location names, or a link in a store leads to; / is any, empty is \
            none.
            """)

    // MARK: what is fetched by its URL

    package static let allowedSchemes = Option<[String]>.list(
        "import_filtering_opts", "allowed_schemes", default: ["http", "https"], .quoted
    )
    .help("Schemes of URLs that are fetched.")
    package static let disallowedSchemes = Option<[String]>.list("import_filtering_opts", "disallowed_schemes", default: [], .quoted)
        .help("Schemes that are not fetched, where allowed_schemes is empty.")
    package static let allowedHosts = Option<[String]>.list("import_filtering_opts", "allowed_hosts", default: [], .bracketed)
        .help("Hosts that are asked, and no others where it is not empty; only a host named here may have an address that is not public.")
    package static let disallowedHosts = Option<[String]>.list("import_filtering_opts", "disallowed_hosts", default: [], .bracketed)
        .help("Hosts that are not asked, where allowed_hosts is empty.")
    package static let allowedPorts = Option<[String]>.list("import_filtering_opts", "allowed_ports", default: ["80", "443"], .bracketed)
        .help("Ports that are asked.")
    package static let disallowedPorts = Option<[String]>.list("import_filtering_opts", "disallowed_ports", default: [], .bracketed)
        .help("Ports that are not asked, where allowed_ports is empty.")

    package static let fetchesThroughProxy = Option<Bool>.flag("vitrine", "fetch_through_proxy", default: false)
        .help("Whether http_proxy, https_proxy, all_proxy and no_proxy of the environment count for what is fetched by URL.")

    // MARK: formats

    package static let diskFormats = Option<[String]>.list(
        "image_format", "disk_formats",
        default: ["ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"]
    ).formerly("disk_formats", in: "DEFAULT")
        .help("Disk formats that an image may have.")
    package static let containerFormats = Option<[String]>.list(
        "image_format", "container_formats", default: ["ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"]
    ).formerly("container_formats", in: "DEFAULT")
        .help("Container formats that an image may have.")
    package static let requireFormatMatch = Option<Bool>.flag("image_format", "require_image_format_match", default: true)
        .help("Whether data must be of the disk_format that the image says; otherwise only unsafe data are refused.")
    package static let vmdkAllowedTypes = Option<[String]>.list(
        "image_format", "vmdk_allowed_types", default: ["streamOptimized", "monolithicSparse"]
    )
    .help("Kinds of VMDK that are taken; empty is none.")
    package static let nonfatalChecksOfGPT = Option<[String]>.list("image_format", "gpt_safety_checks_nonfatal", default: [])
        .help("Safety checks of a GPT disk that are only logged when they fail.")

    package static let storage: [OptionKey] =
        [
            enabledBackends.key, defaultBackend.key, stores.key, defaultStore.key, nodeStagingURI.key, allowedSchemes.key,
            disallowedSchemes.key, allowedHosts.key, disallowedHosts.key, allowedPorts.key, disallowedPorts.key, fetchesThroughProxy.key,
            diskFormats.key,
            containerFormats.key, requireFormatMatch.key, vmdkAllowedTypes.key, nonfatalChecksOfGPT.key, readableFolders.key,
        ] + onlyStore.keys
}
