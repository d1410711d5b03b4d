#!/usr/bin/env python3
"""Fills a database as a very large cloud has it: a million images, and three million that were deleted and not yet purged.

    Benchmarks/million.py --state /tmp/vitrine-million         # 15 minutes of processor time, 15 GB, and 6 GB more meanwhile
    Benchmarks/million.py --state /tmp/small --images 10000    # the same, a hundredth of it
    Benchmarks/million.py --state /tmp/small --serve           # starts the server of a folder that was filled, and prints how to reach it

It makes Glance's tables, fills them, and then runs `glance-manage db sync`, as a site does that comes from Glance; the time of each
migration is printed. Whatever is random comes from CRC32 of the image's number, so that two runs on one day have the same rows.
READY in the folder has the counts.

| rows | for each live image |
|---|---|
| deleted images, one of 20 of which waits for the scrubber | 3 |
| properties | 6, and 1 of deleted images |
| tags | 2, and 0.75 of deleted images; the tag `audited` has 2,000 images, whatever the size |
| locations | 1.1, and 3 of deleted images |
| members | 0.5 |
| projects | 0.01; the first one, MD5('project0'), has a fifth of all images |
"""
import argparse, datetime, pathlib, subprocess, time

from mariadb_server import MariaDB
from report_data import PROPERTIES, STATUS, YEARS, identifier, images_of, use

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
DELETED = 3
OPTIONS = ['--innodb-flush-log-at-trx-commit=0', '--innodb-sort-buffer-size=16M', '--innodb-doublewrite=OFF', '--innodb-log-file-size=512M',
           '--innodb-stats-persistent-sample-pages=100', '--aria-pagecache-buffer-size=512M']

# What the import of an image leaves: the mark of its task, which was deleted, and a list of stores, which is empty.
MARKS = [('os_glance_import_task', 400, "CONCAT(LEFT(id, 14), '5', SUBSTR(id, 16))"), ('os_glance_importing_to_stores', 400, "''")]


def numbered(images, now):
    """Makes a table of all images, of which every fourth is alive; `m` is the number of four of them, `a`, `b` and `c` are hashes."""
    total = images * (1 + DELETED)
    yield 'numbers', f'''CREATE TEMPORARY TABLE numbered (PRIMARY KEY (n)) ENGINE=Aria TRANSACTIONAL=0 AS
        SELECT seq AS n, seq DIV {1 + DELETED} AS m, CONVERT({identifier('seq')} USING utf8mb3) AS id, CRC32(CONCAT('a', seq)) AS a,
               CRC32(CONCAT('b', seq)) AS b, CRC32(CONCAT('c', seq)) AS c,
               CAST('{now}' AS DATETIME) - INTERVAL FLOOR({YEARS * 365 * 86400} * (1 - seq / {total}) + 600) SECOND AS created_at,
               CAST(NULL AS DATETIME) AS deleted_at, CAST('' AS CHAR(16) CHARACTER SET utf8mb3) AS image_status
          FROM seq_1_to_{total}'''
    yield 'numbers', f'''UPDATE numbered SET
        deleted_at = IF(n % {1 + DELETED} = 0, NULL, created_at + INTERVAL FLOOR(b % 100000 / 100000 * TIMESTAMPDIFF(SECOND, created_at, '{now}')) SECOND),
        image_status = {STATUS}'''


def project(projects, hashed):
    """A project other than the first; small numbers have more images."""
    return f"MD5(CONCAT('project', 1 + FLOOR(POW({hashed} % 10007 / 10007, 2) * {projects - 1})))"


def statements(images, now):
    """Yields what is filled and the statement that does it. Each fills an empty table, which MariaDB does in bulk, with sorted indexes."""
    projects = max(10, images // 100)
    yield 'session', '''SET SESSION sql_mode = '', foreign_key_checks = 0, unique_checks = 0, sql_log_bin = 0, collation_connection = utf8mb3_general_ci'''
    yield from numbered(images, now)
    yield 'images', images_of('numbered', f"IF(m % 5 = 0, MD5('project0'), {project(projects, 'CRC32(CONCAT(c, 1))')})")
    yield 'property names', 'CREATE TEMPORARY TABLE named (number INT PRIMARY KEY, name VARCHAR(255) CHARACTER SET utf8mb3, part INT)'
    scale = 5.2 * 1000 / sum(part for _, part, _ in PROPERTIES)
    properties = [(name, min(1000, part * scale), value) for name, part, value in PROPERTIES] + MARKS
    rows = ', '.join(f"({number}, '{name}', {part})" for number, (name, part, _) in enumerate(properties))
    yield 'property names', f'INSERT INTO named VALUES {rows}'
    values = ' '.join(f"WHEN {number} THEN {value}" for number, (_, _, value) in enumerate(properties))
    # Of the deleted images a third has one property; of the live ones' properties one of 50 was deleted.
    yield 'properties', f'''INSERT INTO image_properties (image_id, name, value, created_at, updated_at, deleted_at, deleted)
        SELECT id, name, CASE number {values} END, created_at, NULL, IF(gone, COALESCE(deleted_at, created_at + INTERVAL 1 HOUR), NULL), gone
          FROM (SELECT numbered.*, p.number, p.name, CRC32(CONCAT(p.name, n)) AS h,
                       deleted_at IS NOT NULL OR (a + p.number) % 50 = 0 OR p.name = '{MARKS[0][0]}' AS gone
                  FROM numbered STRAIGHT_JOIN named p
                 WHERE IF(deleted_at IS NULL, CRC32(CONCAT('has', p.name, n)) % 1000 < p.part, p.number = 0 AND n % 4 = 1)) AS filled'''
    yield 'tags', f'''INSERT INTO image_tags (image_id, value, created_at, updated_at, deleted_at, deleted)
        SELECT id, IF(t.seq = 0, 'audited', CONCAT('tag-', (a DIV 7 + t.seq * 37) % 500)), created_at, NULL, deleted_at, deleted_at IS NOT NULL
          FROM numbered STRAIGHT_JOIN seq_0_to_4 t
         WHERE IF(t.seq = 0, deleted_at IS NULL AND m % {max(1, images // 2000)} = 0, IF(deleted_at IS NULL, b % 5 >= t.seq, b % 16 = t.seq))'''
    yield 'members', f'''INSERT INTO image_members (image_id, member, can_share, status, created_at, updated_at, deleted_at, deleted)
        SELECT id, {project(projects, "(CRC32(CONCAT('m', n)) + t.seq * 997)")}, 0, ELT(1 + a % 3, 'accepted', 'pending', 'rejected'), created_at, NULL,
               deleted_at, deleted_at IS NOT NULL
          FROM numbered STRAIGHT_JOIN seq_1_to_3 t
         WHERE b % 100 BETWEEN 8 AND 39 AND IF(deleted_at IS NULL, a % 4 >= t.seq, a % 50 = t.seq)'''
    # A second store has every tenth live image too. Old locations name no store.
    yield 'locations', f'''INSERT INTO image_locations (image_id, value, created_at, updated_at, deleted_at, deleted, meta_data, status)
        SELECT id, CONCAT(IF(s.seq = 2, 'rbd://fsid/images/', 'file:///var/lib/glance/images/'), id, IF(s.seq = 2, '/snap', '')), created_at, NULL,
               deleted_at, deleted_at IS NOT NULL, ELT(s.seq, IF(n % 7, '{{"store": "fast"}}', '{{}}'), '{{"store": "ceph"}}'),
               IF(deleted_at IS NULL, 'active', image_status)
          FROM numbered STRAIGHT_JOIN seq_1_to_2 s
         WHERE image_status IN ('active', 'deactivated', 'deleted', 'pending_delete') AND (s.seq = 1 OR m % 10 = 0 AND deleted_at IS NULL)'''
    # Tasks live for two days; those before are marked as deleted, and wait for the purge.
    for table, columns in [('tasks', f'''(id, type, status, owner, expires_at, created_at, updated_at, deleted_at, deleted, image_id, request_id, user_id)
        SELECT REPLACE(id, '-4', '-5'), 'api_image_import', ELT(1 + (a % 20 > 17) + (a % 20 > 18), 'success', 'failure', 'processing'),
               {project(projects, 'a')}, created_at + INTERVAL 48 HOUR, created_at, created_at + INTERVAL b % 900 SECOND,
               IF(gone, created_at + INTERVAL 48 HOUR, NULL), gone, id, NULL, MD5(b % 3000)'''),
                           ('task_info', '''(task_id, input, result, message)
        SELECT REPLACE(id, '-4', '-5'), '{"import_req": {"method": {"name": "glance-direct"}}}', NULL, \'\'''')]:
        yield 'tasks', f'''INSERT INTO {table} {columns}
          FROM (SELECT *, created_at + INTERVAL 48 HOUR < '{now}' AS gone FROM numbered WHERE n % 20 = 0) AS ordered'''


def run(server, parts):
    cpu = server.cpu()
    for what, seconds in server.run(parts):
        now = server.cpu()
        if seconds > 1:
            print(f'{what:<45} {seconds:8.1f} s, processor time {now - cpu:8.1f} s', flush=True)
        cpu = now


def sync(server, options):
    """Runs `db sync`, and says which of its migrations took longer than a second."""
    configuration = options.state / 'glance.conf'
    configuration.write_text(f'[database]\nconnection = mysql+pymysql://root@localhost/glance?unix_socket={server.socket}\n')
    began = time.monotonic()
    manage = subprocess.Popen([options.manage, '--config-file', str(configuration), 'db', 'sync'], stderr=subprocess.PIPE, text=True)
    last, since = None, began
    for line in manage.stderr:
        now = time.monotonic()
        if last and now - since > 1:
            print(f'  {last:<43} {now - since:8.1f} s', flush=True)
        last, since = line.strip()[-43:], now
    if manage.wait():
        raise SystemExit('db sync failed')
    print(f'{"db sync":<45} {time.monotonic() - began:8.1f} s', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--images', type=int, default=1000000, help='live images; there are three times as many deleted ones')
    parser.add_argument('--downloads', type=int, help='rows of vitrine_downloads; default: one for an image')
    parser.add_argument('--state', type=pathlib.Path, required=True, help='the folder of the database')
    parser.add_argument('--manage', default=str(REPOSITORY / '.build/release/glance-manage'), help='the program that makes tables and views')
    parser.add_argument('--buffer-pool', default='2G', help='of the database')
    parser.add_argument('--before', action='store_true', help='stop before `db sync`, with the tables of Glance alone')
    parser.add_argument('--serve', action='store_true', help='leave the server running, and print how to reach it')
    options = parser.parse_args()
    options.state.mkdir(parents=True, exist_ok=True)
    server = MariaDB(options.state, options.buffer_pool, *OPTIONS)
    try:
        if not (options.state / 'READY').exists():
            fill(server, options)
        if options.serve:
            print(' '.join(server.client('glance')), flush=True)
            server.process.wait()
    finally:
        server.sql('SET GLOBAL innodb_fast_shutdown = 1', database=None)
        server.stop()


def fill(server, options):
    if server.sql("SHOW DATABASES LIKE 'glance'", database=None):
        raise SystemExit(f'{options.state} was filled in part; remove it, or name another folder')
    server.sql('CREATE DATABASE glance CHARACTER SET utf8mb3', database=None)
    for file in sorted((REPOSITORY / 'sql').glob('00[01]?-*.sql')):
        if file.name < '0017' and 'vitrine' not in file.name:
            server.sql(file.read_text())
    server.sql("INSERT INTO alembic_version VALUES ('2024_1_contract01')")
    midnight = datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%d 00:00:00')
    run(server, statements(options.images, midnight))
    tables = 'images, image_properties, image_tags, image_members, image_locations, tasks, task_info'
    if not options.before:
        sync(server, options)
        downloads = options.images if options.downloads is None else options.downloads
        run(server, use(downloads, options.images, identifier(f'(image * {1 + DELETED})'), max(10, options.images // 100), midnight))
        tables += ', vitrine_downloads, vitrine_image_use'
    server.sql(f'ANALYZE TABLE {tables}')
    counts = ''.join(f'{table} {server.sql(f"SELECT COUNT(*) FROM {table}").strip()}\n' for table in tables.split(', '))
    counts += f"live images {server.sql('SELECT COUNT(*) FROM images WHERE deleted = 0').strip()}\n"
    (options.state / 'READY').write_text(f'''start: {REPOSITORY}/Benchmarks/million.py --state FOLDER --serve
database glance, user root without a password, socket FOLDER/mariadb.sock
{counts}''')
    print(counts, end='')


if __name__ == "__main__":
    main()
