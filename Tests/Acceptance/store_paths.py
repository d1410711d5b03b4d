"""Paths of image data through the stores of a site. Each check yields a store when it has done all of it there."""
import json, os, re, signal

from store_site import expect, sha512, until

SMALL = os.urandom(300_000)
# More than one part in S3, more than one segment in Swift, no multiple of either.
LARGE = os.urandom((24 << 20) + 1)


# with requests

def uploads(site):
    """Nothing, a little and much; downloads, and ranges."""
    for store in site.stores:
        for data in b"", SMALL, LARGE:
            before = site.names()
            image = site.create()
            site.upload(image, data, store)
            found = site.image(image)
            expect(f"the record of an image in {store.name}", (found["status"], found["stores"], found["size"], found["os_hash_value"]),
                   ("active", store.name, len(data), sha512(data)))
            expect("a location without credentials", not re.search("secret|access-key|swift-key", json.dumps(found["locations"])))
            status, body, _ = site.ask("GET", f"/v2/images/{image}/file")
            expect(f"downloading {len(data)} bytes from {store.name}", (status, sha512(body)), (200, sha512(data)))
            for start, end in [(0, 0), (5, 99_999), (len(data) // 2, len(data) - 1)] if data else []:
                status, body, _ = site.ask("GET", f"/v2/images/{image}/file", headers={"Range": f"bytes={start}-{end}"})
                expect(f"bytes {start} to {end} of {store.name}", (status, sha512(body)), (206, sha512(data[start:end + 1])))
            site.delete(image)
            expect(f"what a deletion leaves in {store.name}", site.left(before), [])
        yield store


# with OpenStack's clients

def creates(site):
    before, file, saved = site.names(), site.state / "image", site.state / "saved"
    file.write_bytes(LARGE)
    images = [created(site.run("openstack", "image", "create", "--file", file, "in the default store"))]
    for store in site.stores:
        images.append(created(site.run("glance", "image-create", "--name", store.name, "--disk-format", "raw", "--container-format", "bare",
                                       "--file", file, "--store", store.name)))
        site.holds(LARGE, images[-1], [store], "by glance")
        site.run("openstack", "image", "save", "--file", saved, images[-1])
        expect(f"what openstack reads from {store.name}", saved.read_bytes() == LARGE)
        yield store
    site.holds(LARGE, images[0], site.stores[:1], "by openstack")
    site.run("openstack", "image", "delete", *images)
    expect("what they leave", site.left(before), [])


def imports(site):
    """By each method into all stores in one pass, and by one into each store alone."""
    before, file = site.names(), site.state / "image"
    file.write_bytes(LARGE)
    address = f"http://127.0.0.1:{site.origin}/large"
    source = site.active(LARGE, site.stores[-1])
    methods = {"glance-direct": ["--file", file], "web-download": ["--uri", address],
               "glance-download": ["--remote-region", "RegionOne", "--remote-image-id", source]}
    images = [source]
    for method, words in methods.items():
        images.append(created(site.run(
            "glance", "image-create-via-import", "--name", method, "--disk-format", "raw", "--container-format", "bare",
            "--import-method", method, *words, "--stores", ",".join(store.name for store in site.stores))))
        site.imported(images[-1], site.stores)
        site.holds(LARGE, images[-1], site.stores, f"by {method}")
    for store in site.stores:
        images.append(site.create(name="staged by openstack"))
        site.run("openstack", "image", "stage", "--file", file, images[-1])
        site.run("openstack", "image", "import", images[-1], "--method", "glance-direct", "--store", store.name)
        site.imported(images[-1], [store])
        site.holds(LARGE, images[-1], [store], "staged by openstack")
        yield store
    site.run("openstack", "image", "delete", *images)
    expect("what the images leave", site.left(before), [])


def copies(site):
    """From each store into all others, which is every direction; then the original is removed."""
    before = site.names()
    for source in site.stores if len(site.stores) > 1 else []:
        others = [store for store in site.stores if store is not source]
        image = site.active(LARGE, source)
        site.run("openstack", "image", "import", image, "--method", "copy-image", "--store", *(store.name for store in others))
        site.imported(image, site.stores)
        site.holds(LARGE, image, others, f"that was copied from {source.name}")
        site.run("glance", "stores-delete", "--store", source.name, image)
        expect(f"the stores without {source.name}", set(site.image(image)["stores"].split(",")), {store.name for store in others})
        status, body, _ = site.ask("GET", f"/v2/images/{image}/file")
        expect(f"downloading a copy of {source.name}'s", (status, sha512(body)), (200, sha512(LARGE)))
        site.run("glance", "image-delete", image)
        expect(f"what the copies of {source.name}'s leave", site.left(before), [])
        yield source


def created(said):
    """The image's id in a table of a client's."""
    return re.search(r"\| id +\| (\S+)", said)[1]


# clones

def clones(site):
    """`rbd clone` of an image's snapshot, as Nova and Cinder do it."""
    for store in site.stores:
        if store.type != "rbd":
            continue
        before = site.names()
        image = site.active(LARGE, store)
        place = re.fullmatch(f"rbd://[0-9a-f-]+/(images/{image})/snap", site.image(image)["direct_url"])
        expect("the location for Nova and Cinder", place is not None)
        store.command("clone", f"{place[1]}@snap", "images/child")
        site.delete(image, 409)
        expect("the image whose clone exists", site.image(image)["status"], "active")
        expect("its data", sha512(site.ask("GET", f"/v2/images/{image}/file")[1]), sha512(LARGE))
        store.command("rm", "--no-progress", "images/child")
        site.delete(image, 204)
        expect("what it leaves", site.left(before), [])
        yield store


# what is told about the stores

def details(site):
    found = {one["id"]: one for one in json.loads(site.ask("GET", "/v2/info/stores/detail")[1])["stores"]}
    expect("the stores", {name: found[name]["type"] for name in found}, {store.name: store.type for store in site.stores})
    said = site.run("glance", "stores-info", "--detail")
    # Source: Glance, `api/v2/discovery.py`.
    fields = {"file": {"data_dir", "chunk_size", "thin_provisioning"},
              "rbd": {"chunk_size", "pool", "thin_provisioning", "fsid"},
              "s3": {"s3_store_large_object_size", "s3_store_large_object_chunk_size", "s3_store_thread_pools"},
              "swift": {"container", "large_object_size", "large_object_chunk_size"}}
    for store in site.stores:
        properties = found[store.name]["properties"]
        expect(f"the fields of {store.name}: {sorted(properties)}", fields[store.type] <= set(properties))
        expect(f"no credentials in {properties}", not re.search("secret|access-key|swift-key", json.dumps(properties)))
        expect(f"glance knows {store.name}", store.name in said)
        yield store


def metrics(site):
    """The operations and bytes of each store are counted, and who sends its data."""
    for store in site.stores:
        image = site.active(SMALL, store)
        sender = "worker" if store.type == "rbd" else "nginx"
        before = site.metric("vitrine_downloads_total", sender=sender)
        expect("a download", sha512(site.ask("GET", f"/v2/images/{image}/file")[1]), sha512(SMALL))
        until(f"a download from {store.name} counts as {sender}'s",
              lambda: site.metric("vitrine_downloads_total", sender=sender) > before, 20)
        site.delete(image)
        for operation in "begin", "commit", "open", "remove":
            expect(f"the metric of {operation} in {store.name}",
                   site.metric("vitrine_store_operations_total", store=store.name, operation=operation, outcome="ok") > 0)
        expect(f"the bytes in {store.name}", site.metric("vitrine_store_written_bytes_total", store=store.name) >= len(SMALL))
        yield store


def health(site):
    """A store is named while a process of its engine is frozen, and is well again afterwards."""
    status, body, _ = site.ask("GET", "/healthcheck?detail")
    expect(f"the health ({body[:300]})", status, 200)
    for engine, daemon in sorted({(store.engine, store.daemons[0]) for store in site.stores if store.daemons}):
        stores = [store for store in site.stores if (store.engine, daemon) in [(store.engine, name) for name in store.daemons[:1]]]
        process = site.options.engines.process(engine, daemon)
        os.kill(process, signal.SIGSTOP)
        try:
            for store in stores:
                until(f"the health names {store.name} while {daemon} is frozen",
                      lambda: (said := site.ask("GET", "/healthcheck?detail")[1]) != body and store.name in said.decode())
        finally:
            os.kill(process, signal.SIGCONT)
        until("the health is good again", lambda: site.ask("GET", "/healthcheck?detail")[0] == 200
              and all(works(site, store) for store in stores), 120)
        yield from stores


def works(site, store):
    image = site.create()
    status = site.ask("PUT", f"/v2/images/{image}/file", SMALL, {"X-Image-Meta-Store": store.name})[0]
    site.ask("DELETE", f"/v2/images/{image}")
    return status == 204


def verification(site):
    """`store verify` finds what a store lost."""
    images = {store.name: site.active(SMALL, store) for store in site.stores}
    done = site.manage("store", "verify", "--format", "json")
    expect(f"a verification of whole stores ({done.stdout[-600:]}{done.stderr[-300:]})", done.returncode, 0)
    for store in site.stores:
        store.destroy(site.location(images[store.name], store))
    done = site.manage("store", "verify", "--format", "json")
    expect("a verification where data are missing", done.returncode, 1)
    for store in site.stores:
        expect(f"it finds what {store.name} lost", images[store.name] in done.stdout)
        status, body, _ = site.ask("GET", f"/v2/images/{images[store.name]}/file")
        expect(f"a download of lost data from {store.name} ({body[:100]})", status not in (200, 500))
        site.delete(images[store.name])
        yield store


def repairs(site):
    """`store verify --repair` gives an image the data back that a store lost, from another one."""
    if len(site.stores) == 1:
        return
    before, image = site.names(), site.active(SMALL, site.stores[0])
    site.run("openstack", "image", "import", image, "--method", "copy-image", "--store", *(store.name for store in site.stores[1:]))
    site.imported(image, site.stores)
    for store in site.stores:
        store.destroy(site.location(image, store))
        done = site.manage("store", "verify", "--image", image, "--repair", "--yes")
        expect(f"repairing in {store.name} ({done.stdout[-600:]}{done.stderr[-300:]})", done.returncode, 0)
        site.holds(SMALL, image, site.stores, f"after a repair in {store.name}")
        yield store
    site.delete(image)
    site.is_empty_again(before)


# what the second site is asked

def delayed(site):
    """Data of deleted images go after a second."""
    for store in site.stores:
        before = site.names()
        image = site.active(SMALL, store)
        site.delete(image)
        expect("a deleted image", site.ask("GET", f"/v2/images/{image}")[0], 404)
        site.is_empty_again(before)
        yield store


def quota(site):
    for store in site.stores:
        before = site.names()
        image, other = site.active(LARGE, store), site.create()
        site.upload(other, LARGE, store, expected=413)
        expect("what was refused", site.image(other)["status"], "queued")
        site.delete(other)
        site.delete(image)
        site.is_empty_again(before)
        yield store


def cache(site):
    """The image cache has the data, and gives them when the store has lost them."""
    for store in site.stores:
        image = site.active(LARGE, store)
        expect("the first download", sha512(site.ask("GET", f"/v2/images/{image}/file")[1]), sha512(LARGE))
        expect("asking for the cache", site.ask("PUT", f"/v2/cache/{image}")[0], 202)
        until(f"an image of {store.name} is cached", lambda: image in str(json.loads(site.ask("GET", "/v2/cache")[1])["cached_images"]), 30)
        store.destroy(site.location(image, store))
        expect("a download from the cache", sha512(site.ask("GET", f"/v2/images/{image}/file")[1]), sha512(LARGE))
        site.delete(image)
        yield store


def uploads_v1(site):
    """Into each store by the first version of the API, which knows the default store alone; downloads by both versions."""
    for store in site.stores:
        site.restart(default=store)
        before = site.names()
        headers = {"X-Image-Meta-Name": "one", "X-Image-Meta-Disk_format": "raw", "X-Image-Meta-Container_format": "bare"}
        status, body, _ = site.ask("POST", "/v1/images", LARGE, headers)
        expect(f"V1's upload to {store.name} ({body[:200]})", status, 201)
        image = json.loads(body)["image"]["id"]
        site.holds(LARGE, image, [store], "by V1")
        for version in "/v1/images/{}", "/v2/images/{}/file":
            status, body, _ = site.ask("GET", version.format(image))
            expect(f"the download from {store.name}", (status, sha512(body)), (200, sha512(LARGE)))
        expect("V1's deletion", site.ask("DELETE", f"/v1/images/{image}")[0], 200)
        site.is_empty_again(before)
        yield store
