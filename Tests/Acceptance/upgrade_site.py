"""The parts of the acceptance run of an upgrade: a database, and nodes whose programs are replaced one after the other while they work."""
import os, pathlib, re, shutil, signal, subprocess, sys

from cluster_site import REPOSITORY, Service
from store_site import free_port, until

sys.path.insert(0, str(REPOSITORY / "Benchmarks"))
from mariadb_server import MariaDB

PROGRAMS = "glance-api", "glance-registry", "glance-tasks", "glance-manage"

GLANCE = """
[DEFAULT]
debug = false
enabled_backends = fast:file, cheap:file, web:http
enabled_import_methods = [glance-direct,web-download,copy-image]
show_image_direct_url = true
show_multiple_locations = true
image_cache_dir = {state}/{name}-cache
user_storage_quota = {quota}
workers = 2
{more}
[glance_store]
default_backend = fast
[fast]
filesystem_store_datadir = {state}/fast
[cheap]
filesystem_store_datadir = {state}/cheap
[os_glance_staging_store]
filesystem_store_datadir = {staging}
[import_filtering_opts]
allowed_hosts = 127.0.0.1
allowed_ports = {origin}
[paste_deploy]
flavor = cachemanagement
[database]
connection = {database}
[oslo_messaging_notifications]
driver = log
[vitrine]
identity = tokens
token_file = {state}/tokens.yaml
uploads_per_project = 0
metadata_threads = 8
data_threads = 8
"""


class Release:
    """Programs and files of nginx of a checkout, copied into a folder, so that nodes install links to them."""

    def __init__(self, checkout, programs, folder):
        self.programs, self.nginx = folder, folder / "nginx"
        (programs / "glance-manage").exists() or sys.exit(f"{programs} has no glance-manage: run `make build` in {checkout}")
        shutil.copytree(checkout / "nginx", self.nginx)
        for program in PROGRAMS:
            shutil.copy(programs / program, folder)
        said = subprocess.run([folder / "glance-api", "--version"], capture_output=True, text=True)
        found = re.search(r"Vitrine ([0-9.]*[0-9])", said.stdout + said.stderr)
        self.name = found.group(1) if found else "an unnamed release"


class Database(MariaDB):
    def __init__(self, folder):
        super().__init__(folder, "128M", "--max-connections=500")
        self.sql("CREATE DATABASE glance CHARACTER SET utf8mb3; CREATE DATABASE scratch CHARACTER SET utf8mb3", None)

    def rows(self, text):
        return [line.split("\t") for line in self.sql(text).splitlines()]

    def url(self, name="glance"):
        return f"mysql+pymysql://root@localhost/{name}?unix_socket={self.socket}"


class Node(Service):
    """nginx and the workers of one machine, with a folder of programs in which an operator installs others."""

    def __init__(self, state, name, database, origin, quota, shares_staging, more):
        self.name, self.state, self.port, self.registry_port = name, state / name, free_port(), free_port()
        self.configuration, self.programs = state / f"{name}.conf", state / f"{name}-programs"
        if not shares_staging:
            more = f"worker_self_reference_url = http://127.0.0.1:{self.port}\n{more}"
        self.staging = state / ("staging" if shares_staging else f"{name}-staging")
        self.configuration.write_text(GLANCE.format(
            state=state, name=name, origin=origin, database=database.url(), quota=quota, staging=self.staging, more=more))
        self.release = None

    def render(self, release, database):
        """Has a release write nginx's files for this node, and keeps them."""
        self.install(release)
        self.start(self.programs, "--conf", self.configuration, "--db", database.url("scratch"), nginx=release.nginx)
        self.wait()
        self.end()
        shutil.copytree(self.state / "nginx/vitrine", self.state.parent / f"{self.name}-nginx")
        shutil.rmtree(self.state)

    def install(self, release):
        """Replaces the programs, and disturbs no process that runs them."""
        self.programs.mkdir(exist_ok=True)
        for program in PROGRAMS:
            (self.programs / "new").unlink(missing_ok=True)
            os.link(release.programs / program, self.programs / "new")
            (self.programs / "new").rename(self.programs / program)
        self.release = release

    def begin(self, release):
        self.install(release)
        self.start(self.programs, "--conf", self.configuration, nginx=release.nginx)

    def reload_nginx(self):
        """Puts the other release's files of nginx in the place of those that are there, and has nginx read them."""
        place = self.state / "nginx/vitrine"
        # Releases before 0.14.0 have a link there.
        place.unlink() if place.is_symlink() else shutil.rmtree(place)
        shutil.copytree(self.state.parent / f"{self.name}-nginx", place)
        nginx = next(process for program, process in self.processes() if program == "nginx")
        os.kill(nginx, signal.SIGHUP)

    def restart(self, program, number=signal.SIGTERM):
        """Ends the processes of a program one after the other by a signal; each is replaced by one of the installed programs."""
        of_program = lambda: {process for found, process in self.processes() if found == program}
        before = of_program()
        for process in before:
            os.kill(process, number)
            until(f"{program} of {self.name} is replaced", lambda: process not in (now := of_program()) and len(now) == len(before), seconds=120)

    def processes(self):
        """Name and number of each process that the site has started."""
        for folder in pathlib.Path("/proc").iterdir():
            try:
                name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
                if rest.split()[0] != "Z" and int(rest.split()[1]) == self.manager.pid:
                    yield name, int(folder.name)
            except (OSError, ValueError, IndexError):
                continue

    def manage(self, *words):
        """Runs glance-manage as it is installed; returns its status and what it said."""
        done = subprocess.run(
            [self.programs / "glance-manage", *words, "--config-file", self.configuration], capture_output=True, text=True, timeout=300)
        return done.returncode, done.stdout + done.stderr

    def log_lines(self):
        for log in sorted((self.state / "log").glob("glance-*.log")):
            with open(log, errors="replace") as lines:
                yield from ((log.name, line.rstrip()) for line in lines)
