import Foundation
import TestSupport
import Testing

/// A Keystone, and a service that authenticates callers only by it.
private struct Cloud: Sendable {
    let keystone: Keystone
    let glance: TestGlance

    init() throws {
        let port = try freePort()
        keystone = try Keystone(imageAddress: "http://127.0.0.1:\(port)")
        // A login takes Keystone half a second of a processor: on a loaded machine it is slow for all tests that ask at the same time.
        glance = try TestGlance(
            [
                "paste_deploy": "flavor = keystone", "vitrine": "metadata_threads = 20",
                "keystone_authtoken": "\(keystone.access)\nhttp_connect_timeout = 100",
            ], identity: nil, port: port)
    }

    /// For all tests of the suite.
    static let shared = Shared { try Cloud() }
}

/// Real clients that log in with a password (`v3password`) and find the service in the catalog.
@Suite(.enabled(if: Keystone.isInstalled, "make .build/keystone/.made installs Keystone"), .sharesServices)
struct `Clients of a cloud with Keystone` {
    private let keystone: Keystone
    private let glance: TestGlance

    init() throws {
        let cloud = try Cloud.shared.get()
        (keystone, glance) = (cloud.keystone, cloud.glance)
    }

    private func openstack(as person: TestGlance.Person, _ words: String...) throws -> Command {
        try Clients.run("openstack", words, keystone.variables(for: person))
    }

    private func glance(as person: TestGlance.Person, _ words: String...) throws -> Command {
        try Clients.run("glance", words, keystone.variables(for: person), hasTerminal: true)
    }

    /// An image of alice's that has its data.
    private func hasImage(_ name: String, from disk: Disk, _ words: String...) throws -> String {
        let create = ["image", "create", "-f", "json", "--disk-format", "qcow2", "--container-format", "bare", "--file", disk.path]
        let created = try Clients.run("openstack", create + words + [name], keystone.variables(for: .alice)).json
        return try #require(created["id"]?.string)
    }

    /// The list of a person, whole or filtered.
    private func ids(as person: TestGlance.Person, _ words: String...) throws -> [String] {
        let listed = try Clients.run("openstack", ["image", "list", "-f", "json"] + words, keystone.variables(for: person)).json
        return listed.array?.compactMap { $0["ID"]?.string } ?? []
    }

    /// Expects that it was refused with a status, without a traceback of the client.
    private func expect(_ status: Int, of command: Command, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(command.status != 0, sourceLocation: sourceLocation)
        #expect(command.errors.contains(String(status)) || command.text.contains(String(status)), sourceLocation: sourceLocation)
        #expect(!command.errors.contains("Traceback"), sourceLocation: sourceLocation)
    }

    @Test func `keep an image in their project, apart from others'`() throws {
        let disk = try Disk("cloud")
        let id = try hasImage("own", from: disk, "--private")
        let shown = try openstack(as: .anna, "image", "show", "-f", "json", "own").json
        #expect(shown["id"]?.string == id)
        #expect(shown["owner"]?.string == (try keystone.projectID(of: .alice)))
        try glance(as: .anna, "image-download", "--file", disk.back, id).succeeded()
        #expect(try disk.isSame(as: disk.back))

        #expect(try !ids(as: .bob).contains(id))
        expect(404, of: try glance(as: .bob, "image-show", id))
        #expect(try openstack(as: .bob, "image", "save", "--file", disk.back + "2", id).status != 0)
        #expect(try openstack(as: .bob, "image", "delete", id).status != 0)
        #expect(try openstack(as: .admin, "image", "show", "-f", "json", id).json["status"]?.string == "active")

        try openstack(as: .anna, "image", "delete", id).succeeded()
        #expect(try glance.status(ofDeleted: id) == "deleted")
    }

    @Test func `share an image, which the other project takes or leaves`() throws {
        let disk = try Disk("shared")
        let id = try hasImage("shared", from: disk, "--shared")
        let bolt = try keystone.projectID(of: .bob)
        expect(404, of: try glance(as: .bob, "image-show", id))

        try openstack(as: .alice, "image", "add", "project", id, bolt).succeeded()
        let members = try openstack(as: .alice, "image", "member", "list", "-f", "json", id).json.array
        #expect(members?.map { [$0["Member ID"]?.string, $0["Status"]?.string] } == [[bolt, "pending"]])
        #expect(try !ids(as: .bob).contains(id))
        #expect(try ids(as: .bob, "--shared", "--member-status", "pending").contains(id))
        #expect(try glance(as: .bob, "image-show", id).record["id"] == id)
        expect(403, of: try glance(as: .alice, "member-update", id, bolt, "accepted"))

        try openstack(as: .bob, "image", "set", "--accept", id).succeeded()
        #expect(try ids(as: .bob).contains(id))
        try openstack(as: .bob, "image", "save", "--file", disk.back, id).succeeded()
        #expect(try disk.isSame(as: disk.back))
        expect(403, of: try glance(as: .bob, "image-update", "--name", "mine", id))

        try glance(as: .bob, "member-update", id, bolt, "rejected").succeeded()
        #expect(try !ids(as: .bob).contains(id))
        #expect(try ids(as: .bob, "--shared", "--member-status", "rejected").contains(id))

        try openstack(as: .alice, "image", "remove", "project", id, bolt).succeeded()
        expect(404, of: try glance(as: .bob, "image-show", id))
    }

    @Test func `give an image to whoever knows of it`() throws {
        let disk = try Disk("community")
        let id = try hasImage("community", from: disk, "--community")
        #expect(try !ids(as: .bob).contains(id))
        #expect(try ids(as: .bob, "--community").contains(id))
        try openstack(as: .bob, "image", "save", "--file", disk.back, id).succeeded()
        #expect(try disk.isSame(as: disk.back))
        expect(403, of: try openstack(as: .bob, "image", "delete", id))
    }

    @Test func `publish an image only as an administrator`() throws {
        let disk = try Disk("public")
        let id = try hasImage("to be public", from: disk)
        expect(403, of: try openstack(as: .alice, "image", "create", "--public", "--file", disk.path, "public at once"))
        expect(403, of: try openstack(as: .alice, "image", "set", "--public", id))
        #expect(try !ids(as: .bob).contains(id))

        try openstack(as: .admin, "image", "set", "--public", id).succeeded()
        #expect(try ids(as: .bob).contains(id))
        try glance(as: .bob, "image-download", "--file", disk.back, id).succeeded()
        #expect(try disk.isSame(as: disk.back))
    }

    @Test func `protect an image from everybody`() throws {
        let id = try hasImage("protected", from: try Disk("protected"), "--protected")
        expect(403, of: try openstack(as: .alice, "image", "delete", id))
        expect(403, of: try openstack(as: .admin, "image", "delete", id))
        #expect(try openstack(as: .alice, "image", "show", "-f", "json", id).json["status"]?.string == "active")
        try openstack(as: .alice, "image", "set", "--unprotected", id).succeeded()
        try openstack(as: .alice, "image", "delete", id).succeeded()
    }

    @Test func `list and show as a reader, and do no more`() throws {
        let disk = try Disk("read")
        let id = try hasImage("to be read", from: disk, "--private")
        #expect(try ids(as: .reader).contains(id))
        #expect(try openstack(as: .reader, "image", "show", "-f", "json", id).json["name"]?.string == "to be read")
        #expect(try glance(as: .reader, "image-show", id).record["checksum"] == (try disk.digest("md5sum")))

        let saved = try openstack(as: .reader, "image", "save", "--file", disk.back, id)
        #expect(saved.status != 0)
        #expect(try !disk.isSame(as: disk.back))
        expect(403, of: try glance(as: .reader, "image-download", "--file", disk.back, id))
        expect(403, of: try glance(as: .reader, "image-create", "--name", "new"))
        expect(403, of: try glance(as: .reader, "image-update", "--name", "changed", id))
        expect(403, of: try openstack(as: .reader, "image", "delete", id))
        #expect(try openstack(as: .alice, "image", "show", "-f", "json", id).json["name"]?.string == "to be read")
    }
}
