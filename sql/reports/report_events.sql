-- report_events: Who did what to images, members, tasks and metadata definitions?
--
-- One row for each notification of the last `[vitrine] events_kept` days; none while that is 0, its default. Events that
-- `[DEFAULT] disabled_notifications` names are not kept. The view shows projects and members of all images, so it is for operators.
--
-- Columns
--   event_id            the number of the event, in their order
--   happened_at         when it happened, UTC, in microseconds
--   event_type          what happened, such as image.create or image.send
--   priority            INFO; ERROR for what failed
--   project             the project of the user who did it, or whose task did; NULL if unknown
--   user                that user, NULL if unknown
--   image_id            the image, NULL if it is about none
--   image_name          the image's name then, NULL if unknown
--   image_status        the image's status then, NULL if unknown
--   image_owner         the project that owned the image then, NULL if unknown
--   member              the project that it was shared with, for image.member events
--   bytes               the bytes that were sent, for image.send; the length of the image's data for others, NULL if unknown
--   message             why it failed, without the rest of URLs; NULL if it did not
--   request_id          the request that did it or ordered it, NULL if unknown
--   payload             what was told, as JSON, without the image's properties, which may hold passwords
--
-- Example
--   SELECT happened_at, user, event_type, image_id FROM report_events WHERE event_type = 'image.delete' ORDER BY happened_at DESC LIMIT 1
--   happened_at                | user  | event_type   | image_id
--   2026-11-28 17:20:31.402193 | alice | image.delete | 9b1f2ad4-8a52-4d2f-8a0c-6f2f6d3b7c11
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_events AS
SELECT e.id AS event_id,
       e.happened_at AS happened_at,
       e.event_type AS event_type,
       e.priority AS priority,
       e.project AS project,
       e.user AS user,
       e.image_id AS image_id,
       IF(e.event_type LIKE 'image.%', JSON_VALUE(e.payload, '$.name'), NULL) AS image_name,
       IF(e.event_type LIKE 'image.%' AND e.event_type NOT LIKE 'image.member.%', JSON_VALUE(e.payload, '$.status'), NULL) AS image_status,
       IF(e.event_type LIKE 'image.%', COALESCE(JSON_VALUE(e.payload, '$.owner'), JSON_VALUE(e.payload, '$.owner_id')), NULL) AS image_owner,
       JSON_VALUE(e.payload, '$.member_id') AS member,
       CAST(IF(e.event_type = 'image.send', JSON_VALUE(e.payload, '$.bytes_sent'), JSON_VALUE(e.payload, '$.size')) AS SIGNED) AS bytes,
       IF(LEFT(e.payload, 1) = '"', REGEXP_REPLACE(LEFT(JSON_UNQUOTE(e.payload), 1000), '://\\S+', '://...'), NULL) AS message,
       e.request_id AS request_id,
       IF(LEFT(e.payload, 1) = '"', NULL, JSON_REMOVE(e.payload, '$.properties')) AS payload
  FROM vitrine_events e
