import Domain
import Foundation
import TestSupport
import Testing

/// A site that lets users name locations in its pool.
@Suite(.sharesServices) struct `A location in the pool that a user names` {
    let ceph: Ceph?
    let glance: TestGlance?

    init() throws {
        ceph = try Ceph()
        glance = try ceph.map { ceph in
            let options = [
                "DEFAULT": "enabled_backends = fast:file,ceph:rbd\nshow_multiple_locations = true",
                "glance_store": "default_backend = ceph",
                "ceph": ceph.engine.options,
                "vitrine": "user_location_schemes = rbd,s3,swift,swift+https,cinder,vsphere",
            ]
            return try TestGlance.of(Self.self, options, stores: ["fast"], runsTasks: true)
        }
    }

    private func cluster(_ ceph: Ceph) throws -> String {
        try ceph.engine.run("ceph", "fsid").text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test func `is its image's own data, and nothing else`() throws {
        guard let ceph, let glance else { return }
        let (id, pool) = (try glance.hasImage(), ceph.engine.pool)
        let place = "rbd://\(try cluster(ceph))/\(pool)"
        let victim = try glance.hasActiveImage(as: .bob, "private")
        // What Cinder has in the pool.
        try ceph.rbd("create", "--size", "1M", "volume-\(id)")
        try ceph.rbd("snap", "create", "--no-progress", "volume-\(id)@backup")
        try ceph.rbd("create", "--size", "1M", id)
        try ceph.rbd("snap", "create", "--no-progress", "\(id)@other")
        let hidden = victim.replacing("-", with: "%2D")
        let urls = [
            "\(place)/\(victim)/snap", "\(place)/\(hidden)/snap",
            "\(place)/%\(String(victim.utf8.first!, radix: 16))\(victim.dropFirst())/snap",
            "\(place)/volume-\(id)/backup", "\(place)/\(id)/other", "\(place)/vitrine.\(id).x/snap", "rbd://volume-\(id)",
            "rbd://\(victim)",
            "rbd://00000000-0000-0000-0000-000000000000/\(pool)/\(id)/snap", "\(place)2/\(id)/snap", "\(place)/../other/\(id)/snap",
            "\(place)%2f../other/\(id)/snap", "\(place)//\(id)/snap", "\(place)/\(id)/snap/", "\(place)/\(id.uppercased())x/snap",
            "RBD\(place.dropFirst(3))/\(id)/snap",
            " \(place)/\(id)/snap", "rbd://a@\(place.dropFirst(6))/\(id)/snap", "\(place)/\(id)@other/snap", "\(place)/\(id)/snap?x=y",
            "\(place)/\(id)/snap#x", "\(place)/\(id)\u{0301}/snap", "\(place)/\(String(repeating: "a", count: 70_000))/snap", "rbd://",
            "rbd:", "rbd:////",
            "cinder://x/\(victim)", "vsphere://h/folder/\(id)?dsName=x", "s3://127.0.0.1/bucket/\(id)", "swift+config://ref1/glance/\(id)",
            "file:///etc/passwd",
        ]
        for url in urls {
            let text = String(decoding: try JSONEncoder().encode(url), as: UTF8.self)
            let posted = try glance.send("POST", "/v2/images/\(id)/locations", json: #"{"url": \#(text)}"#)
            #expect([400, 403, 413].contains(posted.status), "\(url.prefix(200)): \(posted.status) \(posted.text.prefix(300))")
            let patched = try glance.patch(id, #"[{"op": "add", "path": "/locations/-", "value": {"url": \#(text), "metadata": {}}}]"#)
            #expect([400, 403, 413].contains(patched.status), "\(url.prefix(200)): \(patched.status) \(patched.text.prefix(300))")
            for reply in [posted, patched] where url.count < 256 {
                #expect(!reply.text.contains(place.dropFirst(6)), "\(url): \(reply.text)")
            }
            #expect(try glance.status(of: id) == "queued", "\(url.prefix(200))")
        }
        try ceph.rbd("snap", "create", "--no-progress", "\(id)@snap")
        let own = try glance.patch(
            id, #"[{"op": "add", "path": "/locations/-", "value": {"url": "\#(place)/\#(id)/snap", "metadata": {}}}]"#)
        #expect(own.status == 200 && own.json["status"]?.string == "active", "\(own.status) \(own.text)")
        #expect(try glance.send("GET", "/v2/images/\(id)/file").body == [UInt8](repeating: 0, count: 1 << 20))
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try glance.send("GET", "/v2/images/\(victim)/file", as: .bob).text == "private")
        #expect(try ceph.engine.imageNames().contains("volume-\(id)@backup"))
    }
}
