package import OsloConfig

extension Options {
    /// Options of `/healthcheck`. Source: oslo.middleware, `healthcheck/opts.py`.
    package struct Health: OptionDeclarations {
        package let backends = Option<[String]>.list("healthcheck", "backends", default: ["disable_by_file"])
            .help(
                """
                What /healthcheck looks at: disable_by_file, disable_by_files_ports or enable_by_files; the first and last exclude each other.
                """)
        package let disableByFilePath = Option<String?>.optionalText(
            "healthcheck", "disable_by_file_path", default: "/etc/glance/healthcheck_disable"
        )
        .help("While this file exists, /healthcheck answers 503 DISABLED BY FILE.")
        package let disableByFilePaths = Option<[String]>.list("healthcheck", "disable_by_file_paths", default: [])
            .help("The same by port of nginx, port:path each, for the backend disable_by_files_ports.")
        package let enableByFilePaths = Option<[String]>.list("healthcheck", "enable_by_file_paths", default: [])
            .help("Files that must all exist for /healthcheck to answer 200, for the backend enable_by_files.")
        package let detailed = Option<Bool>.flag("healthcheck", "detailed", default: false)
            .help("Whether /healthcheck?detail, or Accept: application/json, tells how database, stores, registry and Keystone are.")
    }
}
