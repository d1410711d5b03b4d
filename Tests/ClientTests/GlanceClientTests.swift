import Foundation
import TestSupport
import Testing

/// python-glanceclient 4.x, which OpenStack's other services use as well.
@Suite(.sharesServices) struct `The glance client` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    private func glance(as person: TestGlance.Person, _ words: String..., input: [UInt8]? = nil) throws -> Command {
        try Clients.run("glance", ["--os-auth-token", person.rawValue, "--os-image-url", glance.address] + words, input: input)
    }

    @Test func `takes a disk through its whole life`() throws {
        let disk = try Disk("life")
        let created = try glance(
            as: .alice, "image-create", "--name", "first", "--disk-format", "qcow2", "--container-format", "bare", "--file", disk.path,
            "--property", "os_distro=debian", "--property", "hw_disk_bus=scsi", "--tags", "web", "db"
        ).record
        let id = try #require(created["id"])
        #expect(created["status"] == "active")
        #expect(created["size"] == String(disk.bytes.count))
        #expect(created["checksum"] == (try disk.digest("md5sum")))
        #expect(created["os_hash_value"] == (try disk.digest("sha512sum")))
        #expect(Set([#"["db", "web"]"#, #"["web", "db"]"#]).contains(created["tags"]))
        #expect(try glance.stores(disk, as: id))

        let listed = try glance(as: .alice, "image-list", "--tag", "web", "--property-filter", "os_distro=debian").table
        #expect(listed == [["ID", "Name"], [id, "first"]])

        try glance(as: .alice, "image-download", "--file", disk.back, id).succeeded()
        #expect(try disk.isSame(as: disk.back))

        try glance(
            as: .alice, "image-update", "--name", "second", "--property", "os_distro=fedora", "--remove-property", "hw_disk_bus", id
        ).succeeded()
        try glance(as: .alice, "image-tag-update", id, "new").succeeded()
        try glance(as: .alice, "image-tag-delete", id, "web").succeeded()
        let shown = try glance(as: .alice, "image-show", id).record
        #expect(shown["name"] == "second")
        #expect(shown["os_distro"] == "fedora")
        #expect(shown["hw_disk_bus"] == nil)
        #expect(Set([#"["db", "new"]"#, #"["new", "db"]"#]).contains(shown["tags"]))
        #expect(shown["checksum"] == created["checksum"])

        try glance(as: .alice, "image-delete", id).succeeded()
        #expect(try glance(as: .alice, "image-show", id).status != 0)
        #expect(try !glance.storedFiles().contains(id))
    }

    @Test func `shares an image with another project, which takes it and reads it`() throws {
        let id = try glance.hasActiveImage("for bolt", name: "given")
        let given = try glance(as: .alice, "member-create", id, "bolt").table
        #expect(given == [["Image ID", "Member ID", "Status"], [id, "bolt", "pending"]])
        #expect(try glance(as: .bob, "image-list", "--member-status", "pending").table.contains([id, "given"]))
        #expect(try !glance(as: .bob, "image-list").table.contains([id, "given"]))

        try glance(as: .bob, "member-update", id, "bolt", "accepted").succeeded()
        #expect(try glance(as: .bob, "image-list", "--visibility", "shared").table.contains([id, "given"]))
        #expect(try glance(as: .alice, "member-list", "--image-id", id).table.last == [id, "bolt", "accepted"])
        let read = try glance(as: .bob, "image-download", id).succeeded()
        #expect(read.text == "for bolt")
        #expect(try glance(as: .bob, "image-delete", id).status != 0)

        try glance(as: .alice, "member-delete", id, "bolt").succeeded()
        #expect(try glance(as: .bob, "image-show", id).status != 0)
        #expect(try glance.status(of: id) == "active")
    }

    @Test func `uploads what comes on its input, without a length`() throws {
        let disk = try Disk("piped")
        let id = try glance.hasImage()
        try glance(as: .alice, "image-upload", id, input: disk.bytes).succeeded()
        let image = try glance.image(id)
        #expect(image["status"]?.string == "active")
        #expect(image["size"]?.int == Int64(disk.bytes.count))
        #expect(try glance.stores(disk, as: id))
        // Only once: a second upload is refused, because the image has data.
        let second = try glance(as: .alice, "image-upload", id, input: Array("other".utf8))
        #expect(second.status != 0)
        #expect(second.errors.contains("409"))
        #expect(try glance.stores(disk, as: id))
    }

    @Test func `does not read a deactivated image until it is active again`() throws {
        let id = try glance.hasActiveImage("kept back")
        try glance(as: .alice, "image-deactivate", id).succeeded()
        let refused = try glance(as: .alice, "image-download", id)
        #expect(refused.status != 0)
        #expect(refused.errors.contains("403"))
        #expect(!refused.text.contains("kept back"))
        try glance(as: .alice, "image-reactivate", id).succeeded()
        #expect(try glance(as: .alice, "image-download", id).succeeded().text == "kept back")
    }

    /// It takes its options from the image's schema, and checks downloads against the digests.
    @Test func `notices bytes that are not those of the image`() throws {
        let disk = try Disk("spoilt")
        let id = try glance.hasImage()
        #expect(try glance.upload(disk.bytes, to: id).status == 204)
        try glance.damage(disk, as: id)
        let refused = try glance(as: .alice, "image-download", "--file", disk.back, id)
        #expect(refused.status != 0)
        #expect(refused.errors.contains("orrupt"))
    }

    @Test func `walks through all pages of a list`() throws {
        for number in 100..<130 { try glance.hasImage(#"{"name": "page-\#(number)", "os_distro": "pages"}"#) }
        let listed = try glance(as: .alice, "image-list", "--property-filter", "os_distro=pages", "--page-size", "7", "--sort", "name:asc")
            .table
        #expect(listed.dropFirst().map { $0[1] } == (100..<130).map { "page-\($0)" })
    }

    @Test func `tells the reason of a refusal`() throws {
        let id = try glance.hasActiveImage(visibility: "public")
        let refused = try glance(as: .bob, "image-update", "--name", "mine", id)
        #expect(refused.status != 0)
        #expect(refused.errors.contains("403"))
        #expect(!refused.errors.contains("<"))
        let unknown = try Clients.run("glance", ["--os-auth-token", "nobody", "--os-image-url", glance.address, "image-list"])
        #expect(unknown.status != 0)
        #expect(unknown.errors.contains("Invalid OpenStack Identity credentials"))
    }
}

extension Command {
    /// The rows of the table that it printed, the head first. Cells on several lines are joined.
    var table: [[String]] {
        get throws {
            var rows: [[String]] = []
            for line in try succeeded().text.split(separator: "\n") where line.hasPrefix("|") {
                let cells = line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false)
                    .map { $0.trimmingCharacters(in: .whitespaces) }
                if cells[0].isEmpty, !rows.isEmpty {
                    for place in cells.indices { rows[rows.count - 1][place] += cells[place] }
                } else {
                    rows.append(cells)
                }
            }
            return rows
        }
    }

    /// A table of names and values.
    var record: [String: String] {
        get throws { Dictionary(try table.dropFirst().map { ($0[0], $0[1]) }) { $1 } }
    }
}
