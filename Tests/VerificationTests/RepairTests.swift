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

/// A repairer on a site, and findings without a verification.
private struct Bench {
    let site: FullSite
    let catalog: MariaDBCatalog
    let repairer: Repairer
    let quarantine: QuarantineFolders

    init(_ site: FullSite) throws {
        self.site = site
        let database = Database(Pool(try Address(url: SharedMariaDB.running().url(of: site.glance.databaseName))))
        let catalog = MariaDBCatalog(database, delaysDeletion: false)
        self.catalog = catalog
        func store(_ name: String) throws -> StoreSet.Member {
            var info = StoreInfo(id: name, type: "file")
            info.isDefault = name == "fast"
            return StoreSet.Member(info, try FileStore(name: name, [.init(path: "\(site.glance.folder)/\(name)")], records: catalog))
        }
        let stores = StoreSet(try [store("fast"), store("cheap")])
        let staging = "\(site.glance.folder)/staging"
        let quarantine = QuarantineFolders(stores, staging: staging)
        self.quarantine = quarantine
        let cache: (any ImageCache, any CacheRecords) = (
            CacheFolder(site.cacheFolder, internalPrefix: nil), catalog.cachedImages(of: "here")
        )
        let folders = VerifiedFolders(stores, staging: staging, cache: site.cacheFolder)
        repairer = Repairer(
            catalog: catalog, stores: stores, folders: folders, quarantine: quarantine, cache: cache,
            permissions: PermissionMender(stores, folders),
            logger: Logger(label: "test"))
    }

    /// Records findings as a verification does, and repairs them.
    ///
    /// - Parameter meanwhile: what happens between the verification and the repair.
    /// - Returns: what became of each, in their order, and the number of the run.
    func repair(_ findings: [Finding], meanwhile: () throws -> Void = {}) throws -> (outcomes: [Repairer.Outcome], run: Int64) {
        let run = try catalog.beginVerification(VerificationScope(), by: "test")
        _ = try catalog.note(run, findings)
        try catalog.endVerification(run)
        try meanwhile()
        return (try again(run.number, findings), run.number)
    }

    func again(_ run: Int64, _ findings: [Finding]) throws -> [Repairer.Outcome] {
        var outcomes: [(Finding, Repairer.Outcome)] = []
        _ = try repairer.repair(run: run) { outcomes.append(($0, $1)) }
        return findings.compactMap { finding in outcomes.first { $0.0.isSame(as: finding) }?.1 }
    }

    func orphan(_ path: String, _ kind: FindingKind = .orphanFile, store: String = "fast") -> Finding {
        let name = String(path.split(separator: "/").last!.prefix { $0 != "." })
        return Finding(kind, store: store, image: ImageID(name), location: path, detail: "No image refers to it.", bytes: 100)
    }

    func damage(_ kind: FindingKind, _ image: FullSite.MadeImage, in store: String = "fast") -> Finding {
        Finding(kind, store: store, image: ImageID(image.id), location: site.url(of: image.id, in: store), detail: "damaged")
    }

    func quarantined() throws -> [QuarantinedFile] {
        var files: [QuarantinedFile] = []
        try quarantine.list { files.append($0) }
        return files
    }

    func locations(of id: String) throws -> [String] {
        try site.glance.rows("SELECT value FROM image_locations WHERE image_id = '\(id)' AND deleted = 0 ORDER BY id").map { $0[0] ?? "" }
    }

    func contents(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map { Array($0) } }

    /// An image of `fast` that lies in `cheap` too.
    func twice(_ image: FullSite.MadeImage) throws {
        try site.write(image.data, to: site.path(of: image.id, in: "cheap"))
        try site.locate([(image.id, site.url(of: image.id, in: "cheap"), "cheap")])
    }
}

@Suite(.serialized, .sharesServices) struct `A repair` {
    private static let shared = Shared { try FullSite(40) }
    private let site: FullSite
    private let bench: Bench

    init() throws {
        site = try Self.shared.get()
        bench = try Bench(site)
    }

    /// An image in `fast`, another one for each number.
    private func image(_ number: Int) -> FullSite.MadeImage { site.images[number / 9 * 10 + number % 9] }

    @Test func `moves files without an image into quarantine, from where they can be restored or removed`() throws {
        let places = [
            ("fast", newID(), FindingKind.orphanFile), ("cheap", "\(newID()).0123456789abcdef", .orphanFile),
            ("fast", "notes.txt", .orphanFile),
            ("fast", ".incoming/\(newID()).0123456789abcdef", .unfinishedFile), ("staging", newID(), .stagedLeftover),
        ]
        let paths = places.map { site.path(of: $0.1, in: $0.0) }
        for (number, path) in paths.enumerated() { try site.write([UInt8(number)], to: path) }
        let findings = zip(places, paths).map { bench.orphan($1, $0.2, store: $0.0) }
        let (outcomes, run) = try bench.repair(findings)
        #expect(outcomes.count == 5 && outcomes.allSatisfy(\.isDone), "\(outcomes)")
        for path in paths { #expect(!FileManager.default.fileExists(atPath: path)) }
        #expect(try site.found(run: run, open: true).isEmpty)

        let files = try bench.quarantined().filter { $0.reason.run == run }
        #expect(Set(files.map(\.origin)) == Set(paths))
        for file in files {
            #expect(bench.contents(file.path) == [UInt8(paths.firstIndex(of: file.origin)!)])
            // In the same folder, so in the same file system.
            let parent = URL(filePath: file.origin.replacing("/.incoming", with: "")).deletingLastPathComponent().path()
            #expect(file.path.hasPrefix("\(parent).quarantine/"))
        }
        let manifest = URL(filePath: files[0].path).deletingLastPathComponent().path() + "manifest.jsonl"
        let lines = String(decoding: bench.contents(manifest) ?? [], as: UTF8.self).split(separator: "\n")
        for line in lines {
            let fields = try JSON(parsing: Array(line.utf8))
            #expect(
                fields["from"]?.string != nil && fields["why"]?.string != nil && fields["run"]?.int != nil && fields["at"]?.string != nil)
        }

        // Restored under its name, but never over another file.
        let first = files.first { $0.origin == paths[0] }!
        #expect(try bench.quarantine.restore(first.id).origin == paths[0])
        #expect(bench.contents(paths[0]) == [0] && !FileManager.default.fileExists(atPath: first.path))
        #expect(throws: Fault.of(.notFound)) { try bench.quarantine.restore(first.id) }
        let second = files.first { $0.origin == paths[1] }!
        try site.write([77], to: paths[1])
        #expect(throws: Fault.of(.conflict)) { try bench.quarantine.restore(second.id) }
        #expect(bench.contents(paths[1]) == [77] && bench.contents(second.path) == [1])

        // Removed only when it is old enough.
        try bench.quarantine.empty(olderThan: 3600) { _ in }
        #expect(bench.contents(second.path) == [1])
        var removed: [String] = []
        try bench.quarantine.empty(olderThan: 0) { removed.append($0.origin) }
        #expect(removed.contains(paths[1]) && !FileManager.default.fileExists(atPath: second.path))
        for path in [paths[0], paths[1]] { unlink(path) }
    }

    @Test func `leaves a file that is needed by now`() throws {
        // Of an image that got this location, of another image, of an upload, and one that is gone.
        let (own, other, uploading, linked, gone) = (newID(), newID(), newID(), newID(), newID())
        let paths = [own, other, uploading, linked, gone].map { site.path(of: $0) }
        for path in paths { try site.write([1], to: path) }
        let (outcomes, _) = try bench.repair(paths.map { bench.orphan($0) }) {
            try site.insert([(FullSite.MadeImage(id: own, [1]), nil), (FullSite.MadeImage(id: uploading, [1]), nil)])
            // Another spelling of the same path.
            try site.locate([
                (own, site.url(of: own).replacing("/fast/", with: "//fast//"), "fast"), (image(0).id, site.url(of: other), "fast"),
            ])
            try site.glance.execute(
                """
                INSERT INTO vitrine_uploads (image_id, token, pending_url, worker, lease_until)
                VALUES ('\(uploading)', '\(newID())', 'file:///pending', 'test', UTC_TIMESTAMP(6) + INTERVAL 1 DAY)
                """)
            // By way of a link.
            symlink(paths[3], "\(paths[3]).link")
            try site.locate([(image(0).id, "file://\(paths[3]).link", "fast")])
            unlink(paths[4])
        }
        for path in paths.dropLast() { #expect(bench.contents(path) == [1]) }
        #expect(outcomes.map(\.isDone) == [true, true, false, true, true], "\(outcomes.map(\.text))")
        #expect(try bench.quarantined().allSatisfy { !paths.contains($0.origin) })
        try site.glance.execute("DELETE FROM image_locations WHERE value LIKE '%\(other)' OR value LIKE '%.link'")
        try site.glance.execute("DELETE FROM vitrine_uploads")
    }

    @Test func `gives a damaged image its data back from another store`() throws {
        let (damaged, missing, wrong) = (image(1), image(2), image(3))
        for image in [damaged, missing, wrong] { try bench.twice(image) }
        let broken = damaged.data.map { ~$0 }
        try site.write(broken, to: site.path(of: damaged.id))
        unlink(site.path(of: missing.id))
        try site.write(wrong.data.dropLast(), to: site.path(of: wrong.id))
        let (outcomes, run) = try bench.repair([
            bench.damage(.checksumMismatch, damaged), bench.damage(.hashMismatch, damaged), bench.damage(.missingFile, missing),
            bench.damage(.sizeMismatch, wrong),
        ])
        #expect(outcomes.count == 4 && outcomes.allSatisfy(\.isDone), "\(outcomes.map(\.text))")
        for image in [damaged, missing, wrong] {
            #expect(try site.glance.status(of: image.id) == "active")
            let locations = try bench.locations(of: image.id)
            #expect(locations.count == 2, "\(locations)")
            for location in locations { #expect(bench.contents(String(location.dropFirst("file://".count))) == image.data) }
            #expect(Set(locations.map { $0.contains("/cheap/") }) == [true, false])
        }
        // The damaged files are kept.
        let kept = try bench.quarantined().filter { $0.reason.run == run }
        let contents = Set(kept.map { bench.contents($0.path) ?? [] })
        #expect(contents == [broken, Array(wrong.data.dropLast())])
        // Clients get the data.
        let reply = try site.glance.send("GET", "/v2/images/\(damaged.id)/file", as: .admin)
        #expect(reply.status == 200 && reply.body == damaged.data)
        // A second repair finds nothing to do.
        #expect(try bench.again(run, [bench.damage(.checksumMismatch, damaged)]).isEmpty)
    }

    @Test func `deactivates a damaged image that lies nowhere else, or is damaged there too`() throws {
        let (alone, both) = (image(4), image(5))
        try bench.twice(both)
        for path in [site.path(of: alone.id), site.path(of: both.id), site.path(of: both.id, in: "cheap")] {
            try site.write([1, 2, 3], to: path)
        }
        let (outcomes, run) = try bench.repair([
            bench.damage(.sizeMismatch, alone), bench.damage(.sizeMismatch, both), bench.damage(.sizeMismatch, both, in: "cheap"),
        ])
        #expect(outcomes.count == 3 && outcomes.allSatisfy(\.isDone), "\(outcomes.map(\.text))")
        for image in [alone, both] { #expect(try site.glance.status(of: image.id) == "deactivated") }
        // Nothing was moved: an operator may still want what is left.
        #expect(bench.contents(site.path(of: alone.id)) == [1, 2, 3])
        let reasons = try site.glance.rows(
            "SELECT repair FROM vitrine_verification_findings WHERE run = \(run) AND repaired_at IS NOT NULL")
        #expect(reasons.count == 3 && reasons.allSatisfy { $0[0]?.contains("deactivated") == true && $0[0]?.contains("3 bytes") == true })
    }

    @Test func `leaves an image alone that was deleted, changed or mended meanwhile`() throws {
        let (deleted, mended, uploading) = (image(6), image(7), image(8))
        for image in [deleted, mended, uploading] { try site.write([1], to: site.path(of: image.id)) }
        let (outcomes, _) = try bench.repair([deleted, mended, uploading].map { bench.damage(.sizeMismatch, $0) }) {
            #expect(try site.glance.send("DELETE", "/v2/images/\(deleted.id)", as: .admin).status == 204)
            try site.write(mended.data, to: site.path(of: mended.id))
            try site.glance.execute("UPDATE images SET status = 'saving' WHERE id = '\(uploading.id)'")
        }
        #expect(outcomes.map(\.isDone) == [true, true, true], "\(outcomes.map(\.text))")
        #expect(try site.glance.status(of: mended.id) == "active" && site.glance.status(of: uploading.id) == "saving")
        try site.write(uploading.data, to: site.path(of: uploading.id))
        try site.glance.execute("UPDATE images SET status = 'active' WHERE id = '\(uploading.id)'")
    }

    @Test func `neither gives back nor deactivates while another location cannot be read`() throws {
        let damaged = image(9)
        try site.write([1], to: site.path(of: damaged.id))
        try site.locate([(damaged.id, "rbd://a/b/\(damaged.id)/snap", "ceph")])
        let (outcomes, _) = try bench.repair([bench.damage(.sizeMismatch, damaged)])
        #expect(outcomes.count == 1 && !outcomes[0].isDone, "\(outcomes.map(\.text))")
        #expect(try site.glance.status(of: damaged.id) == "active")
    }

    @Test func `mends permissions, and removes cached files whose image is gone`() throws {
        let (unreadable, cached, needed) = (image(10), newID(), image(11))
        chmod(site.path(of: unreadable.id), 0o200)
        for id in [cached, needed.id] { try site.write([1], to: "\(site.cacheFolder)/\(id)") }
        let findings = [
            bench.damage(.wrongPermissions, unreadable),
            Finding(.cacheOrphan, store: "cache", image: ImageID(cached), location: "\(site.cacheFolder)/\(cached)", detail: ""),
            Finding(.cacheOrphan, store: "cache", image: ImageID(needed.id), location: "\(site.cacheFolder)/\(needed.id)", detail: ""),
        ]
        let (outcomes, _) = try bench.repair(findings)
        #expect(outcomes.count == 3 && outcomes.allSatisfy(\.isDone), "\(outcomes.map(\.text))")
        var info = stat()
        #expect(stat(site.path(of: unreadable.id), &info) == 0 && info.st_mode & 0o777 == 0o644)
        #expect(!FileManager.default.fileExists(atPath: "\(site.cacheFolder)/\(cached)"))
        #expect(FileManager.default.fileExists(atPath: "\(site.cacheFolder)/\(needed.id)"))
    }

    @Test func `completes what a process that died has begun`() throws {
        // Its file is in quarantine, and the finding is open.
        let path = site.path(of: newID())
        try site.write([1], to: path)
        let (_, run) = try bench.repair([bench.orphan(path)])
        try site.glance.execute("UPDATE vitrine_verification_findings SET repaired_at = NULL, repair = NULL WHERE run = \(run)")
        let outcomes = try bench.again(run, [bench.orphan(path)])
        guard case .repaired = outcomes.first else { throw Unexpected("\(outcomes)") }
        #expect(try bench.quarantined().count { $0.origin == path } == 1)
        // The manifest has its line, half of it, and the file has not moved.
        let other = site.path(of: newID())
        try site.write([1], to: other)
        let taken = try #require(try bench.quarantined().first { $0.origin == path })
        let day = URL(filePath: taken.path).deletingLastPathComponent().path()
        let manifest = try #require(FileHandle(forWritingAtPath: "\(day)manifest.jsonl"))
        try manifest.seekToEnd()
        try manifest.write(contentsOf: Data(#"{"id": "aaaaaaaaaaaa", "file": "x.aaaaaa"#.utf8))
        try manifest.close()
        #expect(try bench.repair([bench.orphan(other)]).outcomes.allSatisfy(\.isDone))
        #expect(try bench.quarantined().count { $0.origin == other } == 1)
        // The record has the new location, and the damaged file lies there still.
        let image = image(12)
        try bench.twice(image)
        try site.write([1], to: site.path(of: image.id))
        let finding = bench.damage(.sizeMismatch, image)
        let (_, second) = try bench.repair([finding]) {
            try site.write(image.data, to: site.path(of: "\(image.id).0123"))
            try site.glance.execute(
                "UPDATE image_locations SET value = '\(site.url(of: "\(image.id).0123"))' WHERE value = '\(site.url(of: image.id))'")
        }
        #expect(!FileManager.default.fileExists(atPath: site.path(of: image.id)))
        #expect(try bench.quarantined().count { $0.reason.run == second } == 1)
        #expect(bench.contents(site.path(of: "\(image.id).0123")) == image.data)
    }
}
