/// The files of `sql/`, in the order in which they are applied.
package enum Schema {
    /// The revision of Glance's own migrations whose tables these are.
    package static let alembicRevision = "2024_1_contract01"
    /// The revision before the last step of a rolling upgrade, which removes what an older Glance still needs.
    package static let expandedRevision = "2024_1_expand01"

    /// A file of `sql/`.
    package struct Migration: Sendable {
        package let name: String
        package let sql: String

        /// Whether the file creates a table of Glance, which a database of Glance already has.
        package var makesGlanceTable: Bool { sql.contains("CREATE TABLE") && !name.contains("vitrine") }
    }

    // SwiftPM names an embedded file after its name, with `_` for a first digit and for characters that an identifier cannot have.
    // swift-format-ignore
    package static let migrations: [Migration] = [
        Migration("0000-vitrine_migrations", PackageResources._000_vitrine_migrations_sql),
        Migration("0001-alembic_version", PackageResources._001_alembic_version_sql),
        Migration("0002-images", PackageResources._002_images_sql),
        Migration("0003-image_properties", PackageResources._003_image_properties_sql),
        Migration("0004-image_tags", PackageResources._004_image_tags_sql),
        Migration("0005-image_locations", PackageResources._005_image_locations_sql),
        Migration("0006-image_members", PackageResources._006_image_members_sql),
        Migration("0007-tasks", PackageResources._007_tasks_sql),
        Migration("0008-task_info", PackageResources._008_task_info_sql),
        Migration("0009-metadef_namespaces", PackageResources._009_metadef_namespaces_sql),
        Migration("0010-metadef_objects", PackageResources._010_metadef_objects_sql),
        Migration("0011-metadef_properties", PackageResources._011_metadef_properties_sql),
        Migration("0012-metadef_tags", PackageResources._012_metadef_tags_sql),
        Migration("0013-metadef_resource_types", PackageResources._013_metadef_resource_types_sql),
        Migration("0014-metadef_namespace_resource_types", PackageResources._014_metadef_namespace_resource_types_sql),
        Migration("0015-node_reference", PackageResources._015_node_reference_sql),
        Migration("0016-cached_images", PackageResources._016_cached_images_sql),
        Migration("0017-images_by_visibility", PackageResources._017_images_by_visibility_sql),
        Migration("0018-images_by_owner", PackageResources._018_images_by_owner_sql),
        Migration("0019-images_by_value", PackageResources._019_images_by_value_sql),
        Migration("0020-image_tags_by_value", PackageResources._020_image_tags_by_value_sql),
        Migration("0021-image_properties_by_value", PackageResources._021_image_properties_by_value_sql),
        Migration("0022-image_members_by_project", PackageResources._022_image_members_by_project_sql),
        Migration("0023-vitrine_uploads", PackageResources._023_vitrine_uploads_sql),
        Migration("0024-vitrine_removals", PackageResources._024_vitrine_removals_sql),
        Migration("0025-vitrine_copies", PackageResources._025_vitrine_copies_sql),
        Migration("0026-vitrine_notifications", PackageResources._026_vitrine_notifications_sql),
        Migration("0027-vitrine_upload_reservations", PackageResources._027_vitrine_upload_reservations_sql),
        Migration("0028-vitrine_project_turns", PackageResources._028_vitrine_project_turns_sql),
        Migration("0029-vitrine_turns", PackageResources._029_vitrine_turns_sql),
        Migration("0030-vitrine_copies_requests", PackageResources._030_vitrine_copies_requests_sql),
        Migration("0031-vitrine_jobs", PackageResources._031_vitrine_jobs_sql),
        Migration("0032-vitrine_uploads_staging", PackageResources._032_vitrine_uploads_staging_sql),
        Migration("0033-vitrine_uploads_worker", PackageResources._033_vitrine_uploads_worker_sql),
        Migration("0034-vitrine_jobs_worker", PackageResources._034_vitrine_jobs_worker_sql),
        Migration("0035-vitrine_turns_worker", PackageResources._035_vitrine_turns_worker_sql),
        Migration("0036-vitrine_commits", PackageResources._036_vitrine_commits_sql),
        Migration("0037-vitrine_store_folders", PackageResources._037_vitrine_store_folders_sql),
        Migration("0038-vitrine_removals_tries", PackageResources._038_vitrine_removals_tries_sql),
        Migration("0039-vitrine_removals_image", PackageResources._039_vitrine_removals_image_sql),
        Migration("0040-vitrine_nodes", PackageResources._040_vitrine_nodes_sql),
        Migration("0041-vitrine_downloads", PackageResources._041_vitrine_downloads_sql),
        Migration("0042-vitrine_image_use", PackageResources._042_vitrine_image_use_sql),
        Migration("0044-vitrine_events", PackageResources._044_vitrine_events_sql),
        Migration("0045-vitrine_reports", PackageResources._045_vitrine_reports_sql),
        Migration("0046-vitrine_report_images", PackageResources._046_vitrine_report_images_sql),
        Migration("0047-vitrine_report_property_values", PackageResources._047_vitrine_report_property_values_sql),
        Migration("0048-vitrine_report_passes", PackageResources._048_vitrine_report_passes_sql),
        Migration("0049-vitrine_verifications", PackageResources._049_vitrine_verifications_sql),
        Migration("0050-vitrine_verification_findings", PackageResources._050_vitrine_verification_findings_sql),
        Migration("0051-vitrine_verification_stores", PackageResources._051_vitrine_verification_stores_sql),
        Migration("0052-vitrine_notifications_author", PackageResources._052_vitrine_notifications_author_sql),
        Migration("0053-vitrine_image_turns", PackageResources._053_vitrine_image_turns_sql),
        Migration("0054-vitrine_node_setups", PackageResources._054_vitrine_node_setups_sql),
        Migration("0055-vitrine_jobs_staged_in", PackageResources._055_vitrine_jobs_staged_in_sql),
        Migration("0056-vitrine_image_use_index", PackageResources._056_vitrine_image_use_index_sql),
        Migration("0057-vitrine_jobs_index", PackageResources._057_vitrine_jobs_index_sql),
        Migration("0058-vitrine_removals_index", PackageResources._058_vitrine_removals_index_sql),
        Migration("0059-vitrine_verification_findings_index", PackageResources._059_vitrine_verification_findings_index_sql),
        Migration("0060-vitrine_project_sums", PackageResources._060_vitrine_project_sums_sql),
        Migration("0061-vitrine_removals_store", PackageResources._061_vitrine_removals_store_sql),
        Migration("0062-vitrine_report_projects", PackageResources._062_vitrine_report_projects_sql),
        Migration("0063-vitrine_report_stores", PackageResources._063_vitrine_report_stores_sql),
        Migration("0064-vitrine_report_deleted", PackageResources._064_vitrine_report_deleted_sql),
    ]
}

extension Schema.Migration {
    fileprivate init(_ name: String, _ file: [UInt8]) {
        self.name = name
        sql = String(decoding: file, as: UTF8.self)
    }
}
