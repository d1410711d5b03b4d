"""A MariaDB of a benchmark's own."""
import os, pathlib, subprocess, time


class MariaDB:
    """A server in a folder, reached by its socket. `more` are options of mariadbd, which take the place of those here."""

    def __init__(self, folder, buffer_pool, *more):
        self.folder, self.socket = folder, f'{folder}/mariadb.sock'
        data = folder / 'data'
        (folder / 'tmp').mkdir(parents=True, exist_ok=True)
        if not (data / 'mysql').exists():
            subprocess.run(['mariadb-install-db', '--no-defaults', '--auth-root-authentication-method=normal', '--skip-test-db', f'--datadir={data}',
                            f'--tmpdir={folder}/tmp', *self.user()], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.process = subprocess.Popen(
            ['mariadbd', '--no-defaults', f'--datadir={data}', f'--socket={self.socket}', f'--pid-file={folder}/pid', f'--log-error={folder}/log',
             f'--tmpdir={folder}/tmp', '--skip-networking', '--skip-name-resolve', '--skip-log-bin', '--character-set-server=utf8mb4',
             f'--innodb-buffer-pool-size={buffer_pool}', '--innodb-log-file-size=512M', '--innodb-flush-log-at-trx-commit=2', *more, *self.user()])
        for _ in range(600):
            if subprocess.run(self.client() + ['-e', 'SELECT 1'], capture_output=True).returncode == 0:
                return
            if self.process.poll() is not None:
                raise SystemExit(f'mariadbd does not start; {folder}/log says why')
            time.sleep(0.1)
        raise SystemExit('mariadbd takes no connections')

    @staticmethod
    def user():
        return ['--user=root'] if os.getuid() == 0 else []

    def client(self, *more):
        return ['mariadb', '--no-defaults', '-uroot', '-S', self.socket, '--default-character-set=utf8mb4', *more]

    def sql(self, text, database='glance'):
        done = subprocess.run(self.client('-N', '-e', text, *([database] if database else [])), capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f'{done.stderr.strip()}\n{text[:400]}')
        return done.stdout

    def cpu(self):
        """Seconds of processor time that the server has used."""
        fields = pathlib.Path(f'/proc/{self.process.pid}/stat').read_text().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def time(self, query):
        """Returns the seconds, the server's processor seconds, and the rows of a query that is read to its end."""
        before, began = self.cpu(), time.monotonic()
        client = subprocess.Popen(self.client('-N', '--quick', '--raw', '-e', query, 'glance'), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        size = 0
        while piece := client.stdout.read(1 << 20):
            size += len(piece)
        error = client.stderr.read().decode()
        if client.wait():
            raise SystemExit(f'{error.strip()}\n{query}')
        return time.monotonic() - began, self.cpu() - before, size

    def run(self, parts):
        """Runs (name, statement) pairs over one connection, and yields the name of each that is done with its seconds."""
        script = self.folder / 'fill.sql'
        script.write_text(''.join(f"{text};\nSELECT '{what}';\n" for what, text in parts))
        began = time.monotonic()
        with script.open() as source:
            client = subprocess.Popen(self.client('-N', '-n', 'glance'), stdin=source, stdout=subprocess.PIPE, text=True)
            for line in client.stdout:
                yield line.strip(), time.monotonic() - began
                began = time.monotonic()
        if client.wait():
            raise SystemExit('filling failed')

    def stop(self):
        self.process.terminate()
        self.process.wait()
