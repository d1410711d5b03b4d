import Domain
import Foundation
import Logging
import RBDStore
import TestSupport
import Testing

/// An RBD store whose cluster refuses, is away, silent, slow, cuts connections, or is full.
@Suite(.serialized) struct `An RBD store on a disturbed engine` {
    @Test(arguments: EngineConformance.checks)
    func `fails as every store on an engine does`(_ check: ConformanceCheck<EngineUnderTest>) throws {
        try CephEngine.disturbed { engine in
            defer { try? Self.set(.none, on: engine) }
            try check.run(Self.underTest(engine))
        }
    }

    private static func underTest(_ engine: CephEngine) throws -> EngineUnderTest {
        let (ceph, clusters) = (Ceph(engine), CephClusters())
        @Sendable func store(_ name: String = "ceph", pool: String? = nil, user: String? = nil, conf: String? = nil) throws -> RBDStore {
            var settings = RBDStore.Settings()
            settings.pool = pool ?? engine.pool
            let place = CephCluster.Settings(file: conf ?? engine.conf, user: user ?? engine.user, patience: 2)
            return RBDStore(name: name, try clusters.cluster(place), settings, logger: Logger(label: "test"))
        }
        let wrong = try ceph.configuration(withKey: "AQBSdFtkAAAAABAAdA3KvZvbo1nN0c3LaN0+DQ==")
        var tested = EngineUnderTest(
            store: { try store() }, names: { try engine.imageNames() }, trouble: { try set($0, on: engine) })
        tested.patience = 60
        tested.misconfigured = [
            .init("a wrong key") { try store(conf: wrong) },
            .init("an unknown user") { try store(user: "nobody") },
            .init("no pool") { try store(pool: "nothing") },
            .init("a pool without rights") { try store(pool: "other") },
            .init("no configuration") { try store(conf: "/nowhere/ceph.conf") },
        ]
        tested.setFull = { isFull in
            try engine.limitPool(to: isFull ? 4 << 20 : 0)
            // A pool's space is told a second or two later.
            let space = try store()
            #expect(eventually(within: 30) { (try? space.space().free).map { $0 <= 4 << 20 } == isFull })
        }
        tested.makeForeign = {
            // As Glance leaves it in the middle of an upload.
            let image = ImageID.fresh()
            try ceph.rbd("create", "--size", "8", image.text)
            return image.text
        }
        let (id, cluster) = (ImageID.fresh(), try engine.run("ceph", "fsid").text.trimmingCharacters(in: .whitespacesAndNewlines))
        tested.elsewhere = [
            "rbd://\(cluster)/other/\(id)/snap", "rbd://\(UUID().uuidString.lowercased())/\(engine.pool)/\(id)/snap",
            "rbd://\(cluster)/\(engine.pool)/\(id)", "s3://\(cluster)/\(engine.pool)/\(id)",
        ]
        let key = try engine.run("ceph", "auth", "print-key", "client.\(engine.user)").text
        tested.secrets = [key, "127.0.0.1", engine.conf, engine.keyring]
        return tested
    }

    private static func set(_ trouble: EngineTrouble, on engine: CephEngine) throws {
        switch trouble {
        case .none:
            try engine.recover()
            try engine.slow(by: 0)
            try engine.cutConnections(after: 0)
        case .silent: for daemon in [CephEngine.Daemon.mon, .osd] { engine.freeze(daemon) }
        case .down: engine.end(.osd)
        case .slow: try engine.slow(by: 0.03)
        case .cut: try engine.cutConnections(after: 50)
        }
    }
}
