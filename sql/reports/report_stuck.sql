-- report_stuck: Which images do not get on, and why?
--
-- One row for each image that is late: queued for over a day; saving, uploading or importing for over an hour, or for over five minutes
-- while nobody holds a lease on it. Besides, each active image with stores that an import or a copy failed to reach, or is still to reach
-- after the same times. Uploads of a Glance beside this service have no lease. Deleted images do not count.
--
-- Columns
--   image_id            the image
--   name                its name
--   owner               the project that owns it, NULL if none does
--   status              queued, saving, uploading or importing; active for one that failed to reach a store
--   age_seconds         seconds since it changed last
--   bytes               the length of its data, or what is kept for it of its project's quota; NULL if unknown
--   reason              why it does not get on
--   worker              the process that holds or held it, NULL if none did
--   node                the address of the node that its task waits for, NULL if any may do it
--   task_id             its newest task, NULL if it has none
--   task_message        what that task says, without the rest of URLs
--   tries               how often its task was begun, NULL if no task waits
--   changed_at          when it changed last, UTC
--
-- Example
--   SELECT image_id, status, age_seconds, reason FROM report_stuck ORDER BY age_seconds DESC LIMIT 2
--   image_id                             | status    | age_seconds | reason
--   52c1a1c0-1f41-4dbb-9f0b-2f0f9d3f0e12 | queued    | 259200      | no data has been sent
--   0c7de1b2-55a0-4c39-b6cf-0a4be8d3b0aa | importing | 7260        | waits for its node, which was last seen 7190 seconds ago
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_stuck AS
SELECT i.id AS image_id,
       i.name AS name,
       i.owner AS owner,
       i.status AS status,
       TIMESTAMPDIFF(SECOND, COALESCE(i.updated_at, i.created_at), UTC_TIMESTAMP()) AS age_seconds,
       COALESCE(i.size, NULLIF(u.reserved, 0), NULLIF(j.reserved, 0)) AS bytes,
       CASE
         WHEN u.lease_until >= UTC_TIMESTAMP(6) THEN 'its data are still coming in'
         WHEN u.lease_until < UTC_TIMESTAMP(6) THEN
           CONCAT('the lease of its upload expired ', TIMESTAMPDIFF(SECOND, u.lease_until, UTC_TIMESTAMP(6)),
                  ' seconds ago; glance-tasks, which undoes it, does not run or cannot remove its data')
         WHEN j.lease_until >= UTC_TIMESTAMP(6) THEN 'its task is being done'
         WHEN j.node IS NOT NULL AND n.seen_at IS NULL THEN 'waits for its node, which has never been seen'
         WHEN j.node IS NOT NULL THEN
           CONCAT('waits for its node, which was last seen ', TIMESTAMPDIFF(SECOND, n.seen_at, UTC_TIMESTAMP(6)), ' seconds ago')
         WHEN j.tries = 0 THEN 'waits for glance-tasks, which does not run or has too much to do'
         WHEN j.tries > 0 THEN 'the process that did its task ended; glance-tasks is to begin again'
         WHEN c.image_id IS NOT NULL THEN 'waits for glance-tasks to fetch its data'
         WHEN i.status IN ('queued', 'active') AND failed.value <> '' THEN CONCAT('an import or copy failed for ', failed.value)
         WHEN i.status = 'queued' THEN 'no data has been sent'
         WHEN i.status = 'uploading' THEN 'its data are staged, and nobody has ordered the import'
         WHEN t.status IN ('pending', 'processing') THEN 'its task is with another Glance, or was left behind'
         WHEN i.status = 'active' THEN CONCAT('an import or copy ended before it reached ', unreached.value)
         ELSE 'nobody works on it: another Glance does, or it was left behind'
       END AS reason,
       NULLIF(COALESCE(u.worker, j.worker), '') AS worker,
       j.node AS node,
       t.id AS task_id,
       REGEXP_REPLACE(LEFT(ti.message, 1000), '://\\S+', '://...') AS task_message,
       j.tries AS tries,
       COALESCE(i.updated_at, i.created_at) AS changed_at
  FROM (SELECT w.id
          FROM images w
         WHERE w.deleted = 0 AND w.status IN ('queued', 'saving', 'uploading', 'importing')
           -- Every value, so that the index by visibility and status is used.
           AND w.visibility IN ('private', 'public', 'shared', 'community') AND w.os_hidden IN (0, 1)
         UNION
        SELECT m.image_id
          FROM image_properties m
         WHERE m.name IN ('os_glance_importing_to_stores', 'os_glance_failed_import') AND m.value > '' AND m.deleted = 0) late
  JOIN images i ON i.id = late.id
  LEFT JOIN vitrine_uploads u ON u.image_id = i.id
  LEFT JOIN vitrine_jobs j ON j.image_id = i.id
  LEFT JOIN vitrine_nodes n ON n.node = j.node
  LEFT JOIN vitrine_copies c ON c.image_id = i.id
  LEFT JOIN image_properties unreached
    ON unreached.image_id = i.id AND unreached.name = 'os_glance_importing_to_stores' AND unreached.deleted = 0
  LEFT JOIN image_properties failed ON failed.image_id = i.id AND failed.name = 'os_glance_failed_import' AND failed.deleted = 0
  LEFT JOIN tasks t
    ON t.id = COALESCE(j.task_id, (SELECT o.id FROM tasks o WHERE o.image_id = i.id AND o.deleted = 0 ORDER BY o.created_at DESC LIMIT 1))
  LEFT JOIN task_info ti ON ti.task_id = t.id
 WHERE i.deleted = 0
   AND CASE
         WHEN i.status = 'queued' THEN COALESCE(i.updated_at, i.created_at) < UTC_TIMESTAMP() - INTERVAL 1 DAY
         WHEN i.status NOT IN ('saving', 'uploading', 'importing', 'active') THEN FALSE
         WHEN u.lease_until >= UTC_TIMESTAMP(6) OR j.lease_until >= UTC_TIMESTAMP(6) THEN
           COALESCE(i.updated_at, i.created_at) < UTC_TIMESTAMP() - INTERVAL 1 HOUR
         ELSE COALESCE(i.updated_at, i.created_at) < UTC_TIMESTAMP() - INTERVAL 5 MINUTE
       END
