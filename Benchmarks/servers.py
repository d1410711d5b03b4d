"""The servers that `bench` compares: Vitrine, the peer, and a ceiling made of nginx, FastCGI and MariaDB alone."""
import http.client, json, os, pathlib, re, shutil, subprocess, time
from concurrent.futures import ThreadPoolExecutor

from measuring import A, REPOSITORY, SCRATCH

PORT, CEILING_PORT, BEFORE_PORT = 9295, 9296, 9291


class Server:
    """A server under measurement."""

    def __init__(self, name, port, admin, user, sql, folder=None):
        self.name, self.port, self.admin, self.user, self.sql_command = name, port, admin, user, sql
        self.base, self.folder = f'http://127.0.0.1:{port}', folder

    def call(self, method, path, body=None, token=None, kind='application/json', besides=()):
        """Returns the answer as JSON; any status other than success or one in `besides` ends the run."""
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=120)
        headers = {'X-Auth-Token': token or self.admin, 'Content-Type': kind}
        connection.request(method, path, body=json.dumps(body) if body is not None else None, headers=headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if answer.status >= 300 and answer.status not in besides:
            raise SystemExit(f'{self.name}: {method} {path}: {answer.status} {data[:300]!r}')
        return json.loads(data) if data and answer.status < 300 else None

    def sql(self, text):
        return subprocess.run(self.sql_command + ['-N', '-e', text], check=True, capture_output=True, text=True).stdout

    def image(self, name):
        return self.call('GET', f'/v2/images?name={name}&visibility=all')['images'][0]['id']

    def make(self, count, name):
        body = {'disk_format': 'raw', 'container_format': 'bare'}
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda i: self.call('POST', '/v2/images', dict(body, name=f'{name}{i}'))['id'], range(count)))

    def drop(self, images):
        # wrk's last requests may still be running, and may delete some of these.
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda image: self.call('DELETE', f'/v2/images/{image}', besides=(404,)), images))


def start_peer():
    environment = dict(os.environ, LAB=A.lab)
    subprocess.run([f'{A.peer}/glance/up'], env=environment, check=True, stdout=subprocess.DEVNULL)
    socket = f'{A.lab}/peer/run/mariadb.sock'
    return Server('peer', 9392, 'admin:admin:admin', 'user:proj7:member,reader', ['mariadb', '--no-defaults', '-uroot', '-S', socket, 'glance'])


def start_ours():
    """Starts the service for most figures; its callers have static tokens."""
    return start_whole('vitrine', A.state, PORT, REPOSITORY)


def start_before():
    """Starts another version of the service, with its own database, in place of the peer."""
    return start_whole('before', A.state.with_name(A.state.name + '-before'), BEFORE_PORT, A.before)


def start_whole(name, state, port, repository):
    shutil.rmtree(state, ignore_errors=True)
    tokens = state / 'tokens.yaml'
    state.mkdir(parents=True)
    tokens.write_text(
        'tokens:\n  admin: { user: admin, project: admin, roles: [admin] }\n  user: { user: user, project: proj7, roles: [member] }\n')
    process, server = run(name, state, port, f'[vitrine]\nidentity = tokens\ntoken_file = {tokens}\n', repository=repository)
    server.sql('SET GLOBAL innodb_buffer_pool_size = 1073741824')  # as the peer's has it
    # A store marks its folder with the first image. Made-up images come behind it: a folder without a mark that has none of them is refused.
    first = server.make(1, 'first')
    server.call('PUT', f'/v2/images/{first[0]}/file', 'data', kind='application/octet-stream')
    server.drop(first)
    return process, server


def start_another(name, port, configuration):
    """Starts the service again, with the database of the first and another configuration."""
    state = A.state / name
    state.mkdir()
    database = f'mysql+pymysql://root@localhost/glance?unix_socket={A.state}/mariadb/mariadb.sock'
    return run(name, state, port, configuration, '--db', database)


def run(name, state, port, configuration, *options, repository=REPOSITORY):
    file = state / 'bench.conf'
    data = state if repository != REPOSITORY else A.state
    file.write_text(f'[glance_store]\nfilesystem_store_datadir = {data}/images\n{configuration}')
    command = [str(repository / '.build' / getattr(A, 'build', 'release') / 'glance-manage'), 'run', '--state', str(state), '--conf', str(file),
               '--api-port', str(port), '--registry-port', str(port + 100), '--nginx', str(repository / 'nginx'), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    if not process.stdout.readline().startswith('ready'):
        raise SystemExit(f'{name} does not start')
    sql = ['mariadb', '--no-defaults', '-uroot', '-S', f'{data}/mariadb/mariadb.sock', 'glance']
    return process, Server(name, port, 'admin', 'user', sql, data)


IMAGE_ID = ('CONCAT(SUBSTR(MD5(CONCAT("img", seq)), 1, 8), "-", SUBSTR(MD5(CONCAT("img", seq)), 9, 4), "-4", SUBSTR(MD5(CONCAT("img", seq)), 14, 3),'
            ' "-a", SUBSTR(MD5(CONCAT("img", seq)), 18, 3), "-", SUBSTR(MD5(CONCAT("img", seq)), 21, 12))')
PROPERTIES = {'os_distro': 'ELT(1 + seq % 4, "debian", "ubuntu", "fedora", "rocky")', 'os_version': 'CONCAT(seq % 30)', 'architecture': '"x86_64"',
              'hw_disk_bus': 'ELT(1 + seq % 2, "virtio", "scsi")', 'hw_vif_model': '"virtio"', 'build_id': 'CONCAT("b", seq)'}


def fill_ours(server, count):
    have = int(server.sql('SELECT COUNT(*) FROM images WHERE name LIKE "img-%"'))
    if have >= count:
        return
    rows, moment = f'seq_{have + 1}_to_{count}', "'2025-01-01' + INTERVAL seq SECOND"
    statements = [
        "SET sql_mode = '', autocommit = 0",
        f'''INSERT INTO images (id, name, size, status, created_at, updated_at, deleted, disk_format, container_format, checksum, owner, min_disk,
                                min_ram, protected, virtual_size, visibility, os_hidden, os_hash_algo, os_hash_value)
            SELECT {IMAGE_ID}, CONCAT('img-', LPAD(seq, 6, '0')), 1000000 + seq, 'active', {moment}, {moment}, 0,
                   ELT(1 + seq % 3, 'qcow2', 'raw', 'iso'), 'bare', MD5(seq), CONCAT('proj', seq % 100), seq % 10, 512, 0, 2000000 + seq,
                   CASE WHEN (seq DIV 100) % 20 = 0 THEN 'public' WHEN (seq DIV 100) % 20 = 1 THEN 'community'
                        WHEN (seq DIV 100) % 20 < 6 THEN 'shared' ELSE 'private' END, 0, 'sha512', SHA2(seq, 512) FROM {rows}''']
    statements += [f'''INSERT INTO image_properties (image_id, name, value, created_at, updated_at, deleted)
                       SELECT {IMAGE_ID}, '{name}', {value}, {moment}, {moment}, 0 FROM {rows}''' for name, value in PROPERTIES.items()]
    statements += [f'''INSERT INTO image_tags (image_id, value, created_at, updated_at, deleted)
                       SELECT {IMAGE_ID}, {tag}, {moment}, {moment}, 0 FROM {rows}''' for tag in ("CONCAT('t', seq % 50)", "CONCAT('u', seq % 1000)")]
    statements.append(f'''INSERT INTO image_locations (image_id, value, created_at, updated_at, deleted, meta_data, status)
                          SELECT {IMAGE_ID}, CONCAT('file://{server.folder}/images/', {IMAGE_ID}), {moment}, {moment}, 0, '{{}}', 'active' FROM {rows}''')
    server.sql(';'.join(statements + ['COMMIT', 'ANALYZE TABLE images, image_properties, image_tags, image_locations']))


def fill(ours, peer, count):
    fill_ours(ours, count)
    if A.before:
        fill_ours(peer, count)
        return
    subprocess.run([f'{A.peer}/glance/fill', str(count)], env=dict(os.environ, LAB=A.lab), check=True, stdout=subprocess.DEVNULL)


class Ceiling:
    """nginx in front of programs that do FastCGI with one SELECT, one HTTP exchange, or nothing, and with a plain file."""

    def __enter__(self):
        folder = pathlib.Path(SCRATCH)
        work = {'select': f'mysql+pymysql://root@localhost/glance?unix_socket={A.state}/mariadb/mariadb.sock',
                'exchange': f'http://127.0.0.1:{CEILING_PORT}/nothing/', 'nothing': 'nothing'}
        self.programs = [subprocess.Popen([str(REPOSITORY / '.build/release/ceiling'), f'{folder}/{name}.sock', what, '32'])
                         for name, what in work.items()]
        pools = '\n'.join(f'    upstream {name} {{ server unix:{folder}/{name}.sock; keepalive 8; }}' for name in work)
        places = '\n'.join(f'        location {"/" if name == "select" else f"/{name}/"} {{ fastcgi_param REQUEST_URI $request_uri; '
                           f'fastcgi_keep_conn on; fastcgi_pass {name}; }}' for name in work)
        (folder / 'nginx.conf').write_text(f'''
daemon off; user root; worker_processes auto; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 100000; default_type application/octet-stream;
    fastcgi_temp_path {folder}/f; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; scgi_temp_path {folder}/s; uwsgi_temp_path {folder}/u;
{pools}
    server {{
        listen 127.0.0.1:{CEILING_PORT} backlog=1024;
{places}
        location /files/ {{ alias {A.state}/images/; sendfile on; sendfile_max_chunk 2m; tcp_nopush on; }}
    }}
}}''')
        self.nginx = subprocess.Popen(['nginx', '-c', str(folder / 'nginx.conf'), '-e', str(folder / 'nginx.log')])
        server = Server('ceiling', CEILING_PORT, 'none', 'none', [])
        for _ in range(200):
            try:
                server.call('GET', '/files/.none')
            except (ConnectionError, SystemExit) as error:
                if isinstance(error, SystemExit):
                    break
                time.sleep(0.05)
        return server

    def __exit__(self, *_):
        self.nginx.terminate()
        for program in self.programs:
            program.kill()  # libfcgi handles SIGTERM itself, and waits for a request that never comes
        for process in (self.nginx, *self.programs):
            process.wait()


def worker_memory():
    pids = subprocess.run(['pgrep', '-f', f'glance-api.*{A.state}'], capture_output=True, text=True).stdout.split()
    return max(int(re.search(r'VmRSS:\s+(\d+)', pathlib.Path(f'/proc/{pid}/status').read_text())[1]) for pid in pids) / 1024


def fastcgi_request(uri, token):
    def record(kind, content):
        return bytes([1, kind, 0, 1]) + len(content).to_bytes(2, 'big') + bytes(2) + content
    pairs = {'REQUEST_METHOD': 'GET', 'REQUEST_URI': uri, 'HTTP_X_AUTH_TOKEN': token}
    params = b''.join(bytes([len(k), len(v)]) + k.encode() + v.encode() for k, v in pairs.items())
    return record(1, bytes([0, 1, 0, 0, 0, 0, 0, 0])) + record(4, params) + record(4, b'') + record(5, b'')


def fastcgi_answer(path, request):
    import socket
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            return False
        connection.sendall(request)
        answer = b''
        while piece := connection.recv(65536):
            answer += piece
        if b'Status: 200' not in answer:
            raise SystemExit(f'a worker answered {answer[:200]!r}')
        return True
