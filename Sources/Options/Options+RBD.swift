package import OsloConfig

extension Options {
    /// The options of a store of the type rbd. Source: glance_store, `_drivers/rbd.py`.
    package struct RBDGroup: OptionDeclarations {
        package let pool: Option<String>
        package let user: Option<String?>
        /// The path of Ceph's configuration.
        package let file: Option<String?>
        /// MiB.
        package let chunkSize: Option<Int>
        /// Seconds.
        package let patience: Option<Int>
        package let isThin: Option<Bool>

        package init(_ name: String) {
            pool = .text(name, "rbd_store_pool", default: "images")
                .help("Pool of an rbd store.")
            user = .optionalText(name, "rbd_store_user")
                .help("Ceph user of an rbd store, without client.; its keyring is named in Ceph's configuration. Unset: Ceph's default.")
            file = .optionalText(name, "rbd_store_ceph_conf")
                .help("Ceph's configuration of an rbd store; unset, Ceph looks for it at its own places, as /etc/ceph/ceph.conf.")
            chunkSize = .int(name, "rbd_store_chunk_size", default: 8, in: 1...32)
                .help("MiB of an object of a new image of an rbd store; of a number that is no power of two the next lower one.")
            patience = .int(name, "rados_connect_timeout", default: -1)
                .help(
                    """
                    Seconds until an rbd store gives up a monitor or an OSD that does not answer; 0 and less mean 10, while Glance waits for \
                    ever then.
                    """)
            isThin = .flag(name, "rbd_thin_provisioning", default: false)
                .help("Whether an rbd store leaves out objects of zeros.")
        }
    }
}
