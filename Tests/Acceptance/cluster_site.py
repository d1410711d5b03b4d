"""The parts of the acceptance run on a Galera cluster: the nodes, a proxy in front of them, and the services."""
import http.client, os, pathlib, re, shutil, signal, subprocess, sys

from store_site import free_port

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]

GLANCE = """
[DEFAULT]
enabled_backends = images:file
image_member_quota = 3
user_storage_quota = {quota}
workers = 1
[glance_store]
default_backend = images
[images]
filesystem_store_datadir = {state}/images
[database]
max_pool_size = 8
[healthcheck]
detailed = true
[vitrine]
identity = none
metadata_threads = 8
data_threads = 8
# All clients are one project to a service without identities, and by chance most ask the same service.
uploads_per_project = 0
"""
# The exit status of a script whose engine is not to be had.
NOT_HERE = 75


class Engine:
    """The cluster, by the script of the tests."""

    def __init__(self, folder):
        self.folder = folder
        done = self.script("up", str(folder), "--for", str(os.getpid()))
        if done.returncode == NOT_HERE:
            print(f"left out: {done.stderr.strip()}")
            sys.exit(0)
        done.returncode == 0 or sys.exit(done.stderr)
        values = dict(line.split("=", 1) for line in done.stdout.splitlines())
        self.ports, self.sockets = values["GALERA_PORTS"].split(","), values["GALERA_SOCKETS"].split(",")
        self.user, self.password = values["GALERA_USER"], values["GALERA_PASSWORD"]
        self.sql(0, "CREATE DATABASE glance CHARACTER SET utf8mb3", database="")

    def script(self, *words):
        return subprocess.run([REPOSITORY / "Tests/Engines/galera", *words], capture_output=True, text=True)

    def order(self, first):
        """The ports of the nodes, beginning with one."""
        return [self.ports[(first + number) % 3] for number in range(3)]

    def url(self, ports):
        places = ",".join(f"127.0.0.1:{port}" for port in ports)
        return f"mysql+pymysql://{self.user}:{self.password}@{places}/glance"

    def sql(self, node, text, database="glance"):
        done = subprocess.run(
            ["mariadb", "--no-defaults", "-uroot", "-S", self.sockets[node], "-BN", "-e", text, database], capture_output=True, text=True, timeout=60)
        done.returncode == 0 or sys.exit(f"{text}: {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def answers(self, proxy):
        """Whether a node answers through a proxy."""
        words = ["--no-defaults", "--connect-timeout=2", "--protocol=tcp", f"-u{self.user}", f"-p{self.password}", "-P", str(proxy.port), "-e", "SELECT 1"]
        return subprocess.run(["mariadb", *words], capture_output=True).returncode == 0

    def send(self, node, number):
        os.kill(int((self.folder / f"run/n{node + 1}.pid").read_text()), number)

    def take_away(self, node, how):
        if how == "cut off":
            self.sql(node, "SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'", database="")
        else:
            self.send(node, signal.SIGKILL if how == "killed" else signal.SIGSTOP)

    def heal(self):
        done = self.script("up", str(self.folder), "--for", str(os.getpid()))
        done.returncode == 0 or sys.exit(done.stderr)


class HAProxy:
    """An HAProxy as deploy/haproxy has it, with the nodes in an order of its own."""

    def __init__(self, folder, engine, first):
        program = shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin") or sys.exit("haproxy is not installed")
        folder.mkdir()
        self.port = free_port()
        shutil.copy(REPOSITORY / "deploy/haproxy/galera-check", folder)
        (folder / "galera-check.cnf").write_text(f"[client]\nuser = {engine.user}\npassword = {engine.password}\n")
        text = (REPOSITORY / "deploy/haproxy/haproxy.cfg").read_text()
        text = re.sub(r"(?m)^ +(user|group) .*\n", "", text).replace("127.0.0.1:3306", f"127.0.0.1:{self.port}").replace("/etc/haproxy", str(folder))
        for number, port in enumerate(engine.order(first)):
            text = text.replace(f"192.0.2.{number + 1}:3306", f"127.0.0.1:{port}")
        (folder / "haproxy.cfg").write_text(text)
        self.output = open(folder / "haproxy.log", "w")
        self.process = subprocess.Popen([program, "-db", "-f", folder / "haproxy.cfg"], stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output)

    def end(self):
        self.process.kill()
        self.process.wait()


class Service:
    """nginx and the workers, which prefer one node."""

    def __init__(self, options, number, url, quota):
        self.state, self.port, self.registry_port = options.state / f"site{number}", free_port(), free_port()
        (options.state / f"{number}.conf").write_text(GLANCE.format(state=options.state, quota=quota))
        self.start(options.programs, "--conf", options.state / f"{number}.conf", "--db", url, "--metrics-port", "0")

    def start(self, programs, *words, nginx=REPOSITORY / "nginx"):
        """Starts the site in its folder, with the programs of a folder and the files of nginx of another."""
        self.output = open(self.state.parent / f"{self.state.name}.log", "a")
        self.manager = subprocess.Popen(
            [programs / "glance-manage", "run", "--state", self.state, "--nginx", nginx, "--api-port", str(self.port), "--registry-port",
             str(self.registry_port), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.output, text=True)

    def wait(self):
        line = self.manager.stdout.readline()
        line.startswith("ready") or sys.exit(f"{self.state} does not start: {line}{(self.state.parent / (self.state.name + '.log')).read_text()}")

    def end(self):
        self.manager.send_signal(signal.SIGINT)
        try:
            self.manager.wait(60)
        except subprocess.TimeoutExpired:
            self.manager.kill()

    def ask(self, method, path, body=None, kind="application/json", headers={}):
        """Status, body and headers of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body, {"Content-Type": kind, **headers} if body is not None else headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    def is_well(self):
        return self.ask("GET", "/healthcheck?detail")[0] == 200
