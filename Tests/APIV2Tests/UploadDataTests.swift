import Foundation
import TestSupport
import Testing

extension TestGlance {
    fileprivate func put(_ data: [UInt8], to id: String, as person: Person? = .alice, _ headers: [String: String]) throws -> Reply {
        try send("PUT", "/v2/images/\(id)/file", as: person, headers, body: data)
    }

    /// Expects that the image accepts data as if none had been sent.
    fileprivate func expectNothingLeft(of id: String, _ status: String = "queued", sourceLocation: SourceLocation = #_sourceLocation) throws
    {
        let image = try image(id)
        #expect(image["status"]?.string == status, sourceLocation: sourceLocation)
        for key in ["size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value"] {
            #expect(image[key] == .null, "\(key)", sourceLocation: sourceLocation)
        }
        #expect(try count("image_locations", where: "image_id = '\(id)'") == 0, sourceLocation: sourceLocation)
        #expect(try count("vitrine_uploads", where: "image_id = '\(id)'") == 0, sourceLocation: sourceLocation)
        #expect(try !storedFiles().contains(id), sourceLocation: sourceLocation)
        #expect(try !incomingFiles().contains { $0.hasPrefix(id) }, sourceLocation: sourceLocation)
    }
}

/// Digests from the system's programs.
private func digest(_ program: String, of file: String) throws -> String {
    String(try Command("/usr/bin/\(program)", [file]).succeeded().text.prefix { $0 != " " })
}

/// Bytes without a period of any buffer's length.
private func bytes(_ count: Int) -> [UInt8] {
    let pattern = (0..<min(count, 65_521)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 7) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count { bytes += pattern.prefix(count - bytes.count) }
    return bytes
}

private let octets = ["Content-Type": "application/octet-stream"]

@Suite(.sharesServices) struct `Data of an image` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    enum Framing: CaseIterable, Sendable { case length, chunks }

    private func upload(_ data: [UInt8], _ framing: Framing, to id: String) throws -> Reply {
        framing == .length ? try glance.upload(data, to: id) : try glance.uploadChunked(data, to: id)
    }

    @Test(arguments: [0, 1, 4095, 4096, 524_287, 524_288, 524_289, 3_145_729], Framing.allCases)
    func `is on the disk as it was sent, and digested`(_ count: Int, _ framing: Framing) throws {
        let id = try glance.hasImage()
        let data = bytes(count)
        let reply = try upload(data, framing, to: id)
        #expect(reply.status == 204)
        #expect(reply.body.isEmpty)
        let file = "\(glance.storeFolder)/\(id)"
        #expect(FileManager.default.contents(atPath: file).map { Array($0) == data } == true)
        let image = try glance.image(id)
        #expect(image["status"]?.string == "active")
        #expect(image["size"]?.int == Int64(count))
        #expect(image["checksum"]?.string == (try digest("md5sum", of: file)))
        #expect(image["os_hash_algo"]?.string == "sha512")
        #expect(image["os_hash_value"]?.string == (try digest("sha512sum", of: file)))
        #expect(try glance.send("GET", "/v2/images/\(id)/file").body.isSame(as: data))
    }

    /// After 64 MiB a file is written past the page cache, and its unaligned end through it.
    @Test(arguments: Framing.allCases)
    func `of many bytes is on the disk as it was sent`(_ framing: Framing) throws {
        let id = try glance.hasImage()
        let data = bytes(66 << 20 + 1234)
        #expect(try upload(data, framing, to: id).status == 204)
        let file = "\(glance.storeFolder)/\(id)"
        #expect(FileManager.default.contents(atPath: file).map { Array($0) == data } == true)
        let image = try glance.image(id)
        #expect(image["size"]?.int == Int64(data.count))
        #expect(image["checksum"]?.string == (try digest("md5sum", of: file)))
        #expect(image["os_hash_value"]?.string == (try digest("sha512sum", of: file)))
        #expect(try glance.delete(id).status == 204)
    }

    @Test func `has a file and a location of the image's id, and leaves no trace of its coming`() throws {
        let id = try glance.hasActiveImage("hello")
        #expect(
            try glance.rows("SELECT value, status, meta_data FROM image_locations WHERE image_id = '\(id)' AND deleted = 0", columns: 3).map
            {
                Array($0.prefix(2))
            } == [["file://\(glance.storeFolder)/\(id)", "active"]])
        #expect(try !glance.incomingFiles().contains { $0.hasPrefix(id) })
        #expect(try glance.count("vitrine_uploads", where: "image_id = '\(id)'") == 0)
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(glance.storeFolder)/\(id)")
        #expect(attributes[.type] as? FileAttributeType == .typeRegular)
        let permissions = try #require(attributes[.posixPermissions] as? Int)
        #expect(permissions & 0o400 == 0o400 && permissions & 0o133 == 0, "readable, and neither a program nor others' to write")
    }

    @Test func `changes nothing of the record but what it measures`() throws {
        let id = try glance.hasImage(
            #"{"name": "n", "disk_format": "raw", "container_format": "bare", "tags": ["t"], "p": "v", "min_disk": 3, "protected": true}"#)
        let before = try glance.image(id).members
        #expect(try glance.upload(bytes(10), to: id).status == 204)
        let after = try glance.image(id).members
        let changed = Set(before.keys.filter { before[$0] != after[$0] })
        #expect(Set(before.keys) == Set(after.keys))
        #expect(changed.subtracting(["updated_at"]) == ["status", "size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value"])
    }

    @Test func `has a file of the id as it was given, whatever its case`() throws {
        let id = newID().uppercased()
        try glance.hasImage(#"{"id": "\#(id)", "disk_format": "raw", "container_format": "bare"}"#)
        #expect(try glance.upload(bytes(3), to: id.lowercased()).status == 204)
        #expect(try glance.storedFiles().contains(id))
        #expect(try glance.send("GET", "/v2/images/\(id)/file").body.isSame(as: bytes(3)))
    }

    @Test(arguments: [TestGlance.Person.alice, .anna, .admin])
    func `is sent by the image's project and administrators`(_ person: TestGlance.Person) throws {
        for visibility in ["private", "shared", "community"] {
            let id = try glance.hasImage(#"{"disk_format": "raw", "container_format": "bare", "visibility": "\#(visibility)"}"#)
            #expect(try glance.upload(bytes(3), to: id, as: person).status == 204)
        }
    }

    @Test(arguments: [
        ("private", TestGlance.Person.bob, 404), ("shared", .bob, 404), ("shared with bolt", .bob, 403), ("community", .bob, 403),
        ("public", .bob, 403), ("private", .reader, 403), ("shared", .reader, 403), ("public", .reader, 403),
    ])
    func `is refused of all others, and nothing is left`(_ kind: String, _ person: TestGlance.Person, _ status: Int) throws {
        let id = try glance.hasImage(
            as: .admin,
            #"{"disk_format": "raw", "container_format": "bare", "owner": "acme", "visibility": "\#(kind.prefix { $0 != " " })"}"#)
        if kind == "shared with bolt" { try glance.share(id, with: "bolt") }
        #expect(try glance.upload(bytes(1000), to: id, as: person).status == status)
        #expect(try glance.uploadChunked(bytes(1000), to: id, as: person).status == status)
        try glance.expectNothingLeft(of: id)
    }

    @Test func `is refused of nobody, and of an image that there is not`() throws {
        let id = try glance.hasImage()
        #expect(try glance.put(bytes(10), to: id, as: nil, octets).status == 401)
        try glance.expectNothingLeft(of: id)
        for unknown in [newID(), "nothing", text(of: 37), "..%2f..%2fx"] {
            for person in [TestGlance.Person.alice, .admin] { #expect(try glance.upload(bytes(10), to: unknown, as: person).status == 404) }
            #expect(try !glance.storedFiles().contains(unknown))
        }
    }

    @Test(arguments: [
        "application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/octet-streams",
        "octet-stream",
        "application/*", "*/*", "",
    ])
    func `of another type is 415, and nothing is left`(_ type: String) throws {
        let id = try glance.hasImage()
        #expect(try glance.put(bytes(1000), to: id, ["Content-Type": type]).status == 415)
        try glance.expectNothingLeft(of: id)
        #expect(try glance.upload(bytes(3), to: id).status == 204)
    }

    @Test func `of no type is 415, and nothing is left`() throws {
        let id = try glance.hasImage()
        #expect(try glance.put(bytes(1000), to: id, [:]).status == 415)
        try glance.expectNothingLeft(of: id)
    }

    @Test(arguments: ["abc", "-1", "1.5", "", "5 bytes", "0x5", "99999999999999999999"])
    func `of a size that is no number is 400, and nothing is left`(_ size: String) throws {
        let id = try glance.hasImage()
        #expect(try glance.upload(bytes(5), to: id, ["X-Openstack-Image-Size": size]).status == 400)
        try glance.expectNothingLeft(of: id)
    }

    @Test(arguments: [(5, 4), (5, 6), (5, 0), (0, 5), (600_000, 599_999), (600_000, 600_001), (600_000, 5)], Framing.allCases)
    func `of another size than announced is 400, and nothing is left`(_ sizes: (Int, Int), _ framing: Framing) throws {
        let id = try glance.hasImage()
        var headers = octets.merging(["X-Openstack-Image-Size": "\(sizes.1)"]) { $1 }
        if framing == .length {
            #expect(try glance.put(bytes(sizes.0), to: id, headers).status == 400)
        } else {
            headers["Transfer-Encoding"] = "chunked"
            let connection = try HTTPConnection(port: glance.port)
            try connection.send(glance.head("PUT", "/v2/images/\(id)/file", .alice, headers))
            if sizes.0 > 0 {
                try? connection.send(Array("\(String(sizes.0, radix: 16))\r\n".utf8) + bytes(sizes.0) + Array("\r\n".utf8))
            }
            try? connection.send("0\r\n\r\n")
            #expect(try connection.receive().status == 400)
        }
        try glance.expectNothingLeft(of: id)
        #expect(try glance.upload(bytes(3), to: id).status == 204)
    }

    @Test(arguments: [0, 5, 600_000])
    func `of the size announced is taken`(_ count: Int) throws {
        let id = try glance.hasImage()
        #expect(try glance.upload(bytes(count), to: id, ["X-Openstack-Image-Size": "\(count)"]).status == 204)
        #expect(try glance.image(id)["size"]?.int == Int64(count))
    }

    @Test(arguments: ["{}", #"{"disk_format": "raw"}"#, #"{"container_format": "bare"}"#])
    func `of an image without its formats is 400, and nothing is left`(_ json: String) throws {
        let id = try glance.hasImage(json)
        let reply = try glance.upload(bytes(1000), to: id)
        #expect(reply.status == 400)
        #expect(reply.says.contains("disk_format") && reply.says.contains("container_format"))
        try glance.expectNothingLeft(of: id)
        let changes = ["disk_format": "raw", "container_format": "bare"].map { #"{"op": "replace", "path": "/\#($0)", "value": "\#($1)"}"# }
        #expect(try glance.patch(id, "[\(changes.joined(separator: ", "))]").status == 200)
        #expect(try glance.upload(bytes(3), to: id).status == 204)
    }

    @Test(arguments: ["saving", "uploading", "importing", "killed"])
    func `is 409 in a status that takes none, and nothing is left`(_ status: String) throws {
        let id = try glance.hasImage()
        try glance.execute("UPDATE images SET status = '\(status)' WHERE id = '\(id)'")
        for person in [TestGlance.Person.alice, .admin] { #expect(try glance.upload(bytes(1000), to: id, as: person).status == 409) }
        try glance.expectNothingLeft(of: id, status)
    }

    @Test(arguments: [TestGlance.Person.alice, .admin], [false, true])
    func `is 409 where there is some, which stays`(_ person: TestGlance.Person, _ isDeactivated: Bool) throws {
        let id = try glance.hasActiveImage("first")
        if isDeactivated { #expect(try glance.deactivate(id).status == 204) }
        let before = try glance.image(id)
        for data in [[], bytes(5), bytes(600_000)] { #expect(try glance.upload(data, to: id, as: person).status == 409) }
        #expect(try glance.uploadChunked(bytes(5), to: id, as: person).status == 409)
        #expect(try glance.image(id) == before)
        #expect(try glance.send("GET", "/v2/images/\(id)/file", as: .admin).text == "first")
        #expect(try glance.count("image_locations", where: "image_id = '\(id)'") == 1)
        #expect(try glance.count("vitrine_uploads", where: "image_id = '\(id)'") == 0)
        #expect(try !glance.incomingFiles().contains { $0.hasPrefix(id) })
    }

    @Test func `is nobody's before all of it is there`() throws {
        let id = try glance.hasImage()
        let data = bytes(600_000)
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(glance.head("PUT", "/v2/images/\(id)/file", .alice, octets, length: data.count))
        try connection.send(Array(data[..<300_000]))
        #expect(try eventually { try glance.status(of: id) == "saving" })
        #expect(try glance.ids("?status=saving&id=\(id)") == [id])
        #expect(try glance.send("GET", "/v2/images/\(id)/file").status == 204)
        #expect(try !glance.storedFiles().contains(id))
        #expect(try glance.count("image_locations", where: "image_id = '\(id)'") == 0)
        #expect(try eventually { try glance.incomingFiles().contains { $0.hasPrefix("\(id).") } })
        #expect(try glance.value("SELECT pending_url FROM vitrine_uploads WHERE image_id = '\(id)'")?.contains("/.incoming/\(id).") == true)
        #expect(try glance.upload(bytes(5), to: id).status == 409)
        #expect(try glance.deactivate(id).status == 403)
        #expect(try glance.tag(id, "meanwhile").status == 204)
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/name", "value": "meanwhile"}]"#).status == 200)
        try connection.send(Array(data[300_000...]))
        #expect(try connection.receive().status == 204)
        let image = try glance.image(id)
        #expect(image["status"]?.string == "active")
        #expect(image["name"]?.string == "meanwhile")
        #expect(image["tags"]?.texts == ["meanwhile"])
        #expect(try glance.send("GET", "/v2/images/\(id)/file").body.isSame(as: data))
        #expect(try glance.count("vitrine_uploads", where: "image_id = '\(id)'") == 0)
        #expect(try !glance.incomingFiles().contains { $0.hasPrefix(id) })
    }

    @Test func `of several images that come at once is each one's own`() throws {
        let all = try (1...6).map { number in (id: try glance.hasImage(), data: [UInt8](repeating: UInt8(number), count: 100_000 + number))
        }
        let connections = try all.map { _ in try HTTPConnection(port: glance.port) }
        for (connection, image) in zip(connections, all) {
            try connection.send(glance.head("PUT", "/v2/images/\(image.id)/file", .alice, octets, length: image.data.count))
        }
        for start in stride(from: 0, to: 100_006, by: 10_000) {
            for (connection, image) in zip(connections, all) {
                try connection.send(Array(image.data[min(start, image.data.count)..<min(start + 10_000, image.data.count)]))
            }
        }
        for connection in connections { #expect(try connection.receive().status == 204) }
        for image in all {
            #expect(try glance.send("GET", "/v2/images/\(image.id)/file").body.isSame(as: image.data))
            #expect(try glance.image(image.id)["checksum"]?.string == (try digest("md5sum", of: "\(glance.storeFolder)/\(image.id)")))
        }
    }

    @Test func `goes with the image, file and all`() throws {
        let id = try glance.hasActiveImage("hello")
        #expect(try glance.delete(id).status == 204)
        #expect(try !glance.storedFiles().contains(id))
    }
}

@Suite struct `Data at a site of its own ways` {
    @Test(arguments: [("md5", "md5sum"), ("sha1", "sha1sum"), ("sha256", "sha256sum")])
    func `is digested by the algorithm of the configuration`(_ algorithm: String, _ program: String) throws {
        let glance = try TestGlance(["DEFAULT": "hashing_algorithm = \(algorithm)"], workers: 1)
        let id = try glance.hasActiveImage("hello")
        let image = try glance.image(id)
        #expect(image["os_hash_algo"]?.string == algorithm)
        #expect(image["os_hash_value"]?.string == (try digest(program, of: "\(glance.storeFolder)/\(id)")))
        #expect(image["checksum"]?.string == Hello.md5)
    }

    @Test(arguments: [("640", 0o640), ("600", 0o600), ("644", 0o644)])
    func `has a file of the mode of the configuration`(_ option: String, _ mode: Int) throws {
        let glance = try TestGlance(["glance_store": "filesystem_store_file_perm = \(option)"], workers: 1)
        let id = try glance.hasActiveImage("hello")
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(glance.storeFolder)/\(id)")
        #expect(attributes[.posixPermissions] as? Int == mode)
    }

    @Test func `is 413 past the limit, and nothing is left`() throws {
        let glance = try TestGlance(["DEFAULT": "image_size_cap = 600000"], workers: 1)
        let id = try glance.hasImage()
        for person in [TestGlance.Person.alice, .admin] {
            #expect(try glance.upload(bytes(600_001), to: id, as: person).status == 413)
            try glance.expectNothingLeft(of: id)
            #expect(try glance.uploadChunked(bytes(600_001), to: id, as: person).status == 413)
            try glance.expectNothingLeft(of: id)
            #expect(try glance.uploadChunked(bytes(5_000_000), to: id, as: person).status == 413)
            try glance.expectNothingLeft(of: id)
        }
        #expect(try glance.upload(bytes(5), to: id, ["X-Openstack-Image-Size": "600001"]).status == 413)
        try glance.expectNothingLeft(of: id)
        // Also if the body is longer than announced, in one packet or not.
        for (count, status) in [(600_001, 413), (10, 400), (599_999, 400)] {
            for inOnePacket in [true, false] {
                let connection = try HTTPConnection(port: glance.port)
                let headers = ["Content-Type": "application/octet-stream", "X-Openstack-Image-Size": "5", "Transfer-Encoding": "chunked"]
                let head = glance.head("PUT", "/v2/images/\(id)/file", .alice, headers)
                let body = Array("\(String(count, radix: 16))\r\n".utf8) + bytes(count) + Array("\r\n0\r\n\r\n".utf8)
                if inOnePacket {
                    try? connection.send(head + body)
                } else {
                    try connection.send(head)
                    usleep(100_000)
                    try? connection.send(body)
                }
                #expect(try connection.receive().status == status, "\(count), \(inOnePacket)")
                try glance.expectNothingLeft(of: id)
            }
        }
        let other = try glance.hasImage()
        #expect(try glance.upload(bytes(600_000), to: id).status == 204)
        #expect(try glance.uploadChunked(bytes(600_000), to: other).status == 204)
    }
}
