import Foundation
import TestSupport
import Testing

/// python-openstackclient as in the README: without identity.
@Suite(.sharesServices) struct `The openstack client` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, identity: "none") }

    private func openstack(_ words: String...) throws -> Command {
        try Clients.run("openstack", words, ["OS_AUTH_TYPE": "none", "OS_ENDPOINT": glance.address])
    }

    @Test func `takes a disk through its whole life`() throws {
        let disk = try Disk("life")
        let created = try openstack(
            "image", "create", "-f", "json", "--disk-format", "qcow2", "--container-format", "bare", "--file", disk.path, "--property",
            "os_distro=debian", "--tag", "web", "first"
        ).json
        let id = try #require(created["id"]?.string)
        #expect(created["status"]?.string == "active")
        #expect(created["size"]?.int == Int64(disk.bytes.count))
        #expect(created["checksum"]?.string == (try disk.digest("md5sum")))
        #expect(created["properties"]?["os_hash_value"]?.string == (try disk.digest("sha512sum")))
        #expect(created["properties"]?["os_distro"]?.string == "debian")
        #expect(created["tags"]?.sortedTexts == ["web"])
        #expect(try glance.stores(disk, as: id))

        let listed = try openstack("image", "list", "-f", "json", "--long", "--tag", "web", "--property", "os_distro=debian").json.array
        #expect(listed?.map { $0["ID"]?.string } == [id])
        #expect(listed?.first?["Size"]?.int == Int64(disk.bytes.count))
        #expect(listed?.first?["Disk Format"]?.string == "qcow2")

        try openstack("image", "save", "--file", disk.back, "first").succeeded()
        #expect(try disk.isSame(as: disk.back))

        try openstack(
            "image", "set", "--name", "second", "--property", "os_distro=fedora", "--property", "hw_disk_bus=scsi", "--tag", "db",
            "--min-disk", "3", "first"
        ).succeeded()
        try openstack("image", "unset", "--tag", "web", "--property", "hw_disk_bus", "second").succeeded()
        let shown = try openstack("image", "show", "-f", "json", "second").json
        #expect(shown["id"]?.string == id)
        #expect(shown["properties"]?["os_distro"]?.string == "fedora")
        #expect(shown["properties"]?["hw_disk_bus"] == nil)
        #expect(shown["tags"]?.sortedTexts == ["db"])
        #expect(shown["min_disk"]?.int == 3)
        #expect(shown["checksum"] == created["checksum"])

        try openstack("image", "delete", "second").succeeded()
        #expect(try openstack("image", "show", "second").status != 0)
        #expect(try !glance.storedFiles().contains(id))
        #expect(try glance.rows("SELECT status FROM images WHERE id = '\(id)'") == [["deleted"]])
    }

    @Test func `walks through all pages of a list`() throws {
        for number in 100..<130 { try glance.hasImage(#"{"name": "page-\#(number)", "os_distro": "pages"}"#) }
        let listed = try openstack("image", "list", "-f", "json", "--property", "os_distro=pages", "--sort", "name:asc").json.array
        #expect(listed?.map { $0["Name"]?.string ?? "" } == (100..<130).map { "page-\($0)" })
        // The service's default page has 25 images.
        #expect(try eventually { try glance.requests("GET", "/v2/images") >= 2 })
    }

    @Test func `deactivates and protects, and undoes both`() throws {
        let id = try glance.hasActiveImage("whole", name: "held")
        try openstack("image", "set", "--deactivate", "--protected", "held").succeeded()
        let shown = try openstack("image", "show", "-f", "json", id).json
        #expect(shown["status"]?.string == "deactivated")
        #expect(shown["protected"] == .bool(true))

        let refused = try openstack("image", "delete", "held")
        #expect(refused.status != 0)
        #expect(refused.errors.contains("403"))
        #expect(try glance.storedFiles().contains(id))

        try openstack("image", "set", "--activate", "--unprotected", id).succeeded()
        #expect(try glance.status(of: id) == "active")
        try openstack("image", "delete", id).succeeded()
        #expect(try glance.status(ofDeleted: id) == "deleted")
    }

    /// It takes an input that ends at once as an image without bytes.
    @Test func `creates an image of nothing, by an id of its own, hidden, and for all who know of it`() throws {
        let id = UUID().uuidString.lowercased()
        let created = try openstack("image", "create", "-f", "json", "--id", id, "--public", "--min-ram", "512", "nothing").json
        #expect(created["id"]?.string == id)
        #expect(created["status"]?.string == "active")
        #expect(created["size"]?.int == 0)
        #expect(created["visibility"]?.string == "public")
        #expect(created["owner"]?.string == "admin")
        let back = "\(glance.folder)/nothing"
        try openstack("image", "save", "--file", back, id).succeeded()
        #expect(FileManager.default.contents(atPath: back)?.isEmpty == true)

        try openstack("image", "set", "--hidden", "--community", id).succeeded()
        let hidden = try openstack("image", "list", "--hidden", "-f", "json", "--long").json.array?.first { $0["ID"]?.string == id }
        #expect(hidden?["Visibility"]?.string == "community")
    }
}

/// The same client with a token, and without Keystone.
@Suite(.sharesServices) struct `The openstack client with a token` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    private func openstack(as person: String, _ words: String...) throws -> Command {
        try Clients.run(
            "openstack", words, ["OS_AUTH_TYPE": "admin_token", "OS_ENDPOINT": "\(glance.address)/v2", "OS_TOKEN": person])
    }

    @Test func `is who the token says`() throws {
        let disk = try Disk("mine")
        let created = try openstack(
            as: "alice", "image", "create", "-f", "json", "--disk-format", "qcow2", "--file", disk.path, "--private", "mine"
        ).json
        let id = try #require(created["id"]?.string)
        #expect(created["owner"]?.string == "acme")
        #expect(try glance.stores(disk, as: id))

        #expect(try openstack(as: "bob", "image", "list", "-f", "json").json.array == [])
        let hidden = try openstack(as: "bob", "image", "save", "--file", disk.back, id)
        #expect(hidden.status != 0)
        #expect(!FileManager.default.fileExists(atPath: disk.back) || FileManager.default.contents(atPath: disk.back)?.isEmpty == true)
        let unknown = try openstack(as: "nobody", "image", "list")
        #expect(unknown.status != 0)
        #expect(unknown.errors.contains("401"))
        #expect(!unknown.errors.contains("Traceback"))
    }

    @Test func `lists the members of an image`() throws {
        let id = try glance.hasActiveImage("shared", name: "shared")
        #expect(try glance.send("POST", "/v2/images/\(id)/members", json: #"{"member": "bolt"}"#).status == 200)
        let members = try openstack(as: "alice", "image", "member", "list", "-f", "json", id).json.array
        #expect(members?.map { [$0["Member ID"]?.string, $0["Status"]?.string, $0["Image ID"]?.string] } == [["bolt", "pending", id]])
    }
}

extension TestGlance {
    /// The record of a deleted image.
    func status(ofDeleted id: String) throws -> String? {
        try rows("SELECT status FROM images WHERE id = '\(id)' AND deleted = 1").first?[0]
    }
}
