"""The part of `together` in which one service takes data in for a while, and the other works on the same image meanwhile."""
import hashlib, http.client, http.server, os, pathlib, random, signal, subprocess, threading, time, uuid

# Answers of a service whose image the other has deleted meanwhile.
GONE = (404, 409, 410)
PATIENCE = 60


def until(what, condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not so after {seconds} s: {what}")
        time.sleep(0.05)


class Source:
    """A web server whose answers stop in the middle until they are let go."""

    def __init__(self):
        self.held = {}
        held = self.held

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                data, gate = held[self.path]
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data[:len(data) // 2])
                gate.wait(PATIENCE)
                self.wfile.write(data[len(data) // 2:])

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def offer(self, data):
        """Gives the URL of data, and the event that lets their second half go."""
        path, gate = f"/{uuid.uuid4()}", threading.Event()
        self.held[path] = (data, gate)
        return f"http://127.0.0.1:{self.server.server_port}{path}", gate


class Transfer(threading.Thread):
    """Data on their way into an image, which end when they are let go. `status` is the answer."""

    def __init__(self, service, image, data, to, token, folder):
        super().__init__(daemon=True)
        self.service, self.path, self.data, self.token = service, f"/v2/images/{image}/{to}", data, token
        self.gate, self.file, self.status, self.answer = threading.Event(), folder / f"gate-{uuid.uuid4()}", None, None
        self.start()

    def let_go(self):
        self.file.touch()
        self.gate.set()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=120)
        try:
            connection.putrequest("PUT", self.path)
            for name, value in {"X-Auth-Token": self.token, "Content-Type": "application/octet-stream", "Content-Length": str(len(self.data)),
                                "X-Held-By": str(self.file)}.items():
                connection.putheader(name, value)
            connection.endheaders()
            # Vitrine takes bytes as they come. Glance's server reads all of them first, so there the file holds them up.
            connection.send(self.data[:len(self.data) // 2])
            if self.service.name == "Vitrine":
                self.gate.wait(PATIENCE)
            connection.send(self.data[len(self.data) // 2:])
            answer = connection.getresponse()
            self.answer, self.status = answer.read(), answer.status
        except OSError as error:
            # A server that has refused need not read the rest.
            self.status, self.answer = 410, repr(error)
        finally:
            connection.close()
            self.file.unlink(missing_ok=True)


class Crossing:
    """Brings images to one service, and changes them at the other before they are whole."""

    STATUS = {"file": "saving", "stage": "uploading", "web-download": "importing"}

    def __init__(self, number, seed, service, other, seconds, source, folder, token):
        self.chance, self.number = random.Random(seed * 1000 + 500 + number), number
        self.service, self.other, self.seconds, self.source, self.folder, self.token = service, other, seconds, source, folder, token
        self.problems, self.rounds, self.deleted = [], 0, 0

    def run(self):
        end = time.monotonic() + self.seconds
        while time.monotonic() < end and len(self.problems) < 5:
            way = self.chance.choice(["file", "stage", "web-download"] if self.service.name == "Vitrine" else ["file", "web-download"])
            try:
                self.round(way)
                self.rounds += 1
            except Exception as error:  # Whatever goes wrong is a finding.
                self.problems.append(f"{way} at {self.service.name}, crossed: {type(error).__name__} {error}")
        return self

    def round(self, way):
        service, other, data = self.service, self.other, self.chance.randbytes(self.chance.choice([2, 70_000, 300_000]))
        image = service.must("POST", "/v2/images", "member", {
            "name": "crossed", "disk_format": "raw", "container_format": "bare"})["id"]
        if way == "web-download":
            url, gate = self.source.offer(data)
            service.must("POST", f"/v2/images/{image}/import", "member", {
                "method": {"name": way, "uri": url}, "stores": [self.chance.choice(["fast", "cheap"])]})
            let_go, transfer = gate.set, None
        else:
            transfer = Transfer(service, image, data, way, self.token, self.folder)
            let_go = transfer.let_go
        try:
            shown = lambda: other.must("GET", f"/v2/images/{image}")
            until(f"{other.name} shows {image} as {self.STATUS[way]}", lambda: shown()["status"] == self.STATUS[way])
            members = self.meddle(image, way)
            # Glance leaves what it has downloaded for an image that is deleted meanwhile, whoever deletes it.
            is_deleted = self.chance.random() < 0.25 and (service.name, way) != ("Glance", "web-download")
            # Long enough for sweeps, and short enough for several.
            time.sleep(self.chance.uniform(0, 12))
            if shown()["status"] != self.STATUS[way]:
                raise AssertionError(f"{image} is {shown()['status']} while its data come in")
            if is_deleted:
                other.must("DELETE", f"/v2/images/{image}")
        finally:
            let_go()
        if transfer:
            transfer.join(PATIENCE * 2)
        if is_deleted:
            self.expect_gone(image, transfer)
        else:
            self.expect_whole(image, way, transfer, data, members)

    def meddle(self, image, way):
        """Does at the other service what may be done to an image whose data come in, and what may not."""
        other = self.other
        download = {"method": {"name": "web-download", "uri": "http://127.0.0.1:1/x"}}
        for method, path, body, kind in [("PUT", "file", b"other data", "application/octet-stream"),
                                         ("POST", "import", download, "application/json")]:
            status, answer = other.ask(method, f"/v2/images/{image}/{path}", "member", body, kind)
            if status != 409:
                raise AssertionError(f"{other.name} answers {status} {answer} to {method} {path} of {image}, which is {self.STATUS[way]}")
        if image not in [found["id"] for found in other.must("GET", f"/v2/images?status={self.STATUS[way]}&limit=1000")["images"]]:
            raise AssertionError(f"{other.name} does not list {image} as {self.STATUS[way]}")
        members = {f"crossed-{number}" for number in range(self.chance.randrange(3))}
        for member in members:
            other.must("POST", f"/v2/images/{image}/members", "member", {"member": member})
        other.patch(image, [{"op": "replace", "path": "/name", "value": "meddled"}, {"op": "add", "path": "/meddled", "value": "yes"}])
        other.must("PUT", f"/v2/images/{image}/tags/meddled")
        return members

    def expect_gone(self, image, transfer):
        self.deleted += 1
        if transfer and transfer.status not in GONE:
            raise AssertionError(f"{image} was deleted by {self.other.name} while its data came in, and {self.service.name} answers "
                                 f"{transfer.status} {transfer.answer}")
        for service in (self.service, self.other):
            until(f"{image} is gone at {service.name}", lambda: service.ask("GET", f"/v2/images/{image}")[0] == 404)

    def expect_whole(self, image, way, transfer, data, members):
        service = self.service
        if transfer and transfer.status != 204:
            raise AssertionError(f"{service.name} answers {transfer.status} {transfer.answer} to the data of {image}")
        if way == "stage":
            service.order(image, {"method": {"name": "glance-direct"}, "stores": ["cheap"]})
        else:
            until(f"{image} is active at {service.name}, and free",
                  lambda: service.must("GET", f"/v2/images/{image}")["status"] == "active"
                  and all(task["status"] == "success" for task in service.must("GET", f"/v2/images/{image}/tasks")["tasks"])
                  and service.is_free(image))
        digest = hashlib.sha512(data).hexdigest()
        for place in (service, self.other):
            shown = place.must("GET", f"/v2/images/{image}")
            if (shown["status"], shown["size"], shown["os_hash_value"]) != ("active", len(data), digest):
                raise AssertionError(f"{place.name} says of {image}: {shown}")
            if place.must("GET", f"/v2/images/{image}/file") != data:
                raise AssertionError(f"{place.name} sends other bytes of {image}")
            found = {member["member_id"] for member in place.must("GET", f"/v2/images/{image}/members")["members"]}
            if found != members:
                raise AssertionError(f"{place.name} says that {image} has the members {found}, not {members}")
            # Glance writes the whole record once its data are there, so what was changed meanwhile is lost there, also beside a second Glance.
            kept = (shown["name"], shown.get("meddled"), shown["tags"])
            if service.name == "Vitrine" and kept != ("meddled", "yes", ["meddled"]):
                raise AssertionError(f"{place.name} says of {image}: {kept}")


class Restarts(threading.Thread):
    """Ends `glance-tasks` again and again: each new one sweeps thoroughly some seconds after its start."""

    def __init__(self, manager, pause=14):
        super().__init__(daemon=True)
        self.manager, self.pause, self.is_over, self.count = manager, pause, threading.Event(), 0
        self.start()

    def run(self):
        while not self.is_over.wait(self.pause):
            found = subprocess.run(["pgrep", "-P", str(self.manager), "-x", "glance-tasks"], capture_output=True, text=True).stdout.split()
            for process in found:
                os.kill(int(process), signal.SIGTERM)
                self.count += 1

    def end(self):
        self.is_over.set()
        self.join()
