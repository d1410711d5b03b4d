"""Measures whether reports, and the refresh of their summary tables, hold up uploads and changes of images."""
import http.client, json, statistics, subprocess, threading, time

DATA = b'x' * (256 << 10)
HEAVY = ['SELECT * FROM report_images', 'SELECT * FROM report_properties', 'SELECT * FROM report_usage_by_project',
         'SELECT * FROM report_usage_by_store', 'SELECT * FROM report_duplicates', 'SELECT * FROM report_property_values']


class Service:
    """The service on the database of the reports, with a store of its own."""

    def __init__(self, server, options):
        state, self.port = options.state / 'service', options.port
        state.mkdir(exist_ok=True)
        tokens = state / 'tokens.yaml'
        tokens.write_text('tokens:\n  admin: { user: admin, project: admin, roles: [admin] }\n')
        configuration = state / 'service.conf'
        configuration.write_text(f'[glance_store]\nfilesystem_store_datadir = {state}/images\n'
                                 f'[vitrine]\nidentity = tokens\ntoken_file = {tokens}\nreports_every = 0\n')
        database = f'mysql+pymysql://root@localhost/glance?unix_socket={server.socket}'
        self.process = subprocess.Popen(
            [options.manage, 'run', '--state', str(state), '--conf', str(configuration), '--api-port', str(self.port), '--registry-port',
             str(self.port + 1), '--db', database], stdout=subprocess.PIPE, text=True)
        if not self.process.stdout.readline().startswith('ready'):
            raise SystemExit('the service does not start')
        self.connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=120)

    def call(self, method, path, body=None, kind='application/json'):
        self.connection.request(method, path, body=body, headers={'X-Auth-Token': 'admin', 'Content-Type': kind})
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status >= 300:
            raise SystemExit(f'{method} {path}: {answer.status} {data[:300]!r}')
        return data

    def stop(self):
        self.process.terminate()
        self.process.wait()


def turn(service, seconds):
    """Creates, fills, changes and deletes images for some seconds; returns the milliseconds of each PUT of data and each PATCH."""
    puts, patches, end = [], [], time.monotonic() + seconds
    while time.monotonic() < end:
        image = json.loads(service.call('POST', '/v2/images', json.dumps({'disk_format': 'raw', 'container_format': 'bare', 'os_distro': 'debian'})))['id']
        began = time.monotonic()
        service.call('PUT', f'/v2/images/{image}/file', DATA, 'application/octet-stream')
        puts.append(1000 * (time.monotonic() - began))
        for number in range(3):
            began = time.monotonic()
            service.call('PATCH', f'/v2/images/{image}', json.dumps([{'op': 'replace', 'path': '/os_distro', 'value': f'debian {number}'}]),
                         'application/openstack-images-v2.1-json-patch')
            patches.append(1000 * (time.monotonic() - began))
        service.call('DELETE', f'/v2/images/{image}')
    return puts, patches


class Load:
    """Work that goes on in another thread, again and again, until it is left."""

    def __init__(self, work):
        self.work, self.ends, self.times = work, threading.Event(), 0

    def __enter__(self):
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def run(self):
        while not self.ends.is_set():
            self.work(self.times)
            self.times += 1

    def __exit__(self, *_):
        self.ends.set()
        self.thread.join()


def measure(server, manage, options):
    def report(number):
        subprocess.run(server.client('-N', '--quick', '-e', HEAVY[number % len(HEAVY)], 'glance'), check=True, stdout=subprocess.DEVNULL)

    def refresh(_):
        subprocess.run(manage + ['db', 'refresh_reports'], check=True, stdout=subprocess.DEVNULL)

    def nothing(_):
        time.sleep(0.1)

    service = Service(server, options)
    kinds = {'nothing': nothing, 'reports': report, 'a refresh': refresh}
    found = {kind: ([], [], []) for kind in kinds}
    try:
        turn(service, 2)
        for _ in range(options.turns):
            for kind, work in kinds.items():
                with Load(work):
                    time.sleep(0.5)
                    puts, patches = turn(service, options.seconds)
                    history = server.sql("SELECT count FROM information_schema.innodb_metrics WHERE name = 'trx_rseg_history_len'", None).strip()
                for all_of_them, more in zip(found[kind], (puts, patches, [int(history or 0)])):
                    all_of_them += more
    finally:
        service.stop()
    print(f'{"beside":<12} {"PUT p50":>9} {"p99":>9} {"worst":>9} {"PATCH p50":>9} {"p99":>9} {"worst":>9}  ms; uploads, longest history list')
    for kind, (puts, patches, history) in found.items():
        times = [value for one in (puts, patches) for value in (statistics.median(one), statistics.quantiles(one, n=100, method='inclusive')[98], max(one))]
        print(f'{kind:<12} ' + ' '.join(f'{value:9.1f}' for value in times) + f'  {len(puts)}, {max(history)}')
