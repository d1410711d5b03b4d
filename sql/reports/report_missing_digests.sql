-- report_missing_digests: Whose data cannot be verified, or only by another algorithm than sha512?
--
-- One row for each active image without an MD5 digest, without a second digest, or whose second digest is not sha512, Glance's default.
-- Images of which only the location of their data was given often have none. Deleted images do not count.
--
-- Columns
--   image_id            the image
--   name                its name
--   owner               the project that owns it, NULL if none does
--   problem             no digest, no checksum, no os_hash_value, or the name of another algorithm
--   size_bytes          the length of its data, NULL if unknown
--   checksum            its MD5 digest, NULL if missing
--   os_hash_algo        the name of its second digest, NULL if missing
--   os_hash_value       its second digest, NULL if missing
--   created_at          when it was created, UTC
--
-- Example
--   SELECT problem, COUNT(*) AS images, SUM(size_bytes) AS bytes FROM report_missing_digests GROUP BY problem ORDER BY problem
--   problem          | images | bytes
--   no digest        | 4      | 2415919104
--   no os_hash_value | 1210   | 5129301131264
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_missing_digests AS
SELECT i.id AS image_id,
       i.name AS name,
       i.owner AS owner,
       CASE
         WHEN COALESCE(i.checksum, '') = '' AND COALESCE(i.os_hash_value, '') = '' THEN 'no digest'
         WHEN COALESCE(i.checksum, '') = '' THEN 'no checksum'
         WHEN COALESCE(i.os_hash_value, '') = '' OR COALESCE(i.os_hash_algo, '') = '' THEN 'no os_hash_value'
         ELSE i.os_hash_algo
       END AS problem,
       i.size AS size_bytes,
       i.checksum AS checksum,
       i.os_hash_algo AS os_hash_algo,
       i.os_hash_value AS os_hash_value,
       i.created_at AS created_at
  FROM images i
 WHERE i.status = 'active' AND i.deleted = 0
   AND (i.checksum IS NULL OR i.checksum = '' OR i.os_hash_value IS NULL OR i.os_hash_value = ''
        OR i.os_hash_algo IS NULL OR i.os_hash_algo <> 'sha512')
