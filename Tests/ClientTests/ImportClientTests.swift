import Foundation
import TestSupport
import Testing

/// A web server with one disk, and a service with several stores that may fetch from it.
private struct Place {
    let glance: TestGlance
    let disk: Disk
    let server: RawServer

    static let stores = ["near", "far", "third"]
    static let options = ["import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports ="]

    init(_ glance: TestGlance, _ name: String) throws {
        let disk = try Disk(name)
        server = try RawServer { connection, _ in
            guard let head = connection.readHead() else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(disk.bytes.count)\r\nConnection: close\r\n\r\n")
            if head.hasPrefix("GET") { connection.send(disk.bytes) }
        }
        (self.glance, self.disk) = (glance, disk)
    }

    var url: String { server.url("/disk.qcow2") }

    /// Expects that the image becomes active with the disk's bytes in exactly these stores.
    func expect(_ id: String, in stores: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
        func held() throws -> [String] { (try glance.image(id)["stores"]?.string ?? "").split(separator: ",").map(String.init).sorted() }
        #expect(try eventually { try glance.status(of: id) == "active" && held() == stores.sorted() }, sourceLocation: sourceLocation)
        let image = try glance.image(id)
        #expect(image["checksum"]?.string == (try disk.digest("md5sum")), sourceLocation: sourceLocation)
        #expect(image["os_hash_value"]?.string == (try disk.digest("sha512sum")), sourceLocation: sourceLocation)
        for store in stores { #expect(try disk.isSame(as: "\(glance.folder)/\(store)/\(id)"), sourceLocation: sourceLocation) }
        #expect(try eventually { try glance.image(id)["os_glance_import_task"] == nil }, sourceLocation: sourceLocation)
    }
}

/// python-glanceclient's commands of imports.
@Suite(.serialized, .sharesServices) struct `The glance client that imports` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, Place.options, stores: Place.stores, runsTasks: true) }

    private func glance(as person: TestGlance.Person = .alice, _ words: String...) throws -> Command {
        try Clients.run("glance", ["--os-auth-token", person.rawValue, "--os-image-url", glance.address] + words, hasTerminal: true)
    }

    private func created(_ command: Command) throws -> String { try #require(try command.record["id"]) }

    @Test func `makes an image of a file, staged first`() throws {
        let place = try Place(glance, "direct")
        let id = try created(
            try glance(
                "image-create-via-import", "--import-method", "glance-direct", "--name", "direct", "--disk-format", "qcow2",
                "--container-format", "bare", "--file", place.disk.path, "--stores", "near,far"))
        try place.expect(id, in: ["near", "far"])
        try glance("image-download", "--file", place.disk.back, id).succeeded()
        #expect(try place.disk.isSame(as: place.disk.back))
    }

    @Test func `stages and imports in two steps`() throws {
        let place = try Place(glance, "steps")
        let id = try glance.hasImage(#"{"disk_format": "qcow2", "container_format": "bare"}"#)
        try glance("image-stage", "--file", place.disk.path, id).succeeded()
        #expect(try glance.status(of: id) == "uploading")
        #expect(try place.disk.isSame(as: "\(glance.folder)/staging/\(id)"))
        let again = try glance("image-stage", "--file", place.disk.path, id)
        #expect(again.status != 0 && again.errors.contains("409"))
        try glance("image-import", "--import-method", "glance-direct", "--store", "third", id).succeeded()
        try place.expect(id, in: ["third"])
    }

    @Test func `makes an image of what lies on the web, and copies it to other stores`() throws {
        let place = try Place(glance, "web")
        let id = try created(
            try glance(
                "image-create-via-import", "--import-method", "web-download", "--uri", place.url, "--name", "web", "--disk-format",
                "qcow2", "--container-format", "bare"))
        try place.expect(id, in: ["near"])
        let refused = try glance("image-import", "--import-method", "copy-image", "--stores", "far", id)
        #expect(refused.status != 0 && refused.errors.contains("403"))
        try glance(as: .admin, "image-import", "--import-method", "copy-image", "--stores", "far", id).succeeded()
        try place.expect(id, in: ["near", "far"])
        try glance(as: .admin, "image-import", "--import-method", "copy-image", "--all-stores", "True", id).succeeded()
        try place.expect(id, in: Place.stores)
    }

    @Test func `is told why an image is not imported`() throws {
        let refused = try glance(
            "image-create-via-import", "--import-method", "web-download", "--uri", "http://169.254.169.254/", "--disk-format", "qcow2",
            "--container-format", "bare")
        #expect(refused.status != 0 && refused.errors.contains("400"), "\(refused.errors)")
        let id = try glance.hasImage()
        try glance("image-import", "--import-method", "web-download", "--uri", "http://127.0.0.1:\(try freePort())/", id).succeeded()
        #expect(try eventually { try glance.status(of: id) == "queued" })
        #expect(try glance("image-show", id).record["os_glance_failed_import"] == "near")
    }

    @Test func `knows the methods and the stores`() throws {
        let methods = try #require(try glance("import-info").record["import-methods"])
        for method in ["glance-direct", "web-download", "copy-image"] { #expect(methods.contains(method), "\(methods)") }
        let stores = try #require(try glance("stores-info").record["stores"])
        for store in Place.stores { #expect(stores.contains(store), "\(stores)") }
        #expect(try glance(as: .admin, "stores-info", "--detail").succeeded().text.contains("data_dir"))
    }

    @Test func `lists and shows tasks`() throws {
        let place = try Place(glance, "task")
        let id = try glance.hasImage(#"{"disk_format": "qcow2", "container_format": "bare"}"#)
        try glance("image-import", "--import-method", "web-download", "--uri", place.url, id).succeeded()
        try place.expect(id, in: ["near"])
        let task = try #require(try glance.rows("SELECT id FROM tasks WHERE image_id = '\(id)'").first?[0])
        #expect(try glance(as: .admin, "task-list", "--page-size", "1").table.contains { $0[0] == task })
        let shown = try glance(as: .admin, "task-show", task).record
        #expect(shown["status"] == "success" && shown["owner"] == "acme" && shown["image_id"] == id)
        #expect(try glance("task-list").status != 0)
    }
}

/// The same commands of python-openstackclient, without identity.
@Suite(.serialized, .sharesServices) struct `The openstack client that imports` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, Place.options, identity: "none", stores: Place.stores, runsTasks: true) }

    private func openstack(_ words: String...) throws -> Command {
        try Clients.run("openstack", words, ["OS_AUTH_TYPE": "none", "OS_ENDPOINT": glance.address], hasTerminal: true)
    }

    private func created(_ name: String) throws -> String {
        let image = try openstack("image", "create", "-f", "json", "--disk-format", "qcow2", "--container-format", "bare", name).json
        return try #require(image["id"]?.string)
    }

    @Test func `stages and imports`() throws {
        let place = try Place(glance, "staged")
        let id = try created("staged")
        try openstack("image", "stage", "--file", place.disk.path, "staged").succeeded()
        #expect(try glance.status(of: id) == "uploading")
        try openstack("image", "import", "--method", "glance-direct", "--store", "near", "far", "--disallow-failure", "staged")
            .succeeded()
        try place.expect(id, in: ["near", "far"])
    }

    @Test func `imports from the web, copies, and lists the tasks`() throws {
        let place = try Place(glance, "far")
        let id = try created("far")
        try openstack("image", "import", "--method", "web-download", "--uri", place.url, "--store", "far", "--allow-failure", "far")
            .succeeded()
        try place.expect(id, in: ["far"])
        try openstack("image", "import", "--method", "copy-image", "--all-stores", "far").succeeded()
        try place.expect(id, in: Place.stores)
        let tasks = try openstack("image", "task", "list", "-f", "json").json.array ?? []
        let known = try glance.rows("SELECT id FROM tasks").compactMap { $0[0] }
        #expect(Set(tasks.compactMap { $0["ID"]?.string }) == Set(known) && known.count >= 2)
        let task = try #require(try glance.rows("SELECT id FROM tasks WHERE image_id = '\(id)'").first?[0])
        let shown = try openstack("image", "task", "show", "-f", "json", task).json
        #expect(shown["status"]?.string == "success" && shown["type"]?.string == "api_image_import")
        #expect("\(try openstack("image", "import", "info", "-f", "json").json)".contains("web-download"))
        #expect(try openstack("image", "stores", "list", "-f", "json").text.contains("third"))
    }
}
