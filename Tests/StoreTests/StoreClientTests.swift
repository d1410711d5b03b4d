import Foundation
import TestSupport
import Testing

/// Several stores as clients see them.
@Suite(.sharesServices) struct `A client whose image is refused` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, identity: "none") }

    private static let reason = "Format: qcow2, check: backing_file, at byte 8."

    private func evil() throws -> String {
        let path = "\(try Files.fresh())/evil.qcow2"
        try Data(Made.qcow2.setting(big: UInt64(512), at: 8).all).write(to: URL(filePath: path))
        return path
    }

    @Test func `reads the reason in the openstack client`() throws {
        let command = try Clients.run(
            "openstack", ["image", "create", "--disk-format", "qcow2", "--container-format", "bare", "--file", try evil(), "evil"],
            ["OS_AUTH_TYPE": "none", "OS_ENDPOINT": glance.address])
        #expect(command.status != 0)
        #expect(command.errors.contains("415") && command.errors.contains(Self.reason), "\(command.errors)")
    }

    @Test func `reads the reason in the glance client`() throws {
        let words = ["--os-auth-token", "none", "--os-image-url", glance.address]
        let command = try Clients.run(
            "glance", words + ["image-create", "--disk-format", "qcow2", "--container-format", "bare", "--file", try evil()])
        #expect(command.status != 0)
        #expect((command.errors + command.text).contains(Self.reason), "\(command.errors)\(command.text)")
    }

    @Test func `reads the names of stores, and may choose`() throws {
        let glance = try TestGlance(identity: "none", workers: 1, stores: ["fast", "cheap"])
        let words = ["--os-auth-token", "none", "--os-image-url", glance.address]
        let stores = try Clients.run("glance", words + ["stores-info"]).succeeded().text
        #expect(stores.contains("fast") && stores.contains("cheap"))
        let path = "\(try Files.fresh())/data"
        try "hello".write(toFile: path, atomically: true, encoding: .utf8)
        let made = try Clients.run(
            "glance", words + ["image-create", "--disk-format", "raw", "--container-format", "bare", "--file", path, "--store", "cheap"]
        ).succeeded().text
        #expect(made.contains("cheap"))
        let id = try #require(try glance.rows("SELECT id FROM images").first?[0])
        #expect(glance.contents(of: id, in: "cheap") == "hello")
        #expect(try Clients.run("glance", words + ["image-show", id]).succeeded().text.contains("cheap"))
        let refused = try Clients.run(
            "glance", words + ["image-create", "--disk-format", "raw", "--container-format", "bare", "--file", path, "--store", "slow"])
        #expect(refused.status != 0 && (refused.errors + refused.text).contains("slow"), "\(refused.errors)")
        try glance.place(id, at: "file://\(glance.path(of: id, in: "fast"))", #"{"store": "fast"}"#)
        try Clients.run("glance", words + ["stores-delete", "--store", "cheap", id]).succeeded()
        #expect(glance.contents(of: id, in: "cheap") == nil)
        #expect(try glance.image(id, as: .admin)["stores"]?.string == "fast")
    }
}
