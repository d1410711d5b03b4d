-- report_images: What does each image have?
--
-- One row for each image that is not deleted, killed ones too, which lists leave out. A property is NULL if the image has none of that
-- name. Columns of the image are read now, and so are properties and tags of an image that changed since the last refresh of
-- `vitrine_report_images`, by `glance-tasks` every `[vitrine] reports_every` seconds or by `glance-manage db refresh_reports`. Until the
-- first refresh all of them are read now, which takes twenty seconds for 300,000 images. A change of properties that leaves `updated_at`
-- as it was is seen after the next refresh: Glance makes such ones for imports, and so does SQL by hand.
--
-- Columns
--   image_id                   the image
--   name                       its name
--   owner                      the project that owns it, NULL if none does
--   status                     its status, such as active
--   visibility                 private, shared, community or public
--   os_hidden                  1 if lists leave it out
--   protected                  1 if it cannot be deleted
--   disk_format                the format of its data, such as qcow2
--   container_format           the format round its data, such as bare
--   size_bytes                 the length of its data
--   virtual_size_bytes         the size of the disk that it describes, NULL if unknown
--   min_disk_gib               the least disk of a server that uses it
--   min_ram_mib                the least memory of such a server
--   checksum                   the MD5 digest of its data
--   os_hash_algo               the name of the second digest, such as sha512
--   os_hash_value              the second digest
--   created_at                 when it was created, UTC
--   updated_at                 when it changed last, UTC
--   os_distro                  the operating system's distribution
--   os_version                 its version
--   os_type                    linux or windows
--   architecture               the processor architecture, such as x86_64
--   os_admin_user              the name of the administrator's account
--   os_secure_boot             whether servers need secure boot: required, optional, disabled
--   img_family                 the family of images that it belongs to
--   img_config_drive           whether servers need a configuration drive: mandatory, optional
--   hypervisor_type            the hypervisor that it is for
--   vm_mode                    the virtual machine mode that it is for
--   hw_disk_bus                the bus of disks, such as virtio
--   hw_scsi_model              the model of the SCSI controller
--   hw_cdrom_bus               the bus of CD-ROM drives
--   hw_vif_model               the model of network interfaces
--   hw_vif_multiqueue_enabled  whether network interfaces have many queues
--   hw_machine_type            the machine type, such as q35
--   hw_firmware_type           bios or uefi
--   hw_video_model             the model of the video adapter
--   hw_rng_model               the model of the random number generator
--   hw_tpm_model               the model of the TPM
--   hw_qemu_guest_agent        whether the guest agent runs: yes or no
--   kernel_id                  the image of the kernel
--   ramdisk_id                 the image of the initial RAM disk
--   image_type                 snapshot for an image that Nova took of a server
--   instance_uuid              the server that it was taken of
--   base_image_ref             the image that the server was made from
--   tags                       its tags, a JSON array of texts, the oldest first
--   properties                 all of its properties, a JSON object whose values are texts
--   age_seconds                the age of what the row says of properties and tags, 0 if it was read now
--
-- Example
--   SELECT os_distro, os_version, COUNT(*) AS images, SUM(size_bytes) AS bytes FROM report_images WHERE status = 'active' GROUP BY os_distro,
--     os_version ORDER BY bytes DESC LIMIT 2
--   os_distro | os_version | images | bytes
--   ubuntu    | 24.04      | 812    | 1790361731072
--   debian    | 12         | 530    | 402653184000
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_images AS
SELECT i.id AS image_id,
       i.name AS name,
       i.owner AS owner,
       i.status AS status,
       i.visibility AS visibility,
       i.os_hidden AS os_hidden,
       i.protected AS protected,
       i.disk_format AS disk_format,
       i.container_format AS container_format,
       i.size AS size_bytes,
       i.virtual_size AS virtual_size_bytes,
       i.min_disk AS min_disk_gib,
       i.min_ram AS min_ram_mib,
       i.checksum AS checksum,
       i.os_hash_algo AS os_hash_algo,
       i.os_hash_value AS os_hash_value,
       i.created_at AS created_at,
       i.updated_at AS updated_at,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'os_distro' AND p.deleted = 0), s.os_distro) AS os_distro,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'os_version' AND p.deleted = 0), s.os_version) AS os_version,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'os_type' AND p.deleted = 0), s.os_type) AS os_type,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'architecture' AND p.deleted = 0), s.architecture) AS architecture,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'os_admin_user' AND p.deleted = 0), s.os_admin_user) AS os_admin_user,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'os_secure_boot' AND p.deleted = 0), s.os_secure_boot) AS os_secure_boot,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'img_family' AND p.deleted = 0), s.img_family) AS img_family,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'img_config_drive' AND p.deleted = 0), s.img_config_drive) AS img_config_drive,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'hypervisor_type' AND p.deleted = 0), s.hypervisor_type) AS hypervisor_type,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'vm_mode' AND p.deleted = 0), s.vm_mode) AS vm_mode,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'hw_disk_bus' AND p.deleted = 0), s.hw_disk_bus) AS hw_disk_bus,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'hw_scsi_model' AND p.deleted = 0), s.hw_scsi_model) AS hw_scsi_model,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'hw_cdrom_bus' AND p.deleted = 0), s.hw_cdrom_bus) AS hw_cdrom_bus,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'hw_vif_model' AND p.deleted = 0), s.hw_vif_model) AS hw_vif_model,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'hw_vif_multiqueue_enabled' AND p.deleted = 0), s.hw_vif_multiqueue_enabled) AS hw_vif_multiqueue_enabled,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'hw_machine_type' AND p.deleted = 0), s.hw_machine_type) AS hw_machine_type,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'hw_firmware_type' AND p.deleted = 0), s.hw_firmware_type) AS hw_firmware_type,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'hw_video_model' AND p.deleted = 0), s.hw_video_model) AS hw_video_model,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'hw_rng_model' AND p.deleted = 0), s.hw_rng_model) AS hw_rng_model,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'hw_tpm_model' AND p.deleted = 0), s.hw_tpm_model) AS hw_tpm_model,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'hw_qemu_guest_agent' AND p.deleted = 0), s.hw_qemu_guest_agent) AS hw_qemu_guest_agent,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'kernel_id' AND p.deleted = 0), s.kernel_id) AS kernel_id,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'ramdisk_id' AND p.deleted = 0), s.ramdisk_id) AS ramdisk_id,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'image_type' AND p.deleted = 0), s.image_type) AS image_type,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'instance_uuid' AND p.deleted = 0), s.instance_uuid) AS instance_uuid,
       IF(s.image_id IS NULL,
          (SELECT p.value FROM image_properties p WHERE p.image_id = i.id AND p.name = 'base_image_ref' AND p.deleted = 0), s.base_image_ref) AS base_image_ref,
       IF(s.image_id IS NULL,
          COALESCE((SELECT JSON_ARRAYAGG(t.value ORDER BY t.id) FROM image_tags t WHERE t.image_id = i.id AND t.deleted = 0), '[]'),
          s.tags) AS tags,
       IF(s.image_id IS NULL,
          COALESCE((SELECT JSON_OBJECTAGG(p.name, p.value) FROM image_properties p WHERE p.image_id = i.id AND p.deleted = 0), '{}'),
          s.properties) AS properties,
       IF(s.image_id IS NULL, 0,
          TIMESTAMPDIFF(SECOND, GREATEST(s.refreshed_at, COALESCE(
              (SELECT started_at FROM vitrine_report_passes WHERE report = 'images'), s.refreshed_at)), UTC_TIMESTAMP(6))) AS age_seconds
  FROM images i
  LEFT JOIN vitrine_report_images s
    ON s.image_id = i.id
   AND s.image_updated_at = COALESCE(i.updated_at, i.created_at)
   -- updated_at has whole seconds: a row that was refreshed within the same one may miss a second change in it.
   AND s.refreshed_at > COALESCE(i.updated_at, i.created_at) + INTERVAL 2 SECOND
 WHERE i.deleted = 0
