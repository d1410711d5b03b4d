package import OsloConfig

extension Options {
    /// Options of which locations callers may name.
    package struct Locations: OptionDeclarations {
        package let ofServices = Option<[String]>.list("vitrine", "service_location_schemes", default: ["cinder", "rbd"])
            .help(
                """
                Schemes of locations beside http and https that other services of the cloud (role service) may name, where a store has such \
                locations: cinder, rbd, s3, s3+http, s3+https, swift, swift+http, swift+https, vsphere. Nova names snapshots, Cinder volumes.
                """)
        package let ofUsers = Option<[String]>.list("vitrine", "user_location_schemes", default: [])
            .help(
                "Schemes of such locations that every user may name who may add a location; only an image's own data, not another image's.")
        package let readingTries = Option<Int>.int("DEFAULT", "http_retries", default: 3, in: 1...100)
            .help("How often the data of a location are read for their digests, while their source or store fails.")
    }

    /// The options of one store of Cinder's volumes or VMware's datastores. Source: glance_store, `_drivers/cinder/store.py` and
    /// `_drivers/vmware_datastore.py`.
    package struct ForeignStoreGroup: OptionDeclarations {
        package let volumeType: Option<String?>
        package let usesMultipath: Option<Bool>
        package let serverHost: Option<String?>

        package init(_ name: String) {
            volumeType = .optionalText(name, "cinder_volume_type")
                .help("Only what GET /v2/info/stores/detail says of a store of Cinder's volumes, whose engine is not here.")
            usesMultipath = .flag(name, "cinder_use_multipath", default: false)
                .help("Only what GET /v2/info/stores/detail says of a store of Cinder's volumes, whose engine is not here.")
            serverHost = .optionalText(name, "vmware_server_host")
                .help(
                    "Host in the locations of a store of VMware's datastores, whose engine is not here; without it those of every host are its."
                )
        }
    }
}
