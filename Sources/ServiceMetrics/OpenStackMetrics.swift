/// The metrics that the dashboards of OpenStack's exporter use, where `[vitrine] openstack_metrics` is on. They have a series for each
/// image, so they are written from one reading of the database, not counted.
package struct OpenStackMetrics: MetricGroup {
    package let isUp = MetricFamily(
        name: "openstack_glance_up", help: "Whether the images could be read at the last try.", kind: .gauge(.min))
    package let images = MetricFamily(
        name: "openstack_glance_images", help: "Images that are not deleted.", kind: .gauge(.max))
    package let imageBytes = MetricFamily(
        name: "openstack_glance_image_bytes", help: "Size of an image in bytes; the newest images only, openstack_metrics_limit of them.",
        kind: .gauge(.max), labels: ["id", "name", "tenant_id"].map { MetricFamily.Label($0, values: nil) })
    package let imageCreatedAt = MetricFamily(
        name: "openstack_glance_image_created_at",
        help: "When an image was created, in seconds since 1970; the newest images only, openstack_metrics_limit of them.",
        kind: .gauge(.max),
        labels: ["hidden", "id", "name", "status", "tenant_id", "visibility"].map { MetricFamily.Label($0, values: nil) })

    package init() {}
}
