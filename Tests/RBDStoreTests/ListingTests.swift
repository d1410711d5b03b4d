import Domain
import Foundation
import RBDStore
import TestSupport
import Testing

/// What a store says that its pool holds. Others may use the pool, too.
@Suite(.serialized) struct `The list of an RBD store` {
    let ceph: Ceph?
    init() throws { ceph = try Ceph() }

    /// Makes images without data, in one process.
    private func make(_ names: [String], on ceph: Ceph) throws {
        try python(
            ceph, "import rbd\nfor name in sys.argv[3:]: rbd.RBD().create(pool, name, 1 << 20, order=20, old_format=False, features=1)",
            names)
    }

    private func removeAll(_ names: [String], on ceph: Ceph) throws {
        try python(ceph, "import rbd\nfor name in sys.argv[3:]: rbd.RBD().remove(pool, name)", names)
    }

    private func python(_ ceph: Ceph, _ lines: String, _ arguments: [String]) throws {
        let script =
            "import rados, sys\ncluster = rados.Rados(conffile=sys.argv[1], name='client.admin')\ncluster.connect()\n"
            + "pool = cluster.open_ioctx(sys.argv[2])\n\(lines)\n"
        try Command("/usr/bin/python3", ["-c", script, ceph.engine.conf, ceph.engine.pool] + arguments, limit: 120).succeeded()
    }

    @Test func `has the images that are complete, and nothing else of the pool`() throws {
        guard let ceph else { return }
        let store = try ceph.store()
        let (ours, parent, theirs, halfWritten) = (ImageID.fresh(), ImageID.fresh(), ImageID.fresh(), ImageID.fresh())
        let locations = try [ours, parent].map { try store.hold(Array("hello".utf8), as: $0) }
        // As Glance writes it; where the pool does not know layering, without protection.
        try ceph.rbd("create", "--size", "1", theirs.text)
        try ceph.rbd("snap", "create", "--no-progress", "\(theirs)@snap")
        let foreign = [halfWritten.text, "volume-\(ours)", "\(ours)_disk", "\(ours).raw", "vitrine", "vitrine.", "zz \(ours)", "x"]
        try make(foreign, on: ceph)
        try ceph.rbd("snap", "create", "--no-progress", "\(halfWritten)@other")
        try ceph.rbd("clone", "\(parent)@snap", "\(ceph.engine.pool)/clone-\(parent)")
        let writer = try store.begin(.fresh(), token: newToken(), announcing: nil)
        try writer.append([1])
        let names = Set(try store.names(olderThan: -2))
        #expect(names.isSuperset(of: [ours.text, parent.text, theirs.text]))
        #expect(names.isDisjoint(with: foreign) && !names.contains("clone-\(parent)"))
        #expect(names.allSatisfy { ImageID($0).isUUID })
        #expect(try !store.names(olderThan: 60).contains(ours.text))
        #expect(try store.pendingUploads(olderThan: -2).contains { $0.pendingURL == writer.url })
        writer.discard()
        try ceph.rbd("rm", "--no-progress", "\(ceph.engine.pool)/clone-\(parent)")
        try ceph.rbd("snap", "rm", "--no-progress", "\(halfWritten)@other")
        try ceph.rbd("snap", "rm", "--no-progress", "\(theirs)@snap")
        try removeAll(foreign + [theirs.text], on: ceph)
        for location in locations { try store.remove(location.url) }
        #expect(try Set(store.names(olderThan: -2)).isDisjoint(with: [ours.text, parent.text, theirs.text]))
    }

    @Test func `comes in pieces, whatever the names are, and ends when it is told to`() throws {
        guard let ceph else { return }
        let store = try ceph.store()
        let (image, other) = (ImageID.fresh(), ImageID.fresh())
        let location = try store.hold(Array("hello".utf8), as: image)
        let writer = try store.begin(other, token: newToken(), announcing: nil)
        let mark = newToken()
        let many =
            (0..<320).map { "\(["0", "vitrine.\(other).", "ž", "g"][$0 % 4])\(mark)\($0)" } + [mark + String(repeating: "n", count: 900)]
        try make(many, on: ceph)
        var (pieces, found) = (0, false)
        try store.forEachName(olderThan: -2) { names in
            #expect(names.count <= 100)
            pieces += 1
            found = found || names.contains(image.text)
            return true
        }
        #expect(pieces >= 4 && found)
        pieces = 0
        try store.forEachName(olderThan: -2) { _ in
            pieces += 1
            return false
        }
        #expect(pieces == 1)
        // A fourth of the names have the form of unfinished ones.
        let uploads = try store.pendingUploads(olderThan: -2)
        #expect(uploads.filter { $0.image == other }.count == 81 && uploads.contains { $0.pendingURL == writer.url })
        try removeAll(many, on: ceph)
        writer.discard()
        try store.remove(location.url)
        _ = try ceph.store("no other", pool: "other", user: "admin").names(olderThan: -2)
        #expect(throws: Fault.of(.unavailable)) { try ceph.store("no pool", pool: "nothing").names(olderThan: -2) }
    }
}
