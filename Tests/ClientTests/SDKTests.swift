import Foundation
import TestSupport
import Testing

/// openstacksdk, in scripts as its users write them.
@Suite(.sharesServices) struct `The openstack SDK` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    /// Runs a script. It has `alice`, `bob` and `admin`, the image services of three connections, and the disk's path as `disk`; the result
    /// is what it puts into `seen`.
    private func seen(_ disk: Disk? = nil, _ script: String) throws -> JSONValue {
        let whole = """
            import json, sys
            import openstack

            def cloud(token):
                return openstack.connection.Connection(
                    auth_type="admin_token", endpoint=sys.argv[1], token=token, image_endpoint_override=sys.argv[1])

            clouds = {name: cloud(name) for name in ("alice", "bob", "admin")}
            alice, bob, admin = (clouds[name].image for name in ("alice", "bob", "admin"))
            disk = sys.argv[2]
            seen = {}
            \(script)
            print(json.dumps(seen))
            """
        return try Clients.run("python3", ["-c", whole, glance.address, disk?.path ?? ""]).json
    }

    @Test func `takes a disk through its whole life`() throws {
        let disk = try Disk("life")
        let seen = try seen(
            disk,
            """
            image = clouds["alice"].create_image(
                "first", filename=disk, disk_format="qcow2", container_format="bare", wait=True, validate_checksum=True,
                tags=["web"], os_distro="debian")
            seen["created"] = alice.get_image(image.id).to_dict()
            seen["listed"] = [each.id for each in alice.images(tag="web", name="first")]
            seen["found"] = alice.find_image("first").id
            alice.update_image(image, name="second", os_distro="fedora", min_disk=3)
            alice.add_tag(image, "db")
            alice.remove_tag(image, "web")
            seen["updated"] = alice.get_image(image.id).to_dict()
            with open(disk + ".back", "wb") as back:
                alice.download_image(image, output=back)
            alice.deactivate_image(image)
            seen["deactivated"] = alice.get_image(image.id).status
            alice.reactivate_image(image)
            alice.delete_image(image)
            seen["left"] = alice.find_image(image.id)
            """)
        let id = try #require(seen["created"]?["id"]?.string)
        #expect(seen["created"]?["status"]?.string == "active")
        #expect(seen["created"]?["size"]?.int == Int64(disk.bytes.count))
        #expect(seen["created"]?["checksum"]?.string == (try disk.digest("md5sum")))
        #expect(seen["created"]?["hash_value"]?.string == (try disk.digest("sha512sum")))
        #expect(seen["created"]?["properties"]?["owner_specified.openstack.sha256"]?.string == (try disk.digest("sha256sum")))
        #expect(seen["created"]?["os_distro"]?.string == "debian" || seen["created"]?["properties"]?["os_distro"]?.string == "debian")
        #expect(seen["listed"]?.sortedTexts == [id])
        #expect(seen["found"]?.string == id)
        #expect(seen["updated"]?["name"]?.string == "second")
        #expect(seen["updated"]?["min_disk"]?.int == 3)
        #expect(seen["updated"]?["tags"]?.sortedTexts == ["db"])
        #expect(seen["updated"]?["checksum"] == seen["created"]?["checksum"])
        #expect(seen["deactivated"]?.string == "deactivated")
        #expect(seen["left"] == .null)
        #expect(try disk.isSame(as: disk.back))
        #expect(try !glance.storedFiles().contains(id))
    }

    @Test func `uploads a file once, however often it is created`() throws {
        let disk = try Disk("twice")
        let glance = try TestGlance()
        let seen = try `The openstack SDK`(on: glance).seen(
            disk,
            """
            arguments = dict(filename=disk, disk_format="qcow2", container_format="bare", wait=True, validate_checksum=True)
            seen["ids"] = [clouds["alice"].create_image("twin", **arguments).id for _ in range(3)]
            seen["count"] = len(list(alice.images(name="twin")))
            open(disk, "ab").write(b"more")
            seen["changed"] = clouds["alice"].create_image("twin", **arguments).id
            """)
        let ids = try #require(seen["ids"]?.array?.map { $0.string ?? "" })
        #expect(ids.count == 3 && Set(ids).count == 1)
        #expect(seen["count"]?.int == 1)
        #expect(try glance.stores(ids[0], bytes: disk.bytes))
        // Other bytes are another image.
        let changed = try #require(seen["changed"]?.string)
        #expect(changed != ids[0])
        #expect(try glance.stores(changed, bytes: disk.bytes + Array("more".utf8)))
        #expect(try eventually { try glance.requests("PUT", "/v2/images/{image}/file") == 2 })
        #expect(try eventually { try glance.requests("POST", "/v2/images") == 2 })
    }

    @Test func `shares an image with another project, which takes it and reads it`() throws {
        let id = try glance.hasActiveImage("for bolt", name: "given")
        let seen = try seen(
            nil,
            """
            given = alice.find_image("given")
            seen["id"] = given.id
            seen["member"] = alice.add_member(given, member_id="bolt").status
            seen["before"] = [each.id for each in bob.images()]
            seen["pending"] = [each.id for each in bob.images(member_status="pending", visibility="shared")]
            seen["accepted"] = bob.update_member("bolt", given, status="accepted").status
            seen["after"] = [each.id for each in bob.images()]
            seen["members"] = [(each.member_id, each.status) for each in alice.members(given)]
            seen["read"] = bob.download_image(given).content.decode()
            try:
                bob.delete_image(given)
            except openstack.exceptions.ForbiddenException as refusal:
                seen["refused"] = refusal.status_code
            alice.remove_member("bolt", given)
            seen["removed"] = bob.find_image(given.id)
            """)
        #expect(seen["id"]?.string == id)
        #expect(seen["member"]?.string == "pending")
        #expect(seen["before"]?.sortedTexts.contains(id) == false)
        #expect(seen["pending"]?.sortedTexts.contains(id) == true)
        #expect(seen["accepted"]?.string == "accepted")
        #expect(seen["after"]?.sortedTexts.contains(id) == true)
        #expect(seen["members"] == [["bolt", "accepted"]])
        #expect(seen["read"]?.string == "for bolt")
        #expect(seen["refused"]?.int == 403)
        #expect(seen["removed"] == .null)
    }

    @Test func `reads in pieces, and checks the digest`() throws {
        let disk = try Disk("pieces")
        let id = try glance.hasImage()
        #expect(try glance.upload(disk.bytes, to: id).status == 204)
        let seen = try seen(
            disk,
            """
            import hashlib
            reply = alice.download_image("\(id)", stream=True, chunk_size=65536)
            digest = hashlib.sha512()
            for piece in reply.iter_content(65536):
                digest.update(piece)
            seen["digest"] = digest.hexdigest()
            seen["md5"] = reply.headers["Content-MD5"]
            """)
        #expect(seen["digest"]?.string == (try disk.digest("sha512sum")))
        #expect(seen["md5"]?.string == (try disk.digest("md5sum")))
    }

    @Test func `finds the version of the service, and follows its pages`() throws {
        for number in 100..<130 { try glance.hasImage(as: .admin, #"{"name": "page-\#(number)", "visibility": "private"}"#) }
        let seen = try seen(
            nil,
            """
            seen["version"] = admin.get_api_major_version()
            seen["names"] = [each.name for each in admin.images(limit=7, sort="name:asc", owner="cloud") if each.name.startswith("page-")]
            seen["schema"] = admin.get_image_schema().name
            """)
        #expect(seen["version"]?.array?.first == 2)
        #expect(seen["names"]?.array?.map { $0.string ?? "" } == (100..<130).map { "page-\($0)" })
        #expect(seen["schema"]?.string == "image")
    }

    private init(on glance: TestGlance) { self.glance = glance }
}

extension TestGlance {
    fileprivate func stores(_ id: String, bytes: [UInt8]) throws -> Bool {
        FileManager.default.contents(atPath: "\(storeFolder)/\(id)").map(Array.init) == bytes
    }
}
