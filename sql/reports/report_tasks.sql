-- report_tasks: Which imports and other tasks were ordered, how did they end, and how fast were they?
--
-- One row for each task that is not deleted, whether it has ended or not. A task that ended is deleted `[task] task_time_to_live` hours
-- after its end.
--
-- Columns
--   task_id             the task
--   type                what it does, such as api_image_import
--   outcome             success or failure; NULL while it has not ended
--   status              pending, processing, success or failure
--   owner               the project that ordered it
--   user                the user who ordered it, NULL if unknown
--   image_id            the image that it makes or changes, NULL if it has none
--   duration_seconds    seconds from its order to its end, or to now while it has not ended
--   bytes               the bytes that it brought: the length of the image's data, or what a task under way reports; NULL if unknown
--   bytes_per_second    bytes divided by duration_seconds, the time of waiting included; NULL if either is unknown or zero
--   message             what it says, such as why it failed, without the rest of URLs
--   request_id          the request that ordered it, NULL if unknown
--   created_at          when it was ordered, UTC
--   ended_at            when it ended, UTC; NULL while it has not
--
-- Example
--   SELECT type, outcome, COUNT(*) AS tasks, ROUND(AVG(duration_seconds)) AS seconds FROM report_tasks GROUP BY type, outcome
--   type             | outcome | tasks | seconds
--   api_image_import | success | 212   | 34
--   api_image_import | failure | 3     | 12
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_tasks AS
SELECT told.task_id AS task_id,
       told.type AS type,
       told.outcome AS outcome,
       told.status AS status,
       told.owner AS owner,
       told.user AS user,
       told.image_id AS image_id,
       told.duration_seconds AS duration_seconds,
       told.bytes AS bytes,
       ROUND(NULLIF(told.bytes, 0) / NULLIF(told.duration_seconds, 0)) AS bytes_per_second,
       told.message AS message,
       told.request_id AS request_id,
       told.created_at AS created_at,
       told.ended_at AS ended_at
  FROM (SELECT t.id AS task_id,
               t.type AS type,
               IF(t.status IN ('success', 'failure'), t.status, NULL) AS outcome,
               t.status AS status,
               t.owner AS owner,
               t.user_id AS user,
               COALESCE(t.image_id, JSON_VALUE(ti.result, '$.image_id')) AS image_id,
               TIMESTAMPDIFF(SECOND, t.created_at, IF(t.status IN ('success', 'failure'), t.updated_at, UTC_TIMESTAMP()))
                 AS duration_seconds,
               CASE t.status WHEN 'success' THEN i.size ELSE CAST(JSON_VALUE(ti.result, '$.bytes_done') AS SIGNED) END AS bytes,
               REGEXP_REPLACE(LEFT(ti.message, 1000), '://\\S+', '://...') AS message,
               t.request_id AS request_id,
               t.created_at AS created_at,
               IF(t.status IN ('success', 'failure'), t.updated_at, NULL) AS ended_at
          FROM tasks t
          LEFT JOIN task_info ti ON ti.task_id = t.id
          LEFT JOIN images i ON i.id = COALESCE(t.image_id, JSON_VALUE(ti.result, '$.image_id'))
         WHERE t.deleted = 0) told
