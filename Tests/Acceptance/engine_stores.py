"""The stores of the acceptance run: their groups in glance-api.conf, and what lies in each, read behind the service's back."""
import contextlib, hashlib, http.client, json, os, pathlib, signal, subprocess, sys, time, urllib.parse

ENGINES = pathlib.Path(__file__).resolve().parents[1] / "Engines"
sys.dont_write_bytecode = True
sys.path.insert(0, str(ENGINES))
import s3client

NOT_HERE = 75
BLOCK, RANGE = 4 << 20, 64 << 20


class Engines:
    """SeaweedFS and Ceph. They end with this program."""

    def __init__(self, state):
        self.state, self.values = state, {}

    def __enter__(self):
        for name, options in ("s3", []), ("ceph", ["--store", "bluestore", "--gib", "10"]):
            self.up(name, *options)
        return self

    def __exit__(self, *_):
        for name in self.values:
            subprocess.run([ENGINES / name, "down", self.state / name, "--wipe"], check=True)

    def up(self, name, *options):
        """Starts what does not run of an engine, unless that cannot be installed here."""
        done = subprocess.run([ENGINES / name, "up", self.state / name, *options], stdout=subprocess.PIPE, text=True)
        if done.returncode == NOT_HERE:
            return
        if done.returncode != 0:
            sys.exit(f"{name} does not start")
        self.values[name] = dict(line.split("=", 1) for line in done.stdout.splitlines())

    def process(self, engine, daemon):
        return int((self.state / engine / f"run/{daemon}.pid").read_text())

    def kill(self, engine, daemon):
        """Kills one of an engine's processes, and starts it again a moment later."""
        os.kill(self.process(engine, daemon), signal.SIGKILL)
        time.sleep(1)
        self.up(engine)

    def stores(self, names):
        """The stores of some names, without those whose engine is not here, which it says."""
        for name in names:
            kind = KINDS[name]
            if kind.engine is None or kind.engine in self.values:
                yield kind(name, self)
            else:
                print(f"left out: {name}, as {kind.engine} is not installed", flush=True)


class FileStore:
    type, engine, daemons = "file", None, []

    def __init__(self, name, engines):
        self.name, self.folder = name, engines.state / name

    def options(self):
        return f"filesystem_store_datadir = {self.folder}"

    def names(self):
        return [str(file.relative_to(self.folder)) for file in self.folder.rglob("*")
                if file.is_file() and not file.relative_to(self.folder).parts[0] == ".vitrine-store"]

    def blocks(self, url):
        with open(url.removeprefix("file://"), "rb") as file:
            while block := file.read(BLOCK):
                yield block

    def destroy(self, url):
        pathlib.Path(url.removeprefix("file://")).unlink()


class S3Store:
    """On Ceph's gateway."""
    type, engine, daemons = "s3", "ceph", ["rgw", "osd.0"]

    def __init__(self, name, engines):
        self.name, self.values = name, engines.values[self.engine]
        self.client = s3client.Client(self.values["S3_ENDPOINT"], self.values["S3_ACCESS_KEY"], self.values["S3_SECRET_KEY"])
        self.client.status("PUT", "/acceptance")

    def options(self):
        return f"""s3_store_host = {self.values["S3_ENDPOINT"]}
s3_store_access_key = {self.values["S3_ACCESS_KEY"]}
s3_store_secret_key = {self.values["S3_SECRET_KEY"]}
s3_store_bucket = acceptance
s3_store_bucket_url_format = path
s3_store_large_object_size = 10
s3_store_large_object_chunk_size = 10"""

    def names(self):
        return [name for names in self.client.list("acceptance").values() for name in names]

    def blocks(self, url):
        return ranges(lambda headers: self.client.send("GET", f"/acceptance/{url.rpartition('/')[2]}", headers=headers))

    def destroy(self, url):
        self.client.status("DELETE", f"/acceptance/{url.rpartition('/')[2]}")


class SeaweedStore(S3Store):
    """On SeaweedFS, which is one process."""
    engine, daemons = "s3", ["s3"]


class RBDStore:
    type, engine, daemons = "rbd", "ceph", ["osd.0"]

    def __init__(self, name, engines):
        import rados, rbd
        self.name, self.values, self.rbd = name, engines.values[self.engine], rbd
        self.cluster = rados.Rados(conffile=self.values["CEPH_CONF"], name="client.admin")
        self.cluster.connect(timeout=30)
        self.pool = self.cluster.open_ioctx(self.values["RBD_POOL"])

    def options(self):
        return f"""rbd_store_ceph_conf = {self.values["CEPH_CONF"]}
rbd_store_user = {self.values["RBD_USER"]}
rbd_store_pool = {self.values["RBD_POOL"]}"""

    def names(self):
        # The data of an image that was removed in part have no name in the pool's list.
        data = {entry.key.split(".")[1] for entry in self.pool.list_objects() if entry.key.startswith("rbd_data.")}
        images = {}
        for name in self.rbd.RBD().list(self.pool):
            # It may be removed meanwhile.
            with contextlib.suppress(self.rbd.ImageNotFound), self.rbd.Image(self.pool, name, read_only=True) as image:
                images[name] = image.id()
        return list(images) + [f"trash/{entry['name']}" for entry in self.rbd.RBD().trash_list(self.pool)] + [
            f"data/{one}" for one in data - set(images.values())]

    def blocks(self, url):
        with self.rbd.Image(self.pool, url.split("/")[4], snapshot="snap", read_only=True) as source:
            for offset in range(0, source.size(), BLOCK):
                yield source.read(offset, min(BLOCK, source.size() - offset))

    def destroy(self, url):
        name = url.split("/")[4]
        with self.rbd.Image(self.pool, name) as found:
            if found.is_protected_snap("snap"):
                found.unprotect_snap("snap")
            found.remove_snap("snap")
        self.rbd.RBD().remove(self.pool, name)

    def command(self, *words):
        """Runs Ceph's own `rbd`, as the administrator."""
        subprocess.run(["rbd", "-c", self.values["CEPH_CONF"], *words], check=True, timeout=60)


class SwiftStore:
    """On Ceph's gateway."""
    type, engine, daemons = "swift", "ceph", ["rgw", "osd.0"]

    def __init__(self, name, engines):
        self.name, self.values = name, engines.values[self.engine]
        self.file = engines.state / "swift.conf"
        self.file.write_text(f"""[site]
auth_version = 1
auth_address = {self.values["SWIFT_AUTH_URL"]}
user = {self.values["SWIFT_USER"]}
key = {self.values["SWIFT_KEY"]}
""")

    def options(self):
        return f"""swift_store_config_file = {self.file}
default_swift_reference = site
swift_store_container = images
swift_store_create_container_on_put = true
swift_store_large_object_size = 10
swift_store_large_object_chunk_size = 5"""

    def ask(self, method, path, headers={}):
        place = urllib.parse.urlsplit(self.values["SWIFT_AUTH_URL"])

        def send(method, path, headers):
            connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
            try:
                connection.request(method, path, headers=headers)
                answer = connection.getresponse()
                return answer, answer.read()
            finally:
                connection.close()

        login, _ = send("GET", place.path, {"X-Auth-User": self.values["SWIFT_USER"], "X-Auth-Key": self.values["SWIFT_KEY"]})
        base = urllib.parse.urlsplit(login.headers["X-Storage-Url"]).path
        answer, body = send(method, base + path, {"X-Auth-Token": login.headers["X-Auth-Token"], **headers})
        return answer.status, body

    def names(self):
        _, listed = self.ask("GET", "?format=json")
        containers = [one["name"] for one in json.loads(listed or "[]") if one["name"].startswith("images")]
        return [f"{container}/{one['name']}" for container in containers
                for one in json.loads(self.ask("GET", f"/{container}?format=json")[1] or "[]")
                # An empty mark that keeps a stale writer from committing; it stays for a day.
                if not one["name"].startswith("vitrine/discarded/")]

    def blocks(self, url):
        return ranges(lambda headers: self.ask("GET", "/" + "/".join(url.rsplit("/", 2)[1:]), headers))

    def destroy(self, url):
        # The object, and its segments.
        for name in self.names():
            if name.startswith("/".join(url.rsplit("/", 2)[1:])):
                self.ask("DELETE", f"/{name}")


KINDS = {"files": FileStore, "seaweed": SeaweedStore, "s3": S3Store, "rbd": RBDStore, "swift": SwiftStore}


def ranges(get):
    """An object in blocks. `get(headers)` asks for a range, and returns the status and the body."""
    offset = 0
    while True:
        status, body = get({"Range": f"bytes={offset}-{offset + RANGE - 1}"})
        if status == 416 or status == 200 and not body:
            return
        if status != 206:
            raise OSError(f"the engine says {status}")
        yield body
        if len(body) < RANGE:
            return
        offset += len(body)


def digest(store, url):
    """The SHA-512 of the data at a location in a store."""
    hashed = hashlib.sha512()
    for block in store.blocks(url):
        hashed.update(block)
    return hashed.hexdigest()
