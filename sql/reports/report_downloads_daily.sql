-- report_downloads_daily: Who downloaded what on which day, by which way, and how many bytes went out?
--
-- One row for each day, image, project and method, from nginx's log of what was sent. Each transfer counts in exactly one of downloads,
-- ranges and incomplete. Images that were deleted since count; those that were purged too, without name and owner. Days before
-- [vitrine] use_kept are gone. Constrain day: the view reads the rows of these days alone.
--
-- Columns
--   day         the day, UTC
--   image_id    the image
--   image_name  its name, NULL if it has none or was purged
--   owner       the project that owns it, NULL if none does or it was purged
--   project     the project that downloaded, empty for callers without one
--   method      v1 or v2: sent from a store by that API; cache: by either from a node's image cache
--   downloads   transfers of the whole image that arrived whole
--   ranges      transfers of a part that arrived whole
--   incomplete  transfers that broke off
--   bytes       the bytes of all of them
--   callers     different users of the project among them
--   last_at     the time of the last one, UTC
--
-- Example
--   SELECT day, image_name, project, method, downloads, bytes FROM report_downloads_daily
--     WHERE day >= UTC_DATE() - INTERVAL 7 DAY ORDER BY bytes DESC LIMIT 2
--   day        | image_name         | project | method | downloads | bytes
--   2026-11-29 | debian-12-amd64    | bolt    | v2     | 12        | 4152360960
--   2026-11-28 | ubuntu-24.04-server | acme   | cache  | 3         | 1834352640
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_downloads_daily AS
SELECT g.day AS day,
       g.image_id AS image_id,
       i.name AS image_name,
       i.owner AS owner,
       g.project AS project,
       g.method AS method,
       g.downloads AS downloads,
       g.ranges AS ranges,
       g.incomplete AS incomplete,
       g.bytes AS bytes,
       g.callers AS callers,
       g.last_at AS last_at
  -- The groups are read in the order of the primary key, in which each user of a group has one row. The images are joined to the groups, not
  -- to the rows, and a condition on the image or the day reaches the table.
  FROM (
    SELECT d.day AS day,
           d.image_id AS image_id,
           d.project AS project,
           d.method AS method,
           SUM(d.downloads) AS downloads,
           SUM(d.ranges) AS ranges,
           SUM(d.incomplete) AS incomplete,
           SUM(d.bytes) AS bytes,
           COUNT(*) AS callers,
           MAX(d.last_at) AS last_at
      FROM vitrine_downloads d
     GROUP BY d.day, d.image_id, d.project, d.method
  ) g
  LEFT JOIN images i ON i.id = g.image_id
