-- report_public_catalogue: Which images may every project use?
--
-- One row for each active image that is public or community and not hidden.
--
-- Columns
--   image_id            the image
--   name                its name
--   visibility          public or community
--   owner               the project that owns it, NULL if none does
--   os_distro           its property os_distro, NULL if it has none
--   os_version          its property os_version
--   architecture        its property architecture
--   disk_format         the format of its data, such as qcow2
--   container_format    the format round its data, such as bare
--   size_bytes          the length of its data
--   virtual_size_bytes  the size of the disk that it describes, NULL if unknown
--   min_disk_gib        the least disk of a server that uses it
--   min_ram_mib         the least memory of such a server
--   protected           1 if it cannot be deleted
--   checksum            the MD5 digest of its data
--   os_hash_algo        the name of the second digest, such as sha512
--   os_hash_value       the second digest
--   created_at          when it was created, UTC
--   updated_at          when it changed last, UTC
--
-- Example
--   SELECT name, os_distro, os_version, size_bytes FROM report_public_catalogue WHERE visibility = 'public' ORDER BY name LIMIT 2
--   name                | os_distro | os_version | size_bytes
--   debian-12-amd64     | debian    | 12         | 346030080
--   ubuntu-24.04-server | ubuntu    | 24.04      | 611450880
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_public_catalogue AS
SELECT i.id AS image_id,
       i.name AS name,
       i.visibility AS visibility,
       i.owner AS owner,
       distro.value AS os_distro,
       version.value AS os_version,
       architecture.value AS architecture,
       i.disk_format AS disk_format,
       i.container_format AS container_format,
       i.size AS size_bytes,
       i.virtual_size AS virtual_size_bytes,
       i.min_disk AS min_disk_gib,
       i.min_ram AS min_ram_mib,
       i.protected AS protected,
       i.checksum AS checksum,
       i.os_hash_algo AS os_hash_algo,
       i.os_hash_value AS os_hash_value,
       i.created_at AS created_at,
       i.updated_at AS updated_at
  FROM images i
  LEFT JOIN image_properties distro ON distro.image_id = i.id AND distro.name = 'os_distro' AND distro.deleted = 0
  LEFT JOIN image_properties version ON version.image_id = i.id AND version.name = 'os_version' AND version.deleted = 0
  LEFT JOIN image_properties architecture
    ON architecture.image_id = i.id AND architecture.name = 'architecture' AND architecture.deleted = 0
 WHERE i.visibility IN ('public', 'community') AND i.status = 'active' AND i.os_hidden = 0 AND i.deleted = 0
