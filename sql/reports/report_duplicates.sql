-- report_duplicates: Which images have the same data, and how many bytes does that waste?
--
-- One row for each digest that several images have. Deleted images do not count. Images are compared by their second digest (os_hash_value),
-- those without one by their MD5; an image with both and one with MD5 alone are not compared.
--
-- Columns
--   digest_algorithm  sha512, or another second digest; md5
--   digest            the digest
--   images            the number of images with it
--   owners            the number of projects that own them
--   size_bytes        the size of one of them
--   wasted_bytes      the sizes of all but one of them
--   first_created_at  when the oldest was created, UTC
--   last_created_at   when the newest was created, UTC
--
-- Example
--   SELECT digest, images, size_bytes, wasted_bytes FROM report_duplicates WHERE digest_algorithm = 'md5' ORDER BY wasted_bytes DESC LIMIT 2
--   digest                           | images | size_bytes | wasted_bytes
--   2c1743a391305fbf367df8e4f069f9f9 | 4      | 2361393152 | 7084179456
--   5d41402abc4b2a76b9719d911017c592 | 2      | 611450880  | 611450880
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_duplicates AS
SELECT MIN(i.os_hash_algo) AS digest_algorithm,
       i.os_hash_value AS digest,
       COUNT(*) AS images,
       COUNT(DISTINCT i.owner) + MAX(i.owner IS NULL) AS owners,
       MAX(i.size) AS size_bytes,
       SUM(i.size) - MAX(i.size) AS wasted_bytes,
       MIN(i.created_at) AS first_created_at,
       MAX(i.created_at) AS last_created_at
  -- The index alone says which digests occur more than once. Only the images of these are read.
  FROM (SELECT os_hash_value FROM images WHERE os_hash_value IS NOT NULL GROUP BY os_hash_value HAVING COUNT(*) > 1) AS twice
  STRAIGHT_JOIN images i ON i.os_hash_value = twice.os_hash_value
 WHERE i.deleted = 0
 GROUP BY i.os_hash_algo, i.os_hash_value
HAVING COUNT(*) > 1
 UNION ALL
SELECT 'md5', i.checksum, COUNT(*), COUNT(DISTINCT i.owner) + MAX(i.owner IS NULL), MAX(i.size), SUM(i.size) - MAX(i.size),
       MIN(i.created_at), MAX(i.created_at)
  FROM images i
 WHERE i.deleted = 0 AND i.os_hash_value IS NULL AND i.checksum IS NOT NULL
 GROUP BY i.checksum
HAVING COUNT(*) > 1
