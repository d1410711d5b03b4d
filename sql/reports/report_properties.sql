-- report_properties: Which properties does each image have?
--
-- One row for each property of an image that is not deleted. Deleted properties do not count.
--
-- Columns
--   image_id    the image
--   image_name  its name
--   owner       the project that owns it, NULL if none does
--   status      its status, such as active
--   name        the name of the property
--   value       its value, a text
--
-- Example
--   SELECT image_id, name, value FROM report_properties WHERE name = 'os_distro' AND value = 'debian' ORDER BY image_id LIMIT 2
--   image_id                             | name      | value
--   0017f3f9-ba57-4bf5-ab3b-8a2b8a3a7f19 | os_distro | debian
--   00c1b8ad-7a0c-47a4-a5f5-0a7a8d4f2a51 | os_distro | debian
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_properties AS
SELECT p.image_id AS image_id,
       i.name AS image_name,
       i.owner AS owner,
       i.status AS status,
       p.name AS name,
       p.value AS value
  -- A report of all rows is fastest along the table of properties, and one of an owner along that owner's images. By the form of the two
  -- conditions on `deleted` MariaDB takes the first way unless a query has a condition on the image. `updated_at` is in no index: without that
  -- condition, which is always true, a count goes along the index of names and values, where the images come in no order.
  FROM image_properties p
  LEFT JOIN images i ON i.id = p.image_id
 WHERE p.deleted IS FALSE AND (p.updated_at IS NULL OR p.id > 0) AND COALESCE(i.deleted, 1) = 0
