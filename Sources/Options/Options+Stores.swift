package import OsloConfig

extension Options {
    /// Options of which stores there are.
    package struct Stores: OptionDeclarations {
        package let enabledBackends = Option<[String]>.list("DEFAULT", "enabled_backends", default: [])
            .help(
                "Stores, name:type each (file, http, rbd, s3 or swift); each has a group of its name. Empty: the one store of [glance_store]."
            )
        package let defaultBackend = Option<String?>.optionalText("glance_store", "default_backend")
            .help("Store that takes new data where a request names none; needed with enabled_backends.")
        package let kinds = Option<[String]>.list("glance_store", "stores", default: ["file", "http"]).formerly(
            "known_stores", in: "DEFAULT"
        )
        .help("Kinds of store whose locations are read, where enabled_backends is empty.")
        package let defaultKind = Option<String>.text("glance_store", "default_store", default: "file").formerly(
            "default_store", in: "DEFAULT"
        )
        .help("Kind of store that takes new data, where enabled_backends is empty.")
        package let nodeStagingURI = Option<String>.text("DEFAULT", "node_staging_uri", default: "file:///var/lib/glance/staging")
            .help(
                """
                Folder where images wait for their import, where enabled_backends is empty; glance-api and glance-tasks must share it. \
                Glance's default is in /tmp.
                """)
        package let readableFolders = Option<[String]>.list("vitrine", "readable_folders", default: ["/"])
            .help(
                """
                Folders beside the stores' in which a file may lie that a location names, or a link in a store leads to; / is any, empty is \
                none.
                """)
        /// The only store, where `enabled_backends` is empty.
        package let only = StoreGroup("glance_store")
    }

    /// The options of one store: in `[glance_store]` if it is the only one, in a group of its name otherwise. Source: glance_store,
    /// `_drivers/filesystem.py` and `_drivers/http.py`.
    package struct StoreGroup: OptionDeclarations {
        package let name: String
        package let description: Option<String?>
        package let weight: Option<Int>
        package let folder: Option<String?>
        /// A list of `path:priority`.
        package let folders: Option<[String]>
        /// An octal number, read as a decimal one: 640 means rw-r-----.
        package let permissions: Option<Int>
        package let chunkSize: Option<Int>
        package let isThin: Option<Bool>
        /// JSON with the metadata of locations.
        package let metadataFile: Option<String?>
        /// Certificate authorities of web servers, in place of the system's.
        package let httpsCertificates: Option<String?>
        /// Proxies for web servers: `http:host:port`, `https:host:port`.
        package let proxies: Option<[String]>
        package let rbd: RBDGroup
        package let s3: S3StoreGroup
        package let swift: Swift
        /// Those of a store whose engine is not here.
        package let foreign: ForeignStoreGroup

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
            rbd = RBDGroup(name)
            s3 = S3StoreGroup(name)
            swift = Swift(name)
            foreign = ForeignStoreGroup(name)
        }
    }

    /// The kind of store that a name in `stores`, `default_store` or `enabled_backends` means. The name may be the kind itself, the class that
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
}
