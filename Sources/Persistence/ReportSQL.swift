/// The statements by which the summary tables of reports are refreshed.
enum ReportSQL {
    /// The properties that have columns of their own in `vitrine_report_images` and `report_images`.
    static let properties = [
        "os_distro", "os_version", "os_type", "architecture", "os_admin_user", "os_secure_boot", "img_family", "img_config_drive",
        "hypervisor_type", "vm_mode", "hw_disk_bus", "hw_scsi_model", "hw_cdrom_bus", "hw_vif_model", "hw_vif_multiqueue_enabled",
        "hw_machine_type", "hw_firmware_type", "hw_video_model", "hw_rng_model", "hw_tpm_model", "hw_qemu_guest_agent", "kernel_id",
        "ramdisk_id", "image_type", "instance_uuid", "base_image_ref",
    ]

    static let temporaryTables = [
        "CREATE OR REPLACE TEMPORARY TABLE vitrine_report_piece LIKE vitrine_report_images",
        "CREATE OR REPLACE TEMPORARY TABLE vitrine_report_sums LIKE vitrine_report_property_values",
        // Only the digest is looked for.
        "ALTER TABLE vitrine_report_sums DROP KEY vitrine_report_property_values_name",
    ]
    static let dropTemporaryTables = "DROP TEMPORARY TABLE IF EXISTS vitrine_report_piece, vitrine_report_sums"

    // MARK: images

    static let emptyPiece = "DELETE FROM vitrine_report_piece"

    /// Reads the images of a range, in the order of two indexes and without a temporary table. MariaDB cuts what JSON_ARRAYAGG makes at
    /// group_concat_max_len, without an error.
    static let readPiece = """
        SET STATEMENT group_concat_max_len = 67108864 FOR
        INSERT INTO vitrine_report_piece (image_id, image_updated_at, refreshed_at, \(properties.joined(separator: ", ")), tags, properties)
        SELECT i.id, COALESCE(i.updated_at, i.created_at), UTC_TIMESTAMP(6),
               \(properties.map { "MAX(IF(p.name = '\($0)', p.value, NULL))" }.joined(separator: ", ")),
               COALESCE((SELECT JSON_ARRAYAGG(t.value ORDER BY t.id) FROM image_tags t WHERE t.image_id = i.id AND t.deleted = 0), '[]'),
               IF(COUNT(p.id), JSON_OBJECTAGG(COALESCE(p.name, ''), p.value), '{}')
          FROM images i FORCE INDEX (ix_images_deleted)
          LEFT JOIN image_properties p ON p.image_id = i.id AND p.deleted = 0
         WHERE i.id > ? AND i.id <= ? AND i.deleted = 0
         GROUP BY i.id
        """

    /// Removes rows of a range whose image is gone or is another one now. A row that was read within the second of the image's last change
    /// is replaced too: the view does not trust it.
    static let removeOld = """
        DELETE s FROM vitrine_report_images s LEFT JOIN vitrine_report_piece p ON p.image_id = s.image_id
         WHERE s.image_id > ? AND s.image_id <= ?
           AND (p.image_id IS NULL OR s.image_updated_at <> p.image_updated_at
                OR s.refreshed_at <= s.image_updated_at + INTERVAL 2 SECOND
                OR NOT BINARY s.properties <=> BINARY p.properties OR NOT BINARY s.tags <=> BINARY p.tags)
        """

    static let addNew = """
        INSERT INTO vitrine_report_images
        SELECT p.* FROM vitrine_report_piece p LEFT JOIN vitrine_report_images s ON s.image_id = p.image_id WHERE s.image_id IS NULL
        """

    /// Removes rows behind the last image.
    static let removeBehind = "DELETE FROM vitrine_report_images WHERE image_id > ?"

    // MARK: values of properties

    static let sumValues = """
        INSERT INTO vitrine_report_sums (digest, name, value, images, bytes)
        SELECT * FROM (
            SELECT UNHEX(SHA2(IF(p.value IS NULL, p.name, CONCAT(p.name, CHAR(0), p.value)), 256)) AS digest, MIN(p.name) AS name,
                   MIN(p.value) AS value, COUNT(*) AS images, COALESCE(SUM(i.size), 0) AS bytes
              FROM image_properties p JOIN images i ON i.id = p.image_id
             WHERE p.image_id > ? AND p.image_id <= ? AND p.deleted = 0 AND i.deleted = 0
             GROUP BY digest) AS piece
        ON DUPLICATE KEY UPDATE images = vitrine_report_sums.images + VALUES(images), bytes = vitrine_report_sums.bytes + VALUES(bytes)
        """

    static let removeOldValues = """
        DELETE v FROM vitrine_report_property_values v LEFT JOIN vitrine_report_sums s ON s.digest = v.digest
         WHERE \(digests("v")) AND (s.digest IS NULL OR s.images <> v.images OR s.bytes <> v.bytes)
        """

    static let addNewValues = """
        INSERT INTO vitrine_report_property_values (digest, name, value, images, bytes)
        SELECT s.digest, s.name, s.value, s.images, s.bytes
          FROM vitrine_report_sums s LEFT JOIN vitrine_report_property_values v ON v.digest = s.digest
         WHERE \(digests("s")) AND v.digest IS NULL
        """

    /// A range of digests, by two texts of two hexadecimal digits.
    private static func digests(_ table: String) -> String {
        "\(table).digest BETWEEN UNHEX(RPAD(?, 64, '0')) AND UNHEX(RPAD(?, 64, 'F'))"
    }

    // MARK: the pass

    static let notePass = """
        INSERT INTO vitrine_report_passes (report, started_at, refreshed_at, images) VALUES (?, ?, UTC_TIMESTAMP(6), ?)
        ON DUPLICATE KEY UPDATE started_at = VALUES(started_at), refreshed_at = VALUES(refreshed_at), images = VALUES(images)
        """
}
