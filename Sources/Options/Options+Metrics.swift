package import OsloConfig

extension Options {
    /// Options of the metrics that Prometheus reads.
    package struct Metrics: OptionDeclarations {
        package let listen = Option<String?>.optionalText("vitrine", "metrics_listen")
            .help(
                """
                Address, host:port, at which glance-tasks answers GET /metrics for all processes of the node; the same for all of them. \
                Without it nothing is counted.
                """)
        package let folder = Option<String?>.optionalText("vitrine", "metrics_folder")
            .help(
                """
                Folder of the node in which its processes share what they count; one user writes it. Without it, the RuntimeDirectory that \
                systemd gives the units.
                """)
    }
}
