import Foundation
import TestSupport
import Testing

/// python-glanceclient with the Images API v1, which it still supports.
@Suite(.sharesServices) struct `The glance client of V1` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    private func glance(as person: TestGlance.Person, _ words: String..., input: [UInt8]? = nil) throws -> Command {
        let options = ["--os-image-api-version", "1", "--os-auth-token", person.rawValue, "--os-image-url", glance.address]
        return try Clients.run("glance", options + words, input: input, hasTerminal: input == nil)
    }

    /// It sends a file without a length, and reads one from standard input unless that is a terminal.
    private func hasImage(_ name: String, _ words: String..., from disk: Disk, as person: TestGlance.Person = .alice) throws -> [String:
        String]
    {
        let options = ["--os-image-api-version", "1", "--os-auth-token", person.rawValue, "--os-image-url", glance.address]
        let create = ["image-create", "--name", name, "--disk-format", "qcow2", "--container-format", "bare", "--file", disk.path]
        return try Clients.run("glance", options + create + words, hasTerminal: true).record
    }

    @Test func `takes a disk through its whole life`() throws {
        let disk = try Disk("classic")
        let created = try hasImage(
            "first", "--property", "os_distro=debian", "--property", "kernel_id=none", "--min-ram", "64", from: disk)
        let id = try #require(created["id"])
        #expect(created["status"] == "active")
        #expect(created["size"] == String(disk.bytes.count))
        #expect(created["checksum"] == (try disk.digest("md5sum")))
        #expect(created["owner"] == "acme")
        #expect(created["min_ram"] == "64")
        #expect(created["is_public"] == "False")
        #expect(created["Property 'os_distro'"] == "debian")
        #expect(try eventually { try glance.requests("POST", "/v1/images") >= 1 })
        #expect(try glance.stores(disk, as: id))

        let shown = try glance(as: .alice, "image-show", "first").record
        for field in ["id", "name", "status", "size", "checksum", "disk_format", "container_format", "owner", "Property 'kernel_id'"] {
            #expect(shown[field] == created[field], "\(field)")
        }
        try glance(as: .alice, "image-download", "--file", disk.back, "first").succeeded()
        #expect(try disk.isSame(as: disk.back))

        try glance(as: .alice, "image-update", "--name", "second", "--property", "os_distro=fedora", "--is-protected", "True", id)
            .succeeded()
        let kept = try glance(as: .alice, "image-show", id).record
        #expect(kept["name"] == "second")
        #expect(kept["Property 'os_distro'"] == "fedora")
        #expect(kept["Property 'kernel_id'"] == "none", "what is not named stays")
        #expect(kept["protected"] == "True")
        #expect(kept["checksum"] == created["checksum"])
        #expect(try glance(as: .alice, "image-delete", id).text.contains("403"))
        #expect(try glance.status(of: id) == "active")

        try glance(as: .alice, "image-update", "--purge-props", "--property", "arch=arm", "--is-protected", "False", id).succeeded()
        let purged = try glance(as: .alice, "image-show", id).record
        #expect(purged.keys.filter { $0.hasPrefix("Property") } == ["Property 'arch'"])
        #expect(purged["name"] == "second")
        // V2 shows the same.
        let record = try glance.image(id)
        #expect(record["arch"]?.string == "arm")
        #expect(record["os_distro"] == nil)
        #expect(record["visibility"]?.string == "shared")

        try glance(as: .alice, "image-delete", id).succeeded()
        #expect(try glance(as: .alice, "image-show", id).status != 0)
        #expect(try glance.send("GET", "/v2/images/\(id)").status == 404)
        #expect(try !glance.storedFiles().contains(id))
    }

    @Test func `uploads later to an image that it reserved`() throws {
        let disk = try Disk("later")
        let reserved = try glance(as: .alice, "image-create", "--name", "later", "--disk-format", "qcow2", "--container-format", "bare")
            .record
        let id = try #require(reserved["id"])
        #expect(reserved["status"] == "queued")
        #expect(try glance(as: .alice, "image-download", "--file", disk.back, id).status != 0)
        try glance(as: .alice, "image-update", id, input: disk.bytes).succeeded()
        #expect(try glance.status(of: id) == "active")
        #expect(try glance.stores(disk, as: id))
        let again = try glance(as: .alice, "image-update", id, "--file", disk.path)
        #expect(again.status != 0)
        #expect(try glance.stores(disk, as: id))
    }

    @Test func `lists by filters and in pages`() throws {
        for number in 100..<112 {
            let reply = try glance.send(
                "POST", "/v1/images",
                [
                    "x-image-meta-name": "page-\(number)", "x-image-meta-property-os_distro": "pages", "x-image-meta-size": "\(number)",
                    "x-image-meta-disk-format": number < 105 ? "raw" : "qcow2", "x-image-meta-container-format": "bare",
                ])
            #expect(reply.status == 201)
        }
        func listed(_ words: String...) throws -> [String] {
            let options = ["--os-image-api-version", "1", "--os-auth-token", "alice", "--os-image-url", glance.address]
            let list = ["image-list", "--property-filter", "os_distro=pages"] + words
            return try Clients.run("glance", options + list).table.dropFirst().map { $0[1] }
        }
        let all = (100..<112).map { "page-\($0)" }
        #expect(try listed() == all)
        #expect(try listed("--page-size", "5") == all)
        #expect(try listed("--page-size", "4", "--sort-key", "size", "--sort-dir", "desc") == all.reversed())
        #expect(try listed("--name", "page-103") == ["page-103"])
        #expect(try listed("--disk-format", "raw") == Array(all[..<5]))
        #expect(try listed("--size-min", "103", "--size-max", "104") == ["page-103", "page-104"])
        #expect(try listed("--status", "active") == [])
        #expect(try listed("--status", "queued", "--container-format", "bare") == all)
        #expect(try listed("--changes-since", "2100-01-01T00:00:00") == [])
    }

    @Test func `lists for an administrator what it asks for`() throws {
        let hidden = try glance.hasActiveImage(as: .bob, name: "of-bolt")
        func listed(_ words: String...) throws -> [String] {
            let options = ["--os-image-api-version", "1", "--os-auth-token", "admin", "--os-image-url", glance.address]
            return try Clients.run("glance", options + ["image-list", "--name", "of-bolt"] + words).table.dropFirst().map { $0[0] }
        }
        #expect(try listed() == [])
        #expect(try listed("--is-public", "False") == [hidden])
        #expect(try listed("--all-tenants") == [hidden])
        #expect(try listed("--owner", "bolt") == [hidden])
        #expect(try listed("--owner", "acme") == [])
    }

    @Test func `shares an image with another project, which reads it`() throws {
        let disk = try Disk("shared")
        let id = try #require(try hasImage("given", from: disk)["id"])
        #expect(try glance(as: .bob, "image-show", id).status != 0)
        try glance(as: .alice, "member-create", id, "bolt", "--can-share").succeeded()
        #expect(
            try glance(as: .alice, "member-list", "--image-id", id).table == [
                ["Image ID", "Member ID", "Can Share"], [id, "bolt", "True"],
            ])
        #expect(try glance(as: .bob, "member-list", "--tenant-id", "bolt").table.contains([id, "bolt", "True"]))
        #expect(try glance(as: .bob, "image-list", "--name", "given").table.last?[0] == id, "whether or not it was accepted")
        try glance(as: .bob, "image-download", "--file", disk.back, id).succeeded()
        #expect(try disk.isSame(as: disk.back))
        // V2 shows the same member, with the status pending.
        let member = try glance.send("GET", "/v2/images/\(id)/members/bolt").json
        #expect(member["status"]?.string == "pending")

        try glance(as: .bob, "member-create", id, "third").succeeded()
        #expect(try glance(as: .bob, "image-delete", id).text.contains("403"))
        for member in ["third", "bolt"] { try glance(as: .alice, "member-delete", id, member).succeeded() }
        #expect(try glance(as: .alice, "member-list", "--image-id", id).table.count <= 1)
        #expect(try glance(as: .bob, "image-show", id).status != 0)
        #expect(try glance.status(of: id) == "active")
    }

    /// It compares what it downloads with `x-image-meta-checksum`.
    @Test func `notices bytes that are not those of the image`() throws {
        let disk = try Disk("classic-spoilt")
        let id = try #require(try hasImage("spoilt", from: disk)["id"])
        try glance.damage(disk, as: id)
        let refused = try glance(as: .alice, "image-download", "--file", disk.back, id)
        #expect(refused.status != 0)
        #expect(refused.errors.contains("orrupt"))
    }

    @Test func `sees images of V2, and changes them`() throws {
        let id = try glance.hasActiveImage("by v2", name: "newer")
        #expect(
            try glance.patch(
                id, #"[{"op": "add", "path": "/os_distro", "value": "debian"}, {"op": "add", "path": "/tags", "value": ["web"]}]"#
            )
            .status == 200)
        let shown = try glance(as: .alice, "image-show", id).record
        #expect(shown["name"] == "newer")
        #expect(shown["Property 'os_distro'"] == "debian")
        #expect(try glance(as: .alice, "image-download", id).succeeded().text == "by v2")
        try glance(as: .alice, "image-update", "--name", "older", "--purge-props", id).succeeded()
        let record = try glance.image(id)
        #expect(record["name"]?.string == "older")
        #expect(record["os_distro"] == nil)
        #expect(record["tags"]?.sortedTexts == ["web"], "what V1 does not know stays")
        #expect(record["os_hash_value"]?.string?.count == 128)
    }

    @Test func `tells the reason of a refusal`() throws {
        let id = try glance.hasActiveImage(visibility: "public")
        let refused = try glance(as: .bob, "image-update", "--name", "mine", id)
        #expect(refused.status != 0)
        #expect(refused.errors.contains("403"))
        let id2 = try glance.hasImage()
        let taken = try glance(as: .alice, "image-create", "--id", id2, "--name", "again")
        #expect(taken.status != 0)
        #expect(taken.errors.contains("409"))
        let unknown = try Clients.run(
            "glance", ["--os-image-api-version", "1", "--os-auth-token", "nobody", "--os-image-url", glance.address, "image-list"])
        #expect(unknown.status != 0)
        #expect(unknown.errors.contains("Invalid OpenStack Identity credentials"))
    }
}

/// python-openstackclient with an endpoint that ends in the version. Without a token (`OS_AUTH_TYPE=none`) it requires a version
/// document there, which V1 never has.
@Suite(.sharesServices) struct `The openstack client of V1` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    private func openstack(_ words: String...) throws -> Command {
        try Clients.run(
            "openstack", ["--os-image-api-version", "1"] + words,
            ["OS_AUTH_TYPE": "admin_token", "OS_TOKEN": "alice", "OS_ENDPOINT": "\(glance.address)/v1"])
    }

    @Test func `lists and shows images`() throws {
        let name = "classic-\(UUID().uuidString)"
        let reply = try glance.send(
            "POST", "/v1/images",
            [
                "x-image-meta-name": name, "x-image-meta-disk-format": "raw", "x-image-meta-container-format": "bare",
                "x-image-meta-property-os_distro": "debian", "Content-Type": "application/octet-stream",
            ], body: Array("hello".utf8))
        #expect(reply.status == 201)
        let id = try #require(reply.json["image"]?["id"]?.string)

        let listed = try openstack("image", "list", "-f", "json").json.array
        let row = listed?.first { $0["ID"]?.string == id }
        #expect(row?["Name"]?.string == name)
        let long = try openstack("image", "list", "-f", "json", "--long").json.array?.first { $0["ID"]?.string == id }
        #expect(long?["Disk Format"]?.string == "raw")
        #expect(long?["Size"]?.int == 5)
        #expect(long?["Status"]?.string == "active")

        let shown = try openstack("image", "show", "-f", "json", name).json
        #expect(shown["id"]?.string == id)
        #expect(shown["name"]?.string == name)
        #expect(shown["disk_format"]?.string == "raw")
        #expect(shown["size"]?.int == 5)
        // By an id, the SDK requests the data and reads the record from its headers, so it knows only what it was given.
        #expect(try openstack("image", "show", "-f", "json", id).json["id"]?.string == id)
        #expect(
            try eventually { try glance.requests("GET", "/v1/images/detail") + glance.requests("GET", "/v1/images") >= 2 }, "it asked V1")
        #expect(try openstack("image", "show", UUID().uuidString).status != 0)
    }
}
