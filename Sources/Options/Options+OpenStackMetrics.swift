package import OsloConfig

extension Options {
    /// Options of the metrics that OpenStack's dashboards use.
    package struct OpenStackMetrics: OptionDeclarations {
        package let isOn = Option<Bool>.flag("vitrine", "openstack_metrics", default: false)
            .help(
                "Whether the metrics have those of OpenStack's exporter too: openstack_glance_up, …_images, …_image_bytes, …_image_created_at."
            )
        package let limit = Option<Int>.int("vitrine", "openstack_metrics_limit", default: 1000, in: 0...10_000)
            .help("Images, the newest, that these metrics name one by one; all are counted.")
    }
}
