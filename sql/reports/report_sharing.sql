-- report_sharing: Which images are shared with which projects, and did those accept?
--
-- One row for each project that an image is shared with. Sharing has an effect while the image's visibility is shared. Deleted images
-- and ended memberships do not count. The view shows members of all projects, so it is for operators.
--
-- Columns
--   image_id            the image
--   name                its name
--   owner               the project that owns it, NULL if none does
--   visibility          its visibility; a member sees it if this is shared
--   member              the project that it is shared with
--   status              pending, accepted or rejected: what the member said
--   shared_since        when the image was shared with the member, UTC
--   changed_at          when the status changed last, UTC
--
-- Example
--   SELECT image_id, owner, member, status, shared_since FROM report_sharing WHERE status = 'pending' ORDER BY shared_since LIMIT 2
--   image_id                             | owner | member | status  | shared_since
--   9b1f2ad4-8a52-4d2f-8a0c-6f2f6d3b7c11 | acme  | bolt   | pending | 2026-11-02 09:14:55
--   0c7de1b2-55a0-4c39-b6cf-0a4be8d3b0aa | acme  | cloud  | pending | 2026-11-17 16:40:02
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_sharing AS
SELECT i.id AS image_id,
       i.name AS name,
       i.owner AS owner,
       i.visibility AS visibility,
       m.member AS member,
       m.status AS status,
       m.created_at AS shared_since,
       m.updated_at AS changed_at
  FROM image_members m
  JOIN images i ON i.id = m.image_id
 WHERE m.deleted = 0 AND i.deleted = 0
