import Domain
import Foundation
import JSONDocument
import Logging
import MariaDB
import Operations
import Persistence
import Stores
import TestSupport
import Testing

/// A verification and repair of a store without folders, beside a file store.
@Suite(.serialized, .sharesServices) struct `A store without folders` {
    private static let shared = Shared { try FullSite(30) }
    private let site: FullSite
    private let catalog: MariaDBCatalog
    private let engine = MemoryStore.Engine()
    private let ceph: MemoryStore
    private let stores: StoreSet
    private let folders: VerifiedFolders
    /// Images with data in `ceph` alone.
    private let images: [FullSite.MadeImage]

    init() throws {
        let site = try Self.shared.get()
        self.site = site
        let database = Database(Pool(try Address(url: SharedMariaDB.running().url(of: site.glance.databaseName))))
        let catalog = MariaDBCatalog(database, delaysDeletion: false)
        self.catalog = catalog
        ceph = MemoryStore("ceph", on: engine)
        var main = StoreInfo(id: "fast", type: "file")
        main.isDefault = true
        stores = StoreSet([
            .init(main, try FileStore(name: "fast", [.init(path: "\(site.glance.folder)/fast")], records: catalog)),
            .init(
                StoreInfo(id: "cheap", type: "file"),
                try FileStore(name: "cheap", [.init(path: "\(site.glance.folder)/cheap")], records: catalog)),
            .init(StoreInfo(id: "ceph", type: "rbd"), GuardedStore(ceph, nil, named: "ceph")),
        ])
        folders = VerifiedFolders(stores, staging: nil, cache: nil)
        images = (0..<5).map { _ in FullSite.MadeImage(someData(400)) }
        try site.insert(images.map { ($0, nil) })
        for image in images { try place(image) }
    }

    private func place(_ image: FullSite.MadeImage) throws {
        engine.put(image.data, at: ceph.url(of: image.id))
        try site.locate([(image.id, ceph.url(of: image.id), "ceph")])
    }

    /// Removes the images, so that the next test finds none of them.
    private func end() throws {
        let ids = images.map { "'\($0.id)'" }.joined(separator: ",")
        try site.glance.execute("DELETE FROM image_locations WHERE image_id IN (\(ids))")
        try site.glance.execute("DELETE FROM images WHERE id IN (\(ids))")
    }

    private func verify(timeout: Double = 20) throws -> [Finding] {
        var settings = Verifier.Settings()
        (settings.timeout, settings.threads, settings.settling) = (timeout, 2, 0.1)
        let verifier = Verifier(catalog: catalog, stores: stores, folders: folders, settings: settings, logger: Logger(label: "test"))
        let (run, isComplete) = try verifier.run(
            try catalog.beginVerification(VerificationScope(store: "ceph"), by: "tester"), isCancelled: { false })
        #expect(isComplete)
        return try catalog.findings(of: run.number, after: 0, atMost: 1000).map(\.finding)
    }

    private func repair(_ findings: [Finding]) throws -> [Repairer.Outcome] {
        let repairer = Repairer(
            catalog: catalog, stores: stores, folders: folders, quarantine: QuarantineFolders(stores, staging: nil), cache: nil,
            permissions: PermissionMender(stores, folders), logger: Logger(label: "test"))
        let run = try catalog.beginVerification(VerificationScope(), by: "test")
        _ = try catalog.note(run, findings)
        try catalog.endVerification(run)
        var outcomes: [(Finding, Repairer.Outcome)] = []
        _ = try repairer.repair(run: run.number) { outcomes.append(($0, $1)) }
        return findings.compactMap { finding in outcomes.first { $0.0.isSame(as: finding) }?.1 }
    }

    private func damage(_ kind: FindingKind, _ image: FullSite.MadeImage, at url: String, in store: String) -> Finding {
        Finding(kind, store: store, image: ImageID(image.id), location: url, detail: "damaged")
    }

    // MARK: verification

    @Test func `is compared with the records, and nothing is found that is right or of another program's`() throws {
        engine.put([1], at: "rbd://cluster/images/volume-of-somebody/snap")
        engine.put([1], at: "rbd://cluster/other/\(newID())/snap")
        #expect(try verify().isEmpty)
        try end()
    }

    @Test func `has missing, short, changed, orphaned and unfinished data found`() throws {
        try stores.remove(ImageLocation(url: ceph.url(of: images[0].id)))
        engine.put(Array(images[1].data.dropLast()), at: ceph.url(of: images[1].id))
        engine.put(images[2].data.map { $0 ^ 1 }, at: ceph.url(of: images[2].id))
        let (orphan, left, segments) = (newID(), newID(), newID())
        engine.put([1, 2, 3], at: ceph.url(of: orphan))
        // As a Swift store names segments that no manifest leads to.
        engine.put([1], at: ceph.url(of: "\(segments)-"))
        let writer = try ceph.begin(ImageID(left), token: "left", announcing: nil)
        let findings = try verify()
        let found = Set(findings.map { "\($0.kind.rawValue) \($0.image?.text ?? "")" })
        #expect(
            found == [
                "missing_file \(images[0].id)", "size_mismatch \(images[1].id)", "checksum_mismatch \(images[2].id)",
                "hash_mismatch \(images[2].id)", "orphan_file \(orphan)", "orphan_file \(segments)",
                "unfinished_file \(left)",
            ], "\(findings)")
        #expect(findings.allSatisfy { $0.store == "ceph" && !$0.location.contains("?") })
        // The leftover goes; what may be an image's stays.
        let outcomes = try repair(findings.filter { [.orphanFile, .unfinishedFile].contains($0.kind) })
        #expect(outcomes.map(\.name).sorted() == ["left", "left", "repaired"], "\(outcomes)")
        #expect(outcomes.contains { $0.text.contains("store 'ceph' has no quarantine") })
        #expect(engine.urls.contains(ceph.url(of: orphan)))
        #expect(try ceph.pendingUploads(olderThan: 0).isEmpty)
        writer.discard()
        try end()
    }

    @Test func `has data found that no location in it leads to, though the image has others`() throws {
        let (here, gone) = (FullSite.MadeImage(someData(400)), FullSite.MadeImage(someData(400)))
        try site.insert([(here, nil), (gone, nil)])
        for image in [here, gone] {
            engine.put(image.data, at: ceph.url(of: image.id))
            try site.locate([(image.id, site.url(of: image.id), "fast")])
        }
        // In no store's form: perhaps that of a former configuration.
        try site.locate([(gone.id, "rbd://former/\(gone.id)/snap", "ceph")])
        let findings = try verify().filter { $0.kind == .orphanFile }
        #expect(findings.map(\.image?.text) == [here.id], "\(findings)")
        let ids = "'\(here.id)','\(gone.id)'"
        try site.glance.execute("DELETE FROM image_locations WHERE image_id IN (\(ids))")
        try site.glance.execute("DELETE FROM images WHERE id IN (\(ids))")
        try end()
    }

    @Test func `is not verified while it fails or hangs, and its images are not called damaged`() throws {
        engine.fail(Fault(.unavailable, "Store 'ceph' does not answer."))
        let failed = try verify()
        #expect(!failed.isEmpty && failed.allSatisfy { $0.kind == .notVerified && $0.store == "ceph" }, "\(failed)")
        engine.fail(nil)
        engine.hangs = true
        let hung = try verify(timeout: 1)
        engine.hangs = false
        #expect(hung.map(\.kind) == [.notVerified] && hung.first?.detail.contains("did not answer") == true, "\(hung)")
        try end()
    }

    // MARK: repair

    @Test func `gets its data back from a file store, missing or damaged, and gives them back`() throws {
        let (missing, damaged, given) = (images[0], images[1], images[2])
        for image in [missing, damaged, given] {
            try site.write(image.data, to: site.path(of: image.id))
            try site.locate([(image.id, site.url(of: image.id), "fast")])
        }
        try stores.remove(ImageLocation(url: ceph.url(of: missing.id)))
        engine.put([1], at: ceph.url(of: damaged.id))
        try site.write([1], to: site.path(of: given.id))
        let outcomes = try repair([
            damage(.missingFile, missing, at: ceph.url(of: missing.id), in: "ceph"),
            damage(.sizeMismatch, damaged, at: ceph.url(of: damaged.id), in: "ceph"),
            damage(.sizeMismatch, given, at: site.url(of: given.id), in: "fast"),
        ])
        #expect(outcomes.map(\.name) == ["repaired", "repaired", "repaired"], "\(outcomes.map(\.text))")
        #expect(outcomes[0].text.contains("store 'fast'") && outcomes[2].text.contains("store 'ceph'"), "\(outcomes.map(\.text))")
        for image in [missing, damaged] {
            #expect(try stores.bytes(at: ImageLocation(url: ceph.url(of: image.id))).size == Int64(image.data.count))
        }
        #expect(try verify().isEmpty)
        #expect(try ceph.pendingUploads(olderThan: 0).isEmpty)
        try end()
    }

    @Test func `keeps damaged data where no other data is whole`() throws {
        engine.put([1], at: ceph.url(of: images[3].id))
        let outcomes = try repair([damage(.sizeMismatch, images[3], at: ceph.url(of: images[3].id), in: "ceph")])
        #expect(outcomes.first?.text.contains("deactivated") == true, "\(outcomes)")
        #expect(engine.urls.contains(ceph.url(of: images[3].id)))
        #expect(try site.glance.status(of: images[3].id) == "deactivated")
        try end()
    }
}
