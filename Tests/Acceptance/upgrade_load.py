"""The clients of the acceptance run of an upgrade, and what they know afterwards."""
import collections, contextlib, hashlib, http.server, json, random, threading, time, uuid

from store_site import until

RAW = {"disk_format": "raw", "container_format": "bare"}
PATCH = "application/openstack-images-v2.1-json-patch"
BYTES = "application/octet-stream"
PURGE = "db", "purge", "--age_in_days", "1", "--max_rows", "-1"
FULL = "full"
# Bytes that a project may take. The clients fill one project together.
QUOTA = 6_000_000


class Failure(Exception):
    """An answer with which a client cannot go on."""


def digest(data):
    return hashlib.sha512(data).hexdigest()


class Origin:
    """A web server whose data come in two halves, with a pause between some of them."""

    def __init__(self):
        self.data = {}
        data = self.data

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(data[self.path])))
                self.end_headers()

            def do_GET(self):
                self.do_HEAD()
                content = data[self.path]
                self.wfile.write(content[:len(content) // 2])
                time.sleep(int(self.path[-1], 16) % 4 / 4)
                self.wfile.write(content[len(content) // 2:])

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def offer(self, data):
        path = f"/{uuid.uuid4()}"
        self.data[path] = data
        return f"http://127.0.0.1:{self.port}{path}"


class Client(threading.Thread):
    """Makes images in every way, and changes and deletes them, each request at one of the nodes at random."""

    def __init__(self, site, number):
        super().__init__(daemon=True)
        self.site, self.number, self.random, self.token = site, number, random.Random(number), f"client{number}"
        # What was acknowledged of each image: digest, tags, properties and members; None for a deleted one.
        self.images, self.problems = {}, []
        self.answers, self.done = collections.Counter(), collections.Counter()
        self.ways = [self.upload, self.stage_and_import, self.download_from_the_web, self.copy, self.old_api, self.old_copy_from, self.located,
                     self.ordered_location, self.by_task, self.fill, self.define]

    def run(self):
        while not self.site.is_over.is_set():
            way = self.random.choice(self.ways)
            try:
                way()
                self.done[way.__name__] += 1
            except Failure as failure:
                self.problems.append(f"{self.site.phase}: {way.__name__}: {failure}")
            except Exception as error:
                self.problems.append(f"{self.site.phase}: {way.__name__}: {error!r}")

    # asking

    def ask(self, method, path, body=None, expected=(200, 201, 202, 204), kind="application/json", headers={}, token=None, node=None):
        node, phase, began = node or self.random.choice(self.site.nodes), self.site.phase, time.monotonic()
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        for _ in range(20):
            status, data, fields = node.ask(method, path, body, kind, {"X-Auth-Token": token or self.token, **headers})
            self.answers[status] += 1
            if status != 503 or "Retry-After" not in fields:
                break
            self.site.note(f"{phase}: 503 of {node.name} ({node.release.name}) to {method} {path.split('/')[1:3]}: {data[:200]!r}")
            time.sleep(0.5)
        if status not in expected:
            took = time.monotonic() - began
            raise Failure(f"{method} {path} at {node.name} ({node.release.name}): {status} {data[:300]!r}, {took:.1f} s")
        return status, data, fields

    def json(self, method, path, body=None, **more):
        return json.loads(self.ask(method, path, body, **more)[1])

    def image(self, image):
        return self.json("GET", f"/v2/images/{image}")

    # images

    def create(self, token=None, **fields):
        image = self.json("POST", "/v2/images", RAW | {"name": f"of client {self.number}", **fields}, token=token)["id"]
        return image, self.keep(image, token)

    def keep(self, image, token=None):
        self.images[image] = {"digest": None, "tags": set(), "properties": {}, "members": set(), "token": token or self.token}
        return self.images[image]

    def bytes(self, most=5000):
        return b"upgrade" + self.random.randbytes(self.random.randrange(1, most))

    def has(self, image, data):
        """Each node gives an image's data."""
        for node in self.site.nodes:
            found = self.ask("GET", f"/v2/images/{image}/file", expected=(200,), node=node, token=self.images[image]["token"])[1]
            if found != data:
                raise Failure(f"{image} has {len(found)} other bytes at {node.name}, not {len(data)}")
        self.images[image]["digest"] = digest(data)

    def is_imported(self, image):
        shown = self.image(image)
        if shown.get("os_glance_failed_import"):
            raise Failure(f"the import of {image} failed: {self.json('GET', f'/v2/images/{image}/tasks')}")
        if shown["status"] == "queued":
            raise Failure(f"{image} is queued again: {self.json('GET', f'/v2/images/{image}/tasks')}")
        return shown["status"] == "active" and not shown.get("os_glance_importing_to_stores") and not shown.get("os_glance_import_task")

    def change(self, image, kept):
        """Tags, properties and members."""
        if self.random.random() < 0.5:
            tag = f"tag-{self.random.randrange(1000)}"
            self.ask("PUT", f"/v2/images/{image}/tags/{tag}")
            kept["tags"].add(tag)
        name, value = f"p{self.random.randrange(1000)}", str(self.random.random())
        self.ask("PATCH", f"/v2/images/{image}", [{"op": "add", "path": f"/{name}", "value": value}], kind=PATCH)
        kept["properties"][name] = value
        if self.random.random() < 0.5:
            member = f"client{self.random.randrange(100)}"
            self.ask("PATCH", f"/v2/images/{image}", [{"op": "replace", "path": "/visibility", "value": "shared"}], kind=PATCH)
            self.ask("POST", f"/v2/images/{image}/members", {"member": member}, expected=(200, 409))
            kept["members"].add(member)
        if image not in {one["id"] for one in self.listed()}:
            raise Failure(f"{image} is not in the list")

    def listed(self):
        path = "/v2/images?limit=7"
        while path:
            page = self.json("GET", path)
            yield from page["images"]
            path = page.get("next")

    def delete(self, image, path=None):
        if self.random.random() < 0.6:
            self.ask("DELETE", path or f"/v2/images/{image}", token=self.images[image]["token"])
            self.images[image] = None

    # ways to an image

    def upload(self):
        (image, kept), data = self.create(), self.bytes()
        store = self.random.choice(["fast", "cheap"])
        self.ask("PUT", f"/v2/images/{image}/file", data, kind=BYTES, headers={"X-Image-Meta-Store": store})
        self.has(image, data)
        self.change(image, kept)
        self.delete(image)

    def stage_and_import(self):
        (image, kept), data = self.create(), self.bytes()
        self.ask("PUT", f"/v2/images/{image}/stage", data, kind=BYTES)
        if self.random.random() < 0.1:
            self.ask("DELETE", f"/v2/images/{image}")
            self.images[image] = None
            return
        self.order(image, {"name": "glance-direct"}, all_stores=self.random.random() < 0.5)
        self.has(image, data)
        self.change(image, kept)
        self.delete(image)

    def download_from_the_web(self):
        (image, kept), data = self.create(), self.bytes()
        self.order(image, {"name": "web-download", "uri": self.site.origin.offer(data)}, stores=["cheap"])
        self.has(image, data)
        self.delete(image)

    def order(self, image, method, **more):
        token = "administrator" if method["name"] == "copy-image" else None
        self.ask("POST", f"/v2/images/{image}/import", {"method": method, **more}, token=token)
        until(f"the import of {image} ({method['name']}) ends", lambda: self.is_imported(image), 180)

    def copy(self):
        (image, kept), data = self.create(), self.bytes(300_000)
        self.ask("PUT", f"/v2/images/{image}/file", data, kind=BYTES)
        self.order(image, {"name": "copy-image"}, stores=["cheap"])
        self.has(image, data)
        self.ask("DELETE", f"/v2/stores/{self.random.choice(['fast', 'cheap'])}/{image}", token="administrator")
        self.has(image, data)
        self.delete(image)

    def old_api(self):
        data = self.bytes()
        headers = {"x-image-meta-name": "old", "x-image-meta-disk_format": "raw", "x-image-meta-container_format": "bare",
                   "x-image-meta-property-made": "by-v1"}
        image = self.json("POST", "/v1/images", data, kind=BYTES, headers=headers)["image"]["id"]
        kept = self.keep(image)
        kept["properties"]["made"] = "by-v1"
        self.has(image, data)
        self.change_old(image, kept)
        found = {one["id"] for one in self.json("GET", "/v1/images/detail?limit=1000")["images"]}
        if image not in found:
            raise Failure(f"{image} is not in V1's list of {len(found)}")
        if self.ask("GET", f"/v1/images/{image}")[1] != data:
            raise Failure(f"V1 sends other data of {image}")
        self.delete(image, self.random.choice([f"/v1/images/{image}", f"/v2/images/{image}"]))

    def change_old(self, image, kept):
        name, value = f"old{self.random.randrange(1000)}", str(self.random.random())
        self.ask("PUT", f"/v1/images/{image}", headers={f"x-image-meta-property-{name}": value, "x-glance-registry-purge-props": "false"})
        kept["properties"][name] = value
        member = f"client{self.random.randrange(100)}"
        self.ask("PUT", f"/v1/images/{image}/members/{member}")
        kept["members"].add(member)
        fields = self.ask("HEAD", f"/v1/images/{image}")[2]
        if fields[f"x-image-meta-property-{name}"] != value:
            raise Failure(f"V1 shows {fields.items()}")
        if member not in {one["member_id"] for one in self.json("GET", f"/v1/images/{image}/members")["members"]}:
            raise Failure(f"V1 does not list {member} of {image}")

    def old_copy_from(self):
        data = self.bytes()
        headers = {"x-image-meta-name": "copied", "x-image-meta-disk_format": "raw", "x-image-meta-container_format": "bare",
                   "x-glance-api-copy-from": self.site.origin.offer(data)}
        image = self.json("POST", "/v1/images", headers=headers)["image"]["id"]
        self.keep(image)
        until(f"the copy of {image} ends", lambda: self.image(image)["status"] == "active", 180)
        self.has(image, data)
        self.delete(image)

    def located(self):
        """An image whose data lie at another server: nodes send it from their caches, once they have it."""
        (image, kept), data = self.create(), self.bytes()
        place = {"url": self.site.origin.offer(data), "metadata": {}}
        self.ask("PATCH", f"/v2/images/{image}", [{"op": "add", "path": "/locations/-", "value": place}], kind=PATCH, token="administrator")
        self.ask("PUT", f"/v2/cache/{image}", token="administrator")
        self.has(image, data)
        self.change(image, kept)
        self.delete(image)

    def ordered_location(self):
        (image, kept), data = self.create(), self.bytes()
        self.ask("POST", f"/v2/images/{image}/locations", {"url": self.site.origin.offer(data), "validation_data": {
            "os_hash_algo": "sha512", "os_hash_value": digest(data)}}, token="administrator")
        until(f"the location of {image} is taken", lambda: self.image(image)["status"] == "active", 180)
        self.has(image, data)
        self.delete(image)

    def by_task(self):
        data = self.bytes()
        task = self.json("POST", "/v2/tasks", {"type": "import", "input": {
            "import_from": self.site.origin.offer(data), "import_from_format": "raw", "image_properties": RAW | {"name": "by a task"}}},
            token="administrator")["id"]
        show = lambda: self.json("GET", f"/v2/tasks/{task}", token="administrator")
        until(f"the task {task} ends", lambda: show()["status"] in ("success", "failure"), 180)
        ended = show()
        if ended["status"] != "success":
            raise Failure(f"the task {task}: {ended}")
        image = ended["result"]["image_id"]
        self.keep(image, "administrator")
        self.has(image, data)
        self.delete(image)

    def fill(self):
        """Fills one project with the other clients."""
        image, kept = self.create(FULL)
        data = self.bytes(1_000_000)
        if self.ask("PUT", f"/v2/images/{image}/file", data, kind=BYTES, token=FULL, expected=(204, 413))[0] == 204:
            self.has(image, data)
        taken = int(self.site.database.sql(
            f"SELECT COALESCE(SUM(size), 0) FROM images WHERE owner = '{FULL}' AND status = 'active' AND deleted = 0"))
        if taken > QUOTA:
            raise Failure(f"project {FULL} has {taken} bytes")
        self.delete(image)

    def define(self):
        name = f"space-{self.number}-{self.random.randrange(1 << 40)}"
        self.ask("POST", "/v2/metadefs/namespaces", {"namespace": name, "visibility": "private"}, token="administrator")
        self.ask("POST", f"/v2/metadefs/namespaces/{name}/properties", {"name": "p", "title": "P", "type": "string"}, token="administrator")
        self.ask("GET", f"/v2/metadefs/namespaces/{name}", token="administrator")
        self.ask("DELETE", f"/v2/metadefs/namespaces/{name}", token="administrator")

    # afterwards

    def check(self, node):
        """What of the acknowledged is not so at a node."""
        for image, kept in self.images.items():
            token = {"X-Auth-Token": kept["token"] if kept else "administrator"}
            status, body, _ = node.ask("GET", f"/v2/images/{image}", headers=token)
            if kept is None or status != 200:
                if (status == 404) != (kept is None):
                    yield f"{image}: {status} at {node.name}, {kept}"
                continue
            shown = json.loads(body)
            if not kept["tags"] <= set(shown["tags"]):
                yield f"{image} lost tags: {shown['tags']}, not {kept['tags']}"
            yield from (f"{image} lost {name} = {value}" for name, value in kept["properties"].items() if shown.get(name) != value)
            if kept["members"]:
                status, body, _ = node.ask("GET", f"/v2/images/{image}/members", headers=token)
                found = {one["member_id"] for one in json.loads(body)["members"]} if status == 200 else set()
                if not kept["members"] <= found:
                    yield f"{image} lost members: {status} {found}, not {kept['members']}"
            if kept["digest"]:
                status, data, _ = node.ask("GET", f"/v2/images/{image}/file", headers=token)
                if status != 200 or digest(data) != kept["digest"]:
                    yield f"{image} lost its data at {node.name}: {status}, {shown['status']}"


class Upkeep(threading.Thread):
    """Does what operators do by hand and by timers, at each node with the programs that are installed there."""

    def __init__(self, site):
        super().__init__(daemon=True)
        self.site, self.random, self.problems, self.done = site, random.Random(0), [], collections.Counter()
        self.commands = [
            ("scrub",), PURGE, ("db", "purge_images_table", *PURGE[2:]), ("db", "check"), ("db", "sync"), ("policy", "list"), ("store", "verify"),
            ("store", "owed"), ("db", "refresh_reports"), ("report", "overview"), ("report", "usage_by_project")]

    def run(self):
        while not self.site.is_over.wait(1):
            node, words, phase = self.random.choice(self.site.nodes), self.random.choice(self.commands), self.site.phase
            release = node.release.name
            if not self.site.allows(node, words):
                continue
            if "--age_in_days" in words:
                self.age()
            status, said = node.manage(*words)
            self.done[f"{' '.join(words[:2])} ({release})"] += 1
            # Images that were deleted after `db purge` have rows yet.
            if status and not ("purge_images_table" in words and " images stay" in said):
                self.problems.append(f"{phase}: glance-manage {' '.join(words)} at {node.name} ({release}): {status} {said[-1500:]}")

    def age(self):
        """Has what was deleted before be deleted for three days, so that it is purged. But a node may have data of other servers in its cache
        for three minutes more, so these images stay."""
        kept = {"image_locations": " AND value NOT LIKE 'http:%'",
                "images": " AND id NOT IN (SELECT image_id FROM image_locations WHERE value LIKE 'http:%')"}
        for table in "image_locations", "image_members", "image_properties", "image_tags", "images":
            with contextlib.suppress(SystemExit):
                self.site.database.sql(f"""UPDATE {table} SET deleted_at = deleted_at - INTERVAL 3 DAY
                                            WHERE deleted = 1 AND deleted_at > UTC_DATE() - INTERVAL 1 DAY{kept.get(table, '')}""")
