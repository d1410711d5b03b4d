"""Fills a database as an old, large cloud has it: images, properties, tags, members, locations, tasks and recorded downloads."""
import datetime

YEARS = 5
# Out of a thousand images, how many have a property, and its values: an expression over `h`, a hash of image and name, and `n`, the image's number.
PROPERTIES = [
    ('os_distro',                        900, "ELT(1 + POW(h % 1000 / 1000, 2) * 12, 'ubuntu', 'debian', 'rhel', 'windows', 'fedora', 'rocky', 'centos', 'sles', 'arch', 'alma', 'freebsd', 'cirros')"),
    ('os_version',                       850, "CONCAT(8 + h % 17, '.', ELT(1 + h DIV 64 % 3, '04', '10', '0'))"),
    ('architecture',                     800, "ELT(1 + (h % 20 > 17) + (h % 20 > 18), 'x86_64', 'aarch64', 'ppc64le')"),
    ('os_type',                          450, "IF(h % 5, 'linux', 'windows')"),
    ('os_admin_user',                    300, "ELT(1 + h % 5, 'ubuntu', 'debian', 'root', 'cloud-user', 'Administrator')"),
    ('img_family',                       150, "CONCAT('family-', h % 200)"),
    ('hw_disk_bus',                      500, "ELT(1 + h % 3, 'virtio', 'scsi', 'sata')"),
    ('hw_scsi_model',                    200, "'virtio-scsi'"),
    ('hw_vif_model',                     400, "ELT(1 + (h % 10 > 8), 'virtio', 'e1000')"),
    ('hw_machine_type',                  250, "IF(h % 3, 'q35', 'pc')"),
    ('hw_firmware_type',                 250, "IF(h % 2, 'uefi', 'bios')"),
    ('hw_video_model',                   150, "ELT(1 + h % 3, 'virtio', 'qxl', 'vga')"),
    ('hw_qemu_guest_agent',              350, "ELT(1 + h % 2, 'yes', 'no')"),
    ('hypervisor_type',                   80, "ELT(1 + h % 2, 'qemu', 'kvm')"),
    ('img_hide_hypervisor_id',            30, "'true'"),
    ('img_config_drive',                  60, "ELT(1 + h % 2, 'optional', 'mandatory')"),
    ('kernel_id',                         20, "CONCAT(LEFT(MD5(h), 8), '-1111-4222-a333-', LEFT(MD5(n), 12))"),
    ('ramdisk_id',                        20, "CONCAT(LEFT(MD5(h), 8), '-1111-4222-a333-', LEFT(MD5(n), 12))"),
    ('image_type',                       180, "'snapshot'"),
    ('instance_uuid',                    180, "CONCAT(LEFT(MD5(h), 8), '-1111-4222-a333-', LEFT(MD5(n), 12))"),
    ('base_image_ref',                   180, "CONCAT(LEFT(MD5(h % 2000), 8), '-1111-4222-a333-', LEFT(MD5(h % 2000), 12))"),
    ('user_id',                          180, "MD5(h % 3000)"),
    ('owner_specified.openstack.md5',    200, "''"),
    ('owner_specified.openstack.sha256', 200, "SHA2(n, 256)"),
    ('owner_specified.openstack.object', 200, "CONCAT('images/image-', n)"),
    ('build_id',                         250, "CONCAT('build-', n)"),
    ('description',                      100, "CONCAT('Image \"', n, '\" of the nightly build ', REPEAT('lorem ipsum ', h % 20))"),
    ('license',                            1, "REPEAT('A long text with \"quotes\" and \\\\ in it. ', 1 + h % 1500)"),
]


def identifier(number):
    digest = f"MD5(CONCAT('img', {number}))"
    return f"CONCAT(SUBSTR({digest}, 1, 8), '-', SUBSTR({digest}, 9, 4), '-4', SUBSTR({digest}, 14, 3), '-a', SUBSTR({digest}, 18, 3), '-', SUBSTR({digest}, 21, 12))"


# The status of an image, of `deleted_at` and its hashes `b` and `c`.
STATUS = """CASE WHEN deleted_at IS NOT NULL THEN IF(b % 20, 'deleted', 'pending_delete')
                            ELSE ELT(1 + (c % 1000 > 920) + (c % 1000 > 960) + (c % 1000 > 980) + (c % 1000 > 988) + (c % 1000 > 992) + (c % 1000 > 996),
                                     'active', 'queued', 'deactivated', 'killed', 'saving', 'uploading', 'importing') END"""


def images_of(numbered, owner):
    """Inserts an image for each row of a table with the columns n, id, a, b, c (hashes of n), created_at and deleted_at.

    Sizes are from 1 MB to 64 GB, most of them small.
    """
    return f'''INSERT INTO images (id, name, size, status, created_at, updated_at, deleted_at, deleted, disk_format, container_format, checksum,
                               owner, min_disk, min_ram, protected, virtual_size, visibility, os_hidden, os_hash_algo, os_hash_value)
        SELECT id, CONCAT('image-', n), IF(state IN ('queued', 'killed'), NULL, size), state, created_at,
               created_at + INTERVAL b % 86400 SECOND, deleted_at, deleted_at IS NOT NULL,
               ELT(1 + c % 10 DIV 4, 'qcow2', 'raw', 'iso'), 'bare', IF(hashed, MD5(digest), NULL),
               {owner}, c % 40, c % 3 * 1024, a % 50 = 0,
               IF(hashed, size * 3, NULL), ELT(1 + (b % 100 < 40) + (b % 100 < 8) + (b % 100 < 3), 'private', 'shared', 'community', 'public'),
               a % 40 = 0, IF(hashed, 'sha512', NULL), IF(hashed, SHA2(digest, 512), NULL)
          FROM (SELECT *, FLOOR(1000000 * POW(2, a % 1600 / 100)) AS size, IF(b % 12 = 0, n - n % 30, n) AS digest,
                       {STATUS} AS state,
                       deleted_at IS NOT NULL OR c % 1000 <= 920 OR c % 1000 BETWEEN 961 AND 980 AS hashed
                  FROM {numbered}) AS made'''


def statements(images, properties, deleted, projects, members, downloads, now=None):
    """Yields what is filled and the statement that does it; statements are to be run in this order, on an empty database."""
    now = (now or datetime.datetime.utcnow()).strftime('%Y-%m-%d %H:%M:%S')
    step = YEARS * 365 * 86400 / images
    yield 'session', "SET SESSION sql_mode = '', foreign_key_checks = 0, unique_checks = 0, sql_log_bin = 0, collation_connection = utf8mb3_general_ci"
    yield 'numbers', f'''CREATE TEMPORARY TABLE numbered (PRIMARY KEY (n)) AS
        SELECT seq AS n, {identifier('seq')} AS id, CRC32(CONCAT('a', seq)) AS a, CRC32(CONCAT('b', seq)) AS b, CRC32(CONCAT('c', seq)) AS c,
               '{now}' - INTERVAL FLOOR({YEARS} * 365 * 86400 - seq * {step} + 600) SECOND AS created_at, NULL AS deleted_at
          FROM seq_1_to_{images}'''
    yield 'deletions', f'''ALTER TABLE numbered MODIFY deleted_at DATETIME NULL, MODIFY id VARCHAR(36) CHARACTER SET utf8mb3 NOT NULL'''
    yield 'deletions', f'''UPDATE numbered
           SET deleted_at = created_at + INTERVAL FLOOR(b % 100000 / 100000 * TIMESTAMPDIFF(SECOND, created_at, '{now}')) SECOND
         WHERE a % {images} < {deleted}'''
    # Projects are skewed by a cube; one image of 200 has no owner.
    yield 'images', images_of('numbered', f"IF(b % 200 = 0, NULL, MD5(CONCAT('project', FLOOR(POW(c % 10007 / 10007, 3) * {projects}))))")
    yield 'property names', '''CREATE TEMPORARY TABLE named (number INT PRIMARY KEY, name VARCHAR(255) CHARACTER SET utf8mb3, part INT)'''
    scale = properties / images / (sum(part for _, part, _ in PROPERTIES) / 1000)
    rows = ', '.join(f"({number}, '{name}', {min(1000, part * scale)})" for number, (name, part, _) in enumerate(PROPERTIES))
    yield 'property names', f'INSERT INTO named VALUES {rows}'
    values = ' '.join(f"WHEN {number} THEN {value}" for number, (_, _, value) in enumerate(PROPERTIES))
    piece = 20000
    for first in range(1, images + 1, piece):
        # Properties of an image lie beside each other, as Glance inserts them.
        yield 'properties', f'''INSERT INTO image_properties (image_id, name, value, created_at, updated_at, deleted_at, deleted)
            SELECT id, name, CASE number {values} END, created_at, NULL, IF(gone, COALESCE(deleted_at, created_at + INTERVAL 1 HOUR), NULL), gone
              FROM (SELECT i.*, p.number, p.name, CRC32(CONCAT(p.name, i.n)) AS h, i.deleted_at IS NOT NULL OR (i.a + p.number) % 50 = 0 AS gone
                      FROM numbered i, named p
                     WHERE i.n BETWEEN {first} AND {first + piece - 1} AND CRC32(CONCAT('has', p.name, i.n)) % 1000 < p.part) AS made
             ORDER BY n, number'''
    yield 'tags', '''INSERT INTO image_tags (image_id, value, created_at, updated_at, deleted_at, deleted)
        SELECT id, CONCAT('tag-', (a DIV 7 + t.seq * 37) % 500), created_at, NULL, deleted_at, deleted_at IS NOT NULL
          FROM numbered, seq_1_to_3 t WHERE b % 4 >= t.seq ORDER BY n'''
    yield 'members', f'''INSERT INTO image_members (image_id, member, can_share, status, created_at, updated_at, deleted_at, deleted)
        SELECT id, MD5(CONCAT('project', (a + t.seq) % {projects})), 0, ELT(1 + a % 3, 'accepted', 'pending', 'rejected'), created_at, NULL,
               deleted_at, deleted_at IS NOT NULL
          FROM numbered, seq_1_to_6 t WHERE b % 100 BETWEEN 8 AND 39 AND c % {max(1, round(images * 0.32 * 6 / max(members, 1)))} = 0 ORDER BY n'''
    # A second store has every fifth image too; a third has every tenth alone. Old locations name no store.
    yield 'locations', '''INSERT INTO image_locations (image_id, value, created_at, updated_at, deleted_at, deleted, meta_data, status)
        SELECT i.id, CONCAT(IF(s.seq = 2, 'rbd://fsid/images/', 'file:///var/lib/glance/images/'), i.id, IF(s.seq = 2, '/snap', '')), i.created_at, NULL,
               i.deleted_at, i.deleted, ELT(s.seq, IF(n.n % 7, '{"store": "fast"}', '{}'), '{"store": "ceph"}', '{"store": "archive"}'),
               IF(i.deleted, i.status, 'active')
          FROM numbered n JOIN images i ON i.id = n.id, seq_1_to_3 s
         WHERE i.status IN ('active', 'deactivated', 'deleted', 'pending_delete')
           AND ((s.seq = 1 AND n.n % 10) OR (s.seq = 2 AND n.n % 5 = 0) OR (s.seq = 3 AND n.n % 10 = 0)) ORDER BY n.n'''
    yield 'tasks', '''INSERT INTO tasks (id, type, status, owner, expires_at, created_at, updated_at, deleted, image_id, request_id, user_id)
        SELECT REPLACE(id, '-4', '-5'), 'api_image_import', ELT(1 + (a % 20 > 17) + (a % 20 > 18), 'success', 'failure', 'processing'),
               MD5(CONCAT('project', a % 400)), created_at + INTERVAL 48 HOUR, created_at, created_at + INTERVAL b % 900 SECOND, 0, id, NULL, MD5(b % 3000)
          FROM numbered WHERE n % 10 = 0'''
    yield 'tasks', '''INSERT INTO task_info (task_id, input, result, message)
        SELECT id, '{"import_req": {"method": {"name": "glance-direct"}}}', NULL, '' FROM tasks'''
    if downloads:
        yield from use(downloads, images, identifier('image'), 400, now)
    yield 'statistics', 'ANALYZE TABLE images, image_properties, image_tags, image_members, image_locations, tasks, task_info'


def use(downloads, images, image, projects, now):
    """Yields what is filled of the recorded downloads of 400 days. `image` is the id of an image, an expression over its number `image`."""
    days = 400
    # Without it MariaDB fills an empty table in bulk, and a row that is there already takes those before it away.
    yield 'session', 'SET SESSION unique_checks = 1'
    yield 'downloads', f'''INSERT IGNORE INTO vitrine_downloads (day, image_id, project, user, method, downloads, ranges, incomplete, bytes, last_at)
        SELECT day, {image}, MD5(CONCAT('project', h % {projects})), MD5(h % 3000), ELT(1 + h % 4 DIV 2 + (h % 40 = 0), 'v2', 'cache', 'v1'),
               1 + h % 3, 0, h % 50 = 0, 1000000 * (1 + h % 64000), day + INTERVAL 12 HOUR
          FROM (SELECT '{now[:10]}' - INTERVAL seq * {days} DIV {downloads} DAY AS day, CRC32(seq) AS h,
                       1 + FLOOR(POW(CRC32(CONCAT('d', seq)) / 4294967296, 4) * {images}) AS image
                  FROM seq_0_to_{downloads - 1}) AS made'''
    yield 'use', '''INSERT IGNORE INTO vitrine_image_use (image_id, first_downloaded_at, last_downloaded_at, downloads, bytes)
        SELECT image_id, MIN(last_at), MAX(last_at), SUM(downloads), SUM(bytes) FROM vitrine_downloads GROUP BY image_id'''
