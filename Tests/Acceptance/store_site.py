"""A site of the acceptance run of stores: Keystone, MariaDB, nginx and the workers, and what it is asked."""
import contextlib, hashlib, http.client, json, pathlib, re, socket, subprocess, sys, time

import engine_stores

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]

GLANCE = """
[DEFAULT]
log_file =
workers = 2
enabled_backends = {backends}
enabled_import_methods = [glance-direct, web-download, copy-image, glance-download]
show_image_direct_url = true
show_multiple_locations = true
{more}
[glance_store]
default_backend = {default}
[paste_deploy]
flavor = keystone+cachemanagement
[keystone_authtoken]
auth_type = password
auth_url = {keystone}
www_authenticate_uri = {keystone}
username = glance
password = glance
project_name = service
user_domain_name = Default
project_domain_name = Default
region_name = RegionOne
[image_format]
require_image_format_match = false
[healthcheck]
detailed = true
[import_filtering_opts]
allowed_hosts = 127.0.0.1
allowed_ports = {origin}, {port}
"""

class Wrong(Exception):
    """A thing that is not as it must be."""


def expect(what, found, expected=True):
    if found != expected:
        raise Wrong(f"{what}: {found!r}, not {expected!r}" if expected is not True else what)


def until(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise Wrong(f"{what}: not within {seconds} s")
        time.sleep(0.2)
    return found


def sha512(data):
    return hashlib.sha512(data).hexdigest()


class Site:
    """MariaDB, nginx and the workers in one folder, with some stores; the first is the default."""

    def __init__(self, options, name, stores, origin, more=""):
        self.options, self.stores, self.state, self.origin = options, stores, options.state / name, origin
        self.port, self.metrics_port = free_port(), free_port()
        self.state.mkdir()
        self.configuration = self.state / "glance-api.conf"
        self.more = more.format(state=self.state)

    def __enter__(self):
        self.keystone = subprocess.Popen(
            [HERE / "keystone", "--folder", self.state / "keystone", "--venv", self.options.venv, "--image-url", self.address],
            stdout=subprocess.PIPE, text=True)
        self.identity = (self.keystone.stdout.readline() or sys.exit("Keystone does not start")).split()[-1]
        self.start(self.stores[0])
        self.token = self.login()
        return self

    def start(self, default):
        """Starts the service with a default store."""
        groups = "".join(f"[{store.name}]\n{store.options()}\n" for store in self.stores)
        self.configuration.write_text(GLANCE.format(
            backends=", ".join(f"{store.name}:{store.type}" for store in self.stores), default=default.name, more=self.more,
            keystone=self.identity, origin=self.origin, port=self.port) + groups)
        with open(self.state / "vitrine.log", "a") as output:
            self.manager = subprocess.Popen(
                [self.options.programs / "glance-manage", "run", "--state", self.state / "site", "--conf", self.configuration, "--nginx",
                 REPOSITORY / "nginx", "--api-port", str(self.port), "--registry-port", str(free_port()), "--metrics-port",
                 str(self.metrics_port)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=output, text=True)
        if not self.manager.stdout.readline().startswith("ready"):
            self.__exit__()
            sys.exit("Vitrine does not start: " + (self.state / "vitrine.log").read_text()[-3000:])

    def restart(self, default):
        self.manager.terminate()
        self.manager.wait(120)
        self.start(default)

    def __exit__(self, *_):
        for process in self.manager, self.keystone:
            process.terminate()
            process.wait(120)

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def login(self):
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": {
            "name": "admin", "password": "admin", "domain": {"name": "Default"}}}},
            "scope": {"project": {"name": "cloud", "domain": {"name": "Default"}}}}}
        connection = http.client.HTTPConnection("127.0.0.1", int(self.identity.split(":")[2].split("/")[0]), timeout=60)
        connection.request("POST", "/v3/auth/tokens", json.dumps(body), {"Content-Type": "application/json"})
        return connection.getresponse().headers["X-Subject-Token"]

    def ask(self, method, path, body=None, headers={}):
        """Status, body and headers of an answer. A dictionary is sent as JSON."""
        headers = {"X-Auth-Token": self.token, "Content-Type": "application/octet-stream", **headers}
        if isinstance(body, dict):
            body, headers["Content-Type"] = json.dumps(body), "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=180)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    def image(self, image):
        return json.loads(self.ask("GET", f"/v2/images/{image}")[1])

    def create(self, **fields):
        status, body, _ = self.ask("POST", "/v2/images", {"disk_format": "raw", "container_format": "bare", **fields})
        expect(f"creating an image ({body[:200]})", status, 201)
        return json.loads(body)["id"]

    def upload(self, image, data, store, expected=204):
        status, body, _ = self.ask("PUT", f"/v2/images/{image}/file", data, {"X-Image-Meta-Store": store.name})
        expect(f"uploading to {store.name} ({body[:200]})", status, expected)

    def location(self, image, store):
        return next(one["url"] for one in self.image(image)["locations"] if one["metadata"]["store"] == store.name)

    def digest(self, store, image):
        return engine_stores.digest(store, self.location(image, store))

    def active(self, data, store):
        image = self.create(name=f"in {store.name}")
        self.upload(image, data, store)
        expect(f"the data in {store.name}", self.digest(store, image), sha512(data))
        return image

    def imported(self, image, stores):
        """Waits until an image is active in stores, and nothing else."""
        def is_over():
            found = self.image(image)
            if found.get("os_glance_failed_import"):
                raise Wrong(f"the import into {found['os_glance_failed_import']} failed")
            return found["status"] == "active" and not found.get("os_glance_importing_to_stores") and not found.get("os_glance_import_task")
        until("the import ends", is_over, 120)
        expect("the image's stores", sorted(self.image(image)["stores"].split(",")), sorted(store.name for store in stores))

    def holds(self, data, image, stores, what):
        """Reads an image in each store, behind the service's back."""
        for store in stores:
            expect(f"the data in {store.name} {what}", self.digest(store, image), sha512(data))

    def delete(self, image, expected=204):
        status, body, _ = self.ask("DELETE", f"/v2/images/{image}")
        expect(f"deleting ({body[:200]})", status, expected)

    def run(self, program, *words):
        """Runs one of OpenStack's clients as the administrator; returns its output."""
        variables = {"OS_AUTH_URL": self.identity, "OS_USERNAME": "admin", "OS_PASSWORD": "admin", "OS_PROJECT_NAME": "cloud",
                     "OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_DOMAIN_NAME": "Default", "OS_REGION_NAME": "RegionOne",
                     "OS_IDENTITY_API_VERSION": "3"}
        status, said, errors = self.options.clients.run(program, words, variables)
        expect(f"{program} {' '.join(map(str, words[:3]))} ({errors[-400:]})", status, 0)
        return said

    def metrics(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.metrics_port, timeout=60)
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()

    def metric(self, name, **labels):
        """The value of a metric, added up over the lines that have these labels."""
        lines = re.findall(rf"(?m)^{name}{{(.*)}} (\S+)", self.metrics())
        wanted = {f'{label}="{value}"' for label, value in labels.items()}
        return sum(float(value) for found, value in lines if wanted <= set(found.split(",")))

    def manage(self, *words):
        script = f". {self.state}/site/environment; exec {self.options.programs}/glance-manage \"$@\" --config-file {self.configuration}"
        return subprocess.run(["/bin/bash", "-c", script, "-", *words], capture_output=True, text=True, timeout=180)

    def workers(self):
        for folder in pathlib.Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
                if name == "glance-api" and int(rest.split()[1]) == self.manager.pid:
                    yield int(folder.name)

    def left(self, before):
        """What the stores hold more than before, once nothing is."""
        return [f"{store.name}: {name}" for store in self.stores for name in sorted(set(store.names()) - before[store.name])]

    def names(self):
        return {store.name: set(store.names()) for store in self.stores}

    def is_empty_again(self, before, seconds=120):
        until(f"nothing is left of it: {self.left(before)}", lambda: not self.left(before), seconds)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
