import Domain
import Stores
import TestSupport
import Testing

/// The stand-in for a store on an engine behaves as every store does.
@Suite struct `A store in memory` {
    @Test(arguments: ImageStoreConformance.checks)
    func `does what every store does`(_ check: ConformanceCheck<any ImageStore>) throws {
        try check.run(MemoryStore("ceph", on: MemoryStore.Engine()))
        try check.run(
            GuardedStore(MemoryStore("s3", on: MemoryStore.Engine(), prefix: "s3://server/images/", suffix: ""), nil, named: "s3"))
    }

    /// What the sets of stores do for stores that are no files.
    @Test func `has a probe, a space and a name wherever file stores have them`() throws {
        let engine = MemoryStore.Engine()
        var info = StoreInfo(id: "ceph", type: "rbd")
        info.isDefault = true
        let set = StoreSet([
            .init(info, GuardedStore(MemoryStore("ceph", on: engine), nil, named: "ceph")),
            .init(StoreInfo(id: "volumes", type: "cinder"), ForeignStore("volumes", .cinder(isOnly: true))),
        ])
        #expect(set.probes.map(\.healthName) == ["ceph"] && set.measuredStores == ["ceph"])
        #expect(try set.space(of: "ceph").size > 0)
        try set.probes[0].checkHealth()
        engine.fail(Fault(.unavailable, "Store 'ceph' does not answer."))
        #expect(throws: Fault.of(.unavailable)) { try set.probes[0].checkHealth() }
        #expect(throws: Fault.of(.unavailable)) { try set.space(of: "ceph") }
        engine.fail(nil)
        let folders = VerifiedFolders(set, staging: nil, cache: nil)
        #expect(folders.names == ["ceph", "volumes"] && folders.unfolderedStores == ["ceph"] && folders.folders.isEmpty)
        #expect(folders.place(of: ImageLocation(url: "rbd://cluster/images/x/snap")) == .store("ceph", isWeb: false))
        #expect(
            folders.place(of: ImageLocation(url: "cinder://volumes/5a2c8f30-9d1b-4c6e-8a77-0123456789ab")) == .absent("volumes"))
        // A store alone is called by its type, as in metrics.
        let single = StoreSet(GuardedStore(MemoryStore("rbd", on: engine), nil, named: "rbd"))
        #expect(VerifiedFolders(single, staging: nil, cache: nil).unfolderedStores == ["rbd"] && single.measuredStores == ["rbd"])
    }
}
