import Domain
import Foundation
import RBDStore
import TestSupport
import Testing

/// Errors of a cluster, each of which librados would wait for without end, or that keep a client out.
@Suite(.serialized) struct `An RBD store whose cluster fails` {
    private static let patience = 1.0

    @Test func `refuses in time while an OSD hangs, and goes on when it is back`() throws {
        try CephEngine.disturbed { engine in
            let ceph = Ceph(engine)
            let store = try ceph.store(patience: Self.patience)
            let (image, other, data) = (ImageID.fresh(), ImageID.fresh(), pattern(40 << 20))
            let location = try store.hold(data, as: image)
            let writer = try store.begin(other, token: newToken(), announcing: nil)
            try writer.append([1])
            let reader = try store.bytes(at: location.url).open(0)
            ceph.engine.freeze(.osd)
            // By themselves, librados and librbd would wait without end.
            #expect(throws: Fault.of(.unavailable)) { try store.begin(.fresh(), token: newToken(), announcing: nil) }
            #expect(throws: Fault.of(.unavailable)) { try store.bytes(at: location.url) }
            #expect(throws: Fault.of(.unavailable)) { try store.checkHealth() }
            #expect(throws: Fault.of(.unavailable)) { try store.remove(location.url) }
            #expect(throws: StreamError.self) { try reader.rest() }
            #expect(throws: Fault.of(.unavailable)) {
                for _ in 0..<10 { try writer.append(data) }
                _ = try writer.commit()
            }
            writer.discard()
            try ceph.engine.recover()
            #expect(eventually(within: 60) { (try? store.checkHealth()) != nil })
            #expect(try store.data(at: location.url).isSame(as: data))
            #expect(
                try eventually(within: 90) {
                    for upload in try store.pendingUploads(olderThan: -2) { try? store.discard(upload) }
                    return try store.pendingUploads(olderThan: -2).isEmpty
                })
            #expect(try ceph.traces(of: other).isEmpty)
            try store.remove(location.url)
        }
    }

    @Test func `refuses in time while no monitor answers, and goes on when one does`() throws {
        try CephEngine.disturbed { engine in
            let ceph = Ceph(engine)
            // With a connection of its own.
            let store = try ceph.store(patience: Self.patience + 1)
            ceph.engine.freeze(.mon)
            let refusal = #expect(throws: Fault.of(.unavailable)) { try store.begin(.fresh(), token: newToken(), announcing: nil) }
            #expect(refusal?.message == "The image store 'ceph' cannot be used now.")
            #expect(throws: Fault.of(.unavailable)) { try store.checkHealth() }
            try ceph.engine.recover()
            #expect(eventually(within: 60) { (try? store.checkHealth()) != nil })
        }
    }

    @Test func `says that it is full, and leaves nothing`() throws {
        try CephEngine.disturbed { engine in
            let ceph = Ceph(engine)
            let store = try ceph.store(patience: 6)
            let (image, data) = (ImageID.fresh(), pattern(512 << 10))
            try ceph.engine.limitPool(to: 4 << 20)
            defer { try? ceph.engine.limitPool(to: 0) }
            // A young cluster does not know its space yet.
            #expect(eventually(within: 30) { (try? store.space().free).map { $0 <= 4 << 20 } == true })
            #expect(throws: Fault.of(.tooLarge)) { try store.begin(.fresh(), token: newToken(), announcing: 5 << 20) }
            let writer = try store.begin(image, token: newToken(), announcing: nil)
            // The quota counts some seconds late, so more than it allows comes first.
            #expect(throws: Fault.of(.tooLarge)) {
                _ = try eventually(within: 60) {
                    try writer.append(data)
                    return false
                }
            }
            writer.discard()
            try ceph.engine.limitPool(to: 0)
            #expect(
                try eventually(within: 150) {
                    for upload in try store.pendingUploads(olderThan: -2) {
                        try? store.discard(upload)
                    }
                    return try ceph.traces(of: image).isEmpty
                })
        }
    }
}

/// Clients that the cluster does not let in.
@Suite struct `An RBD store with wrong settings` {
    @Test func `refuses in words that name the store, and no address`() throws {
        guard let ceph = try Ceph() else { return }
        let wrong = try ceph.configuration(withKey: "AQBSdFtkAAAAABAAdA3KvZvbo1nN0c3LaN0+DQ==")
        let stores = [
            "wrong key": try ceph.store("wrong key", user: "glance", conf: wrong), "no user": try ceph.store("no user", user: "nobody"),
            "no pool": try ceph.store("no pool", pool: "nothing"), "no rights": try ceph.store("no rights", pool: ".rgw.root"),
            "no file": try ceph.store("no file", conf: "/nowhere/ceph.conf"),
        ]
        for (name, store) in stores {
            for refusal in [
                #expect(throws: Fault.of(.unavailable), "\(name)") { try store.begin(.fresh(), token: newToken(), announcing: nil) },
                #expect(throws: Fault.of(.unavailable), "\(name)") { try store.pendingUploads(olderThan: 0) },
                #expect(throws: Fault.of(.unavailable), "\(name)") { try store.checkHealth() },
            ] {
                #expect(refusal?.message == "The image store '\(name)' cannot be used now.")
                #expect(refusal.map { !"\($0)".contains("127.0.0.1") && !"\($0)".contains("AQBS") } == true)
            }
        }
    }
}
