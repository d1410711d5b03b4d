import Domain
import Foundation
import RBDStore
import TestSupport
import Testing

@Suite(.sharesServices) struct `A service with an RBD store` {
    let ceph: Ceph?
    let glance: TestGlance?

    init() throws {
        ceph = try Ceph()
        glance = try ceph.map { ceph in
            let options = [
                "DEFAULT": "enabled_backends = fast:file,far:rbd,ceph:rbd\nshow_image_direct_url = true\nshow_multiple_locations = true",
                "glance_store": "default_backend = ceph",
                "far": ceph.engine.options(pool: "other", user: "admin"),
                "ceph": ceph.engine.options,
            ]
            return try TestGlance.of(Self.self, options, stores: ["fast"], runsTasks: true)
        }
    }

    @Test func `takes, shows, sends and deletes images`() throws {
        guard let ceph, let glance else { return }
        let (id, data) = (try glance.hasImage(), pattern(20 << 20 | 1))
        let image = ImageID(id)
        #expect(try glance.uploadChunked(data, to: id).status == 204)
        let shown = try glance.image(id)
        let url = try #require(shown["direct_url"]?.string)
        #expect(url.hasPrefix("rbd://") && url.hasSuffix("/\(ceph.engine.pool)/\(id)/snap"))
        #expect(shown["locations"]?.array?.first?["metadata"] == ["store": "ceph"])
        #expect(shown["stores"]?.string == "ceph" && shown["size"]?.int == Int64(data.count))
        #expect(try ceph.exported(image).isSame(as: data))
        #expect(try glance.send("GET", "/v2/images/\(id)/file").body.isSame(as: data))
        let part = try glance.send("GET", "/v2/images/\(id)/file", as: .alice, ["Range": "bytes=9437184-10485761"])
        #expect(part.status == 206 && part.body.isSame(as: Array(data[9_437_184...10_485_761])))
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try ceph.traces(of: image).isEmpty)
        let detail = try glance.send("GET", "/v2/info/stores/detail", as: .admin).json["stores"]?.array?.last
        #expect(detail?["type"] == "rbd" && detail?["properties"]?["pool"]?.string == ceph.engine.pool)
        #expect(detail?["properties"]?["chunk_size"]?.int == 8 << 20 && detail?["properties"]?["fsid"]?.string?.count == 36)
    }

    @Test func `does not delete an image that has clones`() throws {
        guard let ceph, let glance else { return }
        let id = try glance.hasActiveImage("hello")
        try ceph.rbd("clone", "\(id)@snap", "\(ceph.engine.pool)/volume-\(id)")
        let before = try glance.image(id)
        let reply = try glance.send("DELETE", "/v2/images/\(id)")
        #expect(reply.status == 409 && reply.text.contains("clones of it in the store 'ceph'"), "\(reply.text)")
        #expect(try glance.image(id) == before)
        try ceph.rbd("rm", "--no-progress", "volume-\(id)")
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try ceph.traces(of: ImageID(id)).isEmpty)
    }

    @Test func `copies from it and to it`() throws {
        guard let ceph, let glance else { return }
        for (first, second) in [("ceph", "fast"), ("fast", "ceph")] {
            let id = try glance.hasImage()
            #expect(try glance.upload(Array("hello".utf8), to: id, ["X-Image-Meta-Store": first]).status == 204)
            let order = #"{"method": {"name": "copy-image"}, "stores": ["\#(second)"]}"#
            #expect(try glance.send("POST", "/v2/images/\(id)/import", as: .admin, json: order).status == 202)
            #expect(try eventually { try glance.image(id)["stores"]?.string == "\(first),\(second)" })
            #expect(try glance.send("GET", "/v2/images/\(id)/file?prefer=\(second)").text == "hello")
            #expect(try ceph.exported(ImageID(id)) == Array("hello".utf8))
            #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        }
    }

    @Test func `copies from pool to pool, and needs the source no more`() throws {
        guard let ceph, let glance else { return }
        let (id, data) = (try glance.hasImage(), pattern(20 << 20 | 1))
        #expect(try glance.uploadChunked(data, to: id).status == 204)
        let order = #"{"method": {"name": "copy-image"}, "stores": ["far"]}"#
        #expect(try glance.send("POST", "/v2/images/\(id)/import", as: .admin, json: order).status == 202)
        #expect(try eventually { try glance.image(id)["stores"]?.string == "ceph,far" })
        #expect(try glance.send("DELETE", "/v2/stores/ceph/\(id)", as: .admin).status == 204)
        #expect(try eventually { try ceph.traces(of: ImageID(id)).isEmpty })
        #expect(try glance.send("GET", "/v2/images/\(id)/file").body.isSame(as: data))
        let info = try ceph.engine.run("rbd", "info", "other/\(id)@snap").text
        #expect(info.contains("protected: True") && !info.contains("parent:"))
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try eventually { try !ceph.engine.run("rbd", "ls", "other").text.contains(id) })
    }

    /// An image as the oldest releases of Glance wrote it.
    private func hasActiveImageWithoutSnapshot(_ ceph: Ceph, _ glance: TestGlance) throws -> String {
        let id = try glance.hasActiveImage("hello")
        try ceph.rbd("snap", "unprotect", "\(id)@snap")
        try ceph.rbd("snap", "rm", "--no-progress", "\(id)@snap")
        return id
    }

    /// These releases wrote `rbd://<image>`, which names no pool: the label alone tells it.
    @Test func `removes the data of an old location from the pool of its own store alone`() throws {
        guard let ceph, let glance else { return }
        let id = try hasActiveImageWithoutSnapshot(ceph, glance)
        try glance.execute("UPDATE image_locations SET value = 'rbd://\(id)' WHERE image_id = '\(id)'")
        let order = #"{"method": {"name": "copy-image"}, "stores": ["far"]}"#
        #expect(try glance.send("POST", "/v2/images/\(id)/import", as: .admin, json: order).status == 202)
        #expect(try eventually { try glance.image(id)["stores"]?.string == "ceph,far" })
        #expect(try glance.send("DELETE", "/v2/stores/ceph/\(id)", as: .admin).status == 204)
        #expect(try eventually { try ceph.traces(of: ImageID(id)).isEmpty })
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "hello")
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try eventually { try !ceph.engine.run("rbd", "ls", "other").text.contains(id) })
    }

    @Test func `does not delete an image of which it does not know the pool`() throws {
        guard let ceph, let glance else { return }
        let id = try hasActiveImageWithoutSnapshot(ceph, glance)
        try glance.execute("UPDATE image_locations SET value = 'rbd://\(id)', meta_data = '{}' WHERE image_id = '\(id)'")
        #expect(try glance.image(id)["locations"]?.array?.first?["metadata"] == [:])
        let reply = try glance.send("DELETE", "/v2/images/\(id)")
        #expect(reply.status == 409 && reply.text.contains("several stores"), "\(reply.text)")
        #expect(try glance.status(of: id) == "active")
        #expect(try !ceph.traces(of: ImageID(id)).isEmpty)
        try glance.execute("UPDATE image_locations SET meta_data = '{\"store\": \"ceph\"}' WHERE image_id = '\(id)'")
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try ceph.traces(of: ImageID(id)).isEmpty)
    }

    @Test func `serves what Glance's own driver wrote, and the reverse`() throws {
        guard let ceph, let glance else { return }
        let (id, other) = (try glance.hasActiveImage("theirs"), try glance.hasActiveImage("ours"))
        try ceph.rbd("snap", "unprotect", "\(id)@snap")
        try ceph.rbd("snap", "rm", "--no-progress", "\(id)@snap")
        try ceph.rbd("rm", "--no-progress", id)
        let said = try Drivers.run("add", ceph, id, "theirs")
        #expect(said["url"]?.string == (try glance.image(id))["direct_url"]?.string)
        #expect(said["metadata"] == ["store": "ceph"])
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "theirs")
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try ceph.traces(of: ImageID(id)).isEmpty)
        let url = try #require(try glance.image(other)["direct_url"]?.string)
        #expect(try Drivers.run("read", ceph, url)["data"]?.string == "ours")
        #expect(try Drivers.run("delete", ceph, url)["deleted"] == true)
        #expect(try ceph.traces(of: ImageID(other)).isEmpty)
    }

    @Test func `gives an image back whose worker was killed, and leaves nothing in the pool`() throws {
        guard let ceph else { return }
        let glance = try TestGlance(
            [
                "glance_store": "stores = rbd\ndefault_store = rbd\n\(ceph.engine.options)"
            ], workers: 1, runsTasks: true)
        let id = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        let type = ["Content-Type": "application/octet-stream"]
        try connection.send(glance.head("PUT", "/v2/images/\(id)/file", .alice, type, length: 1 << 30))
        try connection.send(pattern(20 << 20))
        #expect(try eventually { try !ceph.traces(of: ImageID(id)).isEmpty && glance.status(of: id) == "saving" })
        kill(glance.site.workerIDs[0], SIGKILL)
        #expect(eventually { glance.site.workerIDs.isEmpty })
        try glance.site.revive()
        // The cluster takes a dead client for living for half a minute.
        #expect(try eventually { try glance.status(of: id) == "queued" })
        #expect(try ceph.traces(of: ImageID(id)).isEmpty)
        #expect(try glance.upload([1, 2], to: id).status == 204)
        #expect(try glance.send("GET", "/v2/images/\(id)/file").body == [1, 2])
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
    }

    @Test func `starts without Ceph, and refuses data in words that name the store`() throws {
        guard ceph != nil else { return }
        let glance = try TestGlance(
            [
                "DEFAULT": "enabled_backends = fast:file,ceph:rbd", "glance_store": "default_backend = fast",
                "ceph": "rbd_store_ceph_conf = /nowhere/ceph.conf",
            ], stores: ["fast"])
        let id = try glance.hasImage()
        let reply = try glance.upload([1], to: id, ["X-Image-Meta-Store": "ceph"])
        #expect(reply.status == 503 && reply.text.contains("The image store 'ceph' cannot be used now"), "\(reply.text)")
        #expect(try glance.status(of: id) == "queued")
        #expect(try glance.upload([1], to: id).status == 204)
    }
}

/// Glance's own driver, by the system's Python, which has Ceph's modules, and the library that `make test` installs for the real Glance.
private enum Drivers {
    private static let script = """
        import io, json, logging, sys, glob
        logging.disable(logging.CRITICAL)
        sys.path[:0] = glob.glob(sys.argv[1] + "/lib/python3*/site-packages")
        from oslo_config import cfg
        import glance_store
        from glance_store import location
        conf_file, user, pool, action, subject = sys.argv[2:7]
        conf = cfg.CONF
        conf.register_opts([cfg.DictOpt("enabled_backends", default={"ceph": "rbd"})])
        glance_store.register_store_opts(conf, reserved_stores=None)
        conf([], project="x", default_config_files=[])
        conf.set_override("default_backend", "ceph", group="glance_store")
        for name, value in dict(rbd_store_ceph_conf=conf_file, rbd_store_user=user, rbd_store_pool=pool).items():
            conf.set_override(name, value, group="ceph")
        glance_store.create_multi_stores(conf)
        store = glance_store.get_store_from_store_identifier("ceph")
        if action == "add":
            data = sys.argv[7].encode()
            added = store.add(subject, io.BytesIO(data), len(data), "sha512")
            answer = {"url": added[0], "metadata": added[4]}
        else:
            place = location.get_location_from_uri_and_backend(subject, "ceph", conf=conf)
            if action == "read":
                answer = {"data": b"".join(store.get(place)[0]).decode()}
            else:
                store.delete(place)
                answer = {"deleted": True}
        print(json.dumps(answer))
        """

    static func run(_ action: String, _ ceph: Ceph, _ arguments: String...) throws -> JSONValue {
        let venv = ProcessInfo.processInfo.environment["VITRINE_GLANCE"] ?? "\(TestGlance.repository).build/glance"
        let engine = ceph.engine
        return try Command("/usr/bin/python3", ["-c", script, venv, engine.conf, engine.user, engine.pool, action] + arguments).succeeded()
            .json
    }
}
