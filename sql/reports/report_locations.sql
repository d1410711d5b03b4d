-- report_locations: Where do the data of images lie?
--
-- One row for each location of an image. Deleted images and locations do not count. No part of a location that may be a credential is
-- shown: neither what stands before an @, nor a host that may be a user and a key, nor what follows ?, # or ; in a URL. Paths are shown
-- for file, http, https, rbd, swift, s3, cinder and vsphere alone. A location that is encrypted in the database, or that is no URL, is
-- shown as encrypted.
--
-- Columns
--   image_id            the image
--   name                its name
--   owner               the project that owns it, NULL if none does
--   image_status        the image's status
--   location_status     active, deleted or pending_delete
--   scheme              file, http, rbd and so on, in lower case; NULL if it is encrypted
--   store               the store that the location's metadata names, NULL if they name none
--   location            the URL without credentials, with *** in place of what is left out; encrypted if it is
--   size_bytes          the length of the image's data, NULL if unknown
--   created_at          when the location was added, UTC
--
-- Example
--   SELECT scheme, store, COUNT(*) AS locations, SUM(size_bytes) AS bytes FROM report_locations GROUP BY scheme, store
--   scheme | store | locations | bytes
--   file   | fast  | 812       | 1099511627776
--   rbd    | ceph  | 39120     | 52776558133248
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_locations AS
SELECT parts.image_id AS image_id,
       parts.name AS name,
       parts.owner AS owner,
       parts.image_status AS image_status,
       parts.location_status AS location_status,
       CASE WHEN parts.is_file THEN 'file' WHEN parts.is_url THEN parts.scheme END AS scheme,
       parts.store AS store,
       CASE
         -- A file name, without a host. Most locations are of this kind, so it comes first.
         WHEN parts.is_file THEN CONCAT('file://', parts.rest)
         WHEN NOT parts.is_url THEN 'encrypted'
         WHEN parts.scheme NOT IN ('file', 'filesystem', 'http', 'https', 'rbd', 'cinder', 'vsphere', 's3', 's3+http', 's3+https',
                                   'swift', 'swift+http', 'swift+https', 'swift+config')
           -- An @ behind ? # or ; may end credentials, or stand among the secrets of a query.
           OR LOCATE('?', parts.hidden) > 0 OR LOCATE('#', parts.hidden) > 0 OR LOCATE(';', parts.hidden) > 0
           -- Without an @, or behind the last one: a host with at most a port.
           OR NOT SUBSTRING_INDEX(parts.shown, '/', 1) REGEXP '^([A-Za-z0-9._-]*|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?\\z'
           THEN CONCAT(parts.scheme, '://***')
         ELSE CONCAT(parts.scheme, '://', IF(parts.hidden = '', '', '***@'), parts.shown)
       END AS location,
       parts.size_bytes AS size_bytes,
       parts.created_at AS created_at
  FROM (SELECT i.id AS image_id,
               i.name AS name,
               i.owner AS owner,
               i.status AS image_status,
               l.status AS location_status,
               l.value LIKE 'file:///%' AND l.value NOT LIKE 'file:////%' AS is_file,
               l.value REGEXP '^[A-Za-z][A-Za-z0-9+.-]{0,31}://' AS is_url,
               LOWER(SUBSTRING_INDEX(l.value, '://', 1)) AS scheme,
               SUBSTR(l.value, LOCATE('://', l.value) + 3) AS rest,
               -- What ends with the last @.
               LEFT(SUBSTR(l.value, LOCATE('://', l.value) + 3),
                    CHAR_LENGTH(SUBSTR(l.value, LOCATE('://', l.value) + 3)) - CHAR_LENGTH(SUBSTRING_INDEX(l.value, '@', -1)))
                 AS hidden,
               -- What follows the last @, up to a query, a fragment or a parameter.
               SUBSTRING_INDEX(SUBSTRING_INDEX(SUBSTRING_INDEX(
                 SUBSTRING_INDEX(SUBSTR(l.value, LOCATE('://', l.value) + 3), '@', -1), '?', 1), '#', 1), ';', 1) AS shown,
               COALESCE(JSON_VALUE(l.meta_data, '$.store'), IF(l.meta_data LIKE '%"backend"%', JSON_VALUE(l.meta_data, '$.backend'), NULL))
                 AS store,
               i.size AS size_bytes,
               l.created_at AS created_at
          FROM image_locations l
          JOIN images i ON i.id = l.image_id
         WHERE l.deleted = 0 AND i.deleted = 0) parts
