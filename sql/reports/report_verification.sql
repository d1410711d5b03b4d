-- report_verification: When was each store last verified, and what was found?
--
-- One row a store: the last verification of it that was not restricted to one image. The staging area and the image cache are rows named
-- `staging` and `cache`; the row with an empty name has what belongs to no store. Findings that were repaired do not count as open. While
-- a verification runs, or after it was interrupted, its figures are those so far.
--
-- Columns
--   store                    the store; empty for what belongs to none
--   verification             the number of the verification
--   kind                     command (glance-manage store verify) or scrub (glance-tasks)
--   is_quick                 1 when no data was read
--   started_at               when it began (UTC)
--   ended_at                 when it ended (UTC); NULL while it is not complete, and for a store that was given up
--   last_verified_at         when a verification that read data last ended (UTC); NULL for never
--   images                   locations of images that were compared
--   files                    files that were compared
--   read_bytes               bytes that were read and digested
--   open_findings            findings that are not repaired
--   repaired_findings        findings that are repaired
--   orphan_file              open findings: files that no record has
--   missing_file             open findings: locations without a file
--   size_mismatch            open findings: data of another size than recorded
--   checksum_mismatch        open findings: data with another MD5 than recorded
--   hash_mismatch            open findings: data with another multihash than recorded
--   unfinished_file          open findings: unfinished files of uploads that ended
--   staged_leftover          open findings: staged files that no image waits for
--   wrong_permissions        open findings: files that the service or nginx cannot read, or of another owner
--   shared_file              open findings: files that several images have
--   unknown_folder           open findings: locations in a folder of no store
--   no_location              open findings: active images without a location
--   cache_orphan             open findings: cached files whose image is gone
--   wrong_format             open findings: data that is not of its disk format
--   not_verified             open findings: data, or stores, that could not be compared
--
-- Example
--   SELECT store, last_verified_at, images, read_bytes, open_findings, checksum_mismatch FROM report_verification ORDER BY store
--   store | last_verified_at           | images | read_bytes  | open_findings | checksum_mismatch
--   fast  | 2026-11-29 12:00:00.000000 | 10000  | 42949672960 | 2             | 1
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_verification AS
SELECT s.store,
       v.id AS verification,
       v.kind,
       v.is_quick,
       v.started_at,
       s.ended_at,
       (SELECT MAX(earlier.ended_at)
          FROM vitrine_verification_stores earlier JOIN vitrine_verifications run ON run.id = earlier.run
         WHERE earlier.store = s.store AND run.image_id IS NULL AND run.is_quick = 0) AS last_verified_at,
       s.images,
       s.files,
       s.bytes AS read_bytes,
       COUNT(f.id) - COUNT(f.repaired_at) AS open_findings,
       COUNT(f.repaired_at) AS repaired_findings,
       COALESCE(SUM(f.kind = 'orphan_file' AND f.repaired_at IS NULL), 0) AS orphan_file,
       COALESCE(SUM(f.kind = 'missing_file' AND f.repaired_at IS NULL), 0) AS missing_file,
       COALESCE(SUM(f.kind = 'size_mismatch' AND f.repaired_at IS NULL), 0) AS size_mismatch,
       COALESCE(SUM(f.kind = 'checksum_mismatch' AND f.repaired_at IS NULL), 0) AS checksum_mismatch,
       COALESCE(SUM(f.kind = 'hash_mismatch' AND f.repaired_at IS NULL), 0) AS hash_mismatch,
       COALESCE(SUM(f.kind = 'unfinished_file' AND f.repaired_at IS NULL), 0) AS unfinished_file,
       COALESCE(SUM(f.kind = 'staged_leftover' AND f.repaired_at IS NULL), 0) AS staged_leftover,
       COALESCE(SUM(f.kind = 'wrong_permissions' AND f.repaired_at IS NULL), 0) AS wrong_permissions,
       COALESCE(SUM(f.kind = 'shared_file' AND f.repaired_at IS NULL), 0) AS shared_file,
       COALESCE(SUM(f.kind = 'unknown_folder' AND f.repaired_at IS NULL), 0) AS unknown_folder,
       COALESCE(SUM(f.kind = 'no_location' AND f.repaired_at IS NULL), 0) AS no_location,
       COALESCE(SUM(f.kind = 'cache_orphan' AND f.repaired_at IS NULL), 0) AS cache_orphan,
       COALESCE(SUM(f.kind = 'wrong_format' AND f.repaired_at IS NULL), 0) AS wrong_format,
       COALESCE(SUM(f.kind = 'not_verified' AND f.repaired_at IS NULL), 0) AS not_verified
  FROM vitrine_verification_stores s
  JOIN vitrine_verifications v ON v.id = s.run
  LEFT JOIN vitrine_verification_findings f ON f.run = s.run AND f.store = s.store
 WHERE s.run = (SELECT MAX(latest.run)
                  FROM vitrine_verification_stores latest JOIN vitrine_verifications run ON run.id = latest.run
                 WHERE latest.store = s.store AND run.image_id IS NULL)
 GROUP BY s.run, s.store
