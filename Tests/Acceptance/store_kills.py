"""Workers and engines that are killed in the middle of uploads, one to each store at the same time."""
import hashlib, http.client, os, signal, threading, time

from store_site import Wrong, expect, until
from store_paths import SMALL

BLOCK = 4 << 20
# How far an upload may be ahead of the slowest one, so that all are under way when something is killed.
AHEAD = 32 << 20


def killed_workers(site):
    yield from kill(site, "a worker", site.stores, lambda: [os.kill(process, signal.SIGKILL) for process in site.workers()])


def killed_engines(site):
    daemons = {(store.engine, daemon) for store in site.stores for daemon in store.daemons}
    for engine, daemon in sorted(daemons):
        stores = [store for store in site.stores if store.engine == engine and daemon in store.daemons]
        yield from kill(site, daemon, stores, lambda: site.options.engines.kill(engine, daemon))


def kill(site, what, stores, kill):
    started, size, before = time.monotonic(), site.options.mib << 20, site.names()
    crowd = Crowd()
    uploads = [Upload(site, store, size, crowd) for store in stores]
    for upload in uploads:
        upload.start()
    crowd.until(lambda: all(upload.sent >= size // 2 or upload.is_over for upload in uploads))
    for upload in uploads:
        expect(f"{upload.store.name} still takes data ({upload.outcome})", not upload.is_over)
        expect("what is visible in the middle", site.image(upload.image)["status"], "saving")
        expect("a download in the middle", site.ask("GET", f"/v2/images/{upload.image}/file")[0] != 200)
    kill()
    crowd.release()
    for upload in uploads:
        upload.join()
    for upload in uploads:
        judge(site, upload, what)
    for upload in uploads:
        site.delete(upload.image)
    # Data that an engine did not remove while it was away lie there for five minutes after their last change, until the sweep may take them
    # for forgotten. A connection to Ceph that breaks changes them late.
    site.is_empty_again(before, 450)
    for upload in uploads:
        until(f"{upload.store.name} takes data again", lambda: again(site, upload.store))
        yield upload.store
    said = ", ".join(f"{upload.store.name} {upload.outcome or 'cut off'}" for upload in uploads)
    print(f"       {site.options.mib} MiB, {what} is killed: {said} ({time.monotonic() - started:.0f} s)", flush=True)


def judge(site, upload, what):
    """An image whose upload was disturbed is active with its very data, or queued and not acknowledged."""
    found = until("the upload is over", lambda: (one := site.image(upload.image))["status"] != "saving" and one, 120)
    name = f"the image in {upload.store.name}, as {what} was killed"
    if found["status"] == "active":
        digest = upload.hashed.hexdigest()
        expect(name, (found["size"], found["os_hash_value"], site.digest(upload.store, upload.image)), (upload.size, digest, digest))
    else:
        expect(f"{name}, and whether it was acknowledged", (found["status"], upload.outcome == 204), ("queued", False))
        expect(f"{name}, its locations", found["locations"], [])


def again(site, store):
    image = site.create()
    status = site.ask("PUT", f"/v2/images/{image}/file", SMALL, {"X-Image-Meta-Store": store.name})[0]
    site.delete(image)
    return status == 204


class Crowd:
    """Uploads that keep together until they are released."""

    def __init__(self):
        self.changed, self.members, self.is_released = threading.Condition(), [], False

    def wait(self, upload):
        with self.changed:
            self.changed.notify_all()
            if not self.changed.wait_for(lambda: self.is_released or upload.sent <= self.least() + AHEAD, 120):
                raise Wrong("an upload does not go on")

    def least(self):
        return min((member.sent for member in self.members if not member.is_over), default=0)

    def until(self, condition):
        with self.changed:
            if not self.changed.wait_for(condition, 300):
                raise Wrong("the uploads do not go on: " + ", ".join(f"{one.store.name} {one.sent}" for one in self.members))

    def release(self):
        with self.changed:
            self.is_released = True
            self.changed.notify_all()


class Upload(threading.Thread):
    """An upload of random blocks, each of them another one."""

    def __init__(self, site, store, size, crowd):
        super().__init__(daemon=True)
        self.site, self.store, self.size, self.crowd = site, store, size, crowd
        self.image, self.hashed, self.sent = site.create(name=f"in {store.name}"), hashlib.sha512(), 0
        # The status of the answer; None if the connection ended.
        self.outcome, self.is_over = None, False
        crowd.members.append(self)

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=180)
        try:
            connection.putrequest("PUT", f"/v2/images/{self.image}/file")
            for name, value in {"X-Auth-Token": self.site.token, "Content-Type": "application/octet-stream",
                                "Content-Length": str(self.size), "X-Image-Meta-Store": self.store.name}.items():
                connection.putheader(name, value)
            connection.endheaders()
            rest = os.urandom(BLOCK - 8)
            while self.sent < self.size:
                block = self.sent.to_bytes(8, "big") + rest
                self.hashed.update(block)
                connection.send(block)
                self.sent += len(block)
                self.crowd.wait(self)
            self.outcome = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
            with self.crowd.changed:
                self.is_over = True
                self.crowd.changed.notify_all()
