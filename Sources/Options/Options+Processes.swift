package import OsloConfig

extension Options {
    /// Options of processes and threads, and of what nginx sends in their place.
    package struct Processes: OptionDeclarations {
        package let workers = Option<Int>.int("DEFAULT", "workers", default: 0, in: 0...1024)
            .help("Worker processes that `glance-manage run` starts, 0 for one each core; under systemd the number of units counts.")
            .ofOlderGlance()
        package let gracefulShutdownTimeout = Option<Int>.int("DEFAULT", "graceful_shutdown_timeout", default: 60, in: 0...86400)
            .help(
                "Seconds that running requests and jobs have at the end of a program; 0 is no limit. Keep it below systemd's TimeoutStopSec."
            )
        package let nodeName = Option<String?>.optionalText("vitrine", "node_name")
            .help(
                """
                Name of this node among those with the same database, in warnings about what they do not share; without it the host's name. \
                Set it where host names change at each start, or two nodes have one.
                """)
        package let metadataThreads = Option<Int>.int("vitrine", "metadata_threads", default: 16, in: 1...1024)
            .help("Short requests that a process of glance-api serves at once.")
        package let dataThreads = Option<Int>.int("vitrine", "data_threads", default: 16, in: 1...1024)
            .help("Requests with image data that a process of glance-api serves at once.")
        package let downloadThreads = Option<Int>.int("vitrine", "download_threads", default: 32, in: 1...1024)
            .help(
                """
                Downloads at once that a process sends itself, because nginx cannot; more get 503, and one project has three quarters of them \
                at most.
                """)
        package let registryThreads = Option<Int>.int("vitrine", "registry_threads", default: 32, in: 1...1024)
            .help("Requests that a process of glance-registry serves at once.")
        package let copyThreads = Option<Int>.int("vitrine", "copy_threads", default: 4, in: 1...64)
            .help("Copies of V1 (copy_from) that a process of glance-tasks makes at once.")
        package let internalPrefix = Option<String?>.optionalText("vitrine", "internal_prefix", default: "/_blobs")
            .help("Path below which nginx finds the stores' folders for X-Accel-Redirect; empty has workers send images themselves.")
        package let redirectDownloads = Option<Bool>.flag("vitrine", "redirect_downloads", default: false)
            .help(
                """
                Whether a client of v2 that sends X-Vitrine-Redirect: 307 is sent to the S3 server itself for an image's data; the signed URL \
                works for everybody who learns it, until it expires.
                """)
    }
}
