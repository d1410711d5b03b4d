import Domain
import Foundation
import Logging
import MariaDB
import Operations
import Persistence
import Stack
import Stores
import Synchronization
import TestSupport
import Testing
import Threading

/// Stores of which some calls do not return, or fail.
private final class TroubledFolders: VerifiedStores {
    private let base: VerifiedFolders
    /// What happens to a file or a folder, by the end of its path.
    private let troubles: [String: Trouble]
    /// Calls do not return before this.
    private let end = Monitor(false)

    enum Trouble { case hangs, fails, isSlow }

    init(_ base: VerifiedFolders, _ troubles: [String: Trouble]) { (self.base, self.troubles) = (base, troubles) }

    func release() { end.with { $0 = true } }

    private func call(_ path: String) throws(Fault) {
        switch troubles.first(where: { path.hasSuffix($0.key) })?.value {
        case .hangs: _ = end.wait { $0 ? true : nil }
        case .fails: throw Fault(.unavailable, "The image store cannot be used now.")
        case .isSlow: usleep(20_000)
        case nil: break
        }
    }

    var names: [String] { base.names }
    var folders: [VerifiedFolder] { base.folders }
    func mayLie(_ location: ImageLocation, in store: String) -> Bool { base.mayLie(location, in: store) }
    func place(of location: ImageLocation) -> VerifiedPlace { base.place(of: location) }
    var unfolderedStores: [String] { base.unfolderedStores }
    func check(_ folder: VerifiedFolder) throws(Fault) { try base.check(folder) }

    func leftovers(in store: String, olderThan seconds: Int) throws(Fault) -> [Upload] {
        try base.leftovers(in: store, olderThan: seconds)
    }

    func forEachItem(in store: String, olderThan seconds: Int, _ body: ([String]) -> Bool) throws(Fault) {
        try base.forEachItem(in: store, olderThan: seconds, body)
    }
    func mayRead(_ path: String) -> Bool { base.mayRead(path) }
    func trouble(with file: FileFacts, in folder: VerifiedFolder) -> String? { base.trouble(with: file, in: folder) }
    func giveWay() {}

    func forEachEntry(in path: String, _ body: ([FolderEntry]) -> Bool) throws(Fault) {
        try call("\(path)/")
        try base.forEachEntry(in: path, body)
    }

    func facts(at path: String) throws(Fault) -> FileFacts? {
        try call(path)
        return try base.facts(at: path)
    }

    func open(_ path: String) throws(Fault) -> (any ByteStream)? {
        try call("\(path) opened")
        return try base.open(path)
    }
}

/// The verifier on stores that fail or hang, and on what changes under it.
@Suite(.serialized) struct `The verifier` {
    private let glance: TestGlance
    private let catalog: MariaDBCatalog
    private let stores: StoreSet

    init() throws {
        let glance = try TestGlance(workers: 1, stores: ["fast", "cheap"])
        let database = Database(Pool(try Address(url: SharedMariaDB.running().url(of: glance.databaseName))))
        let catalog = MariaDBCatalog(database)
        (self.glance, self.catalog) = (glance, catalog)
        stores = StoreSet(
            try ["fast", "cheap"].map { name in
                var info = StoreInfo(id: name, type: "file")
                info.isDefault = name == "fast"
                return StoreSet.Member(info, try FileStore(name: name, [.init(path: "\(glance.folder)/\(name)")], records: catalog))
            })
        for store in ["fast", "cheap"] { _ = try glance.hasImage(in: store) }
    }

    private func verify(
        _ scope: VerificationScope = VerificationScope(), _ troubles: [String: TroubledFolders.Trouble] = [:], timeout: Double = 1,
        threads: Int = 2, meanwhile: @escaping @Sendable () -> Bool = { false }
    ) throws -> (isComplete: Bool, findings: [Finding], run: Verification) {
        let folders = TroubledFolders(VerifiedFolders(stores, staging: nil, cache: nil), troubles)
        defer { folders.release() }
        var settings = Verifier.Settings()
        (settings.timeout, settings.threads, settings.settling) = (timeout, threads, 0.1)
        let verifier = Verifier(
            catalog: catalog, stores: stores, folders: folders, settings: settings, logger: Logger(label: "test"))
        let (run, isComplete) = try verifier.run(
            try catalog.beginVerification(scope, by: "tester"), isCancelled: meanwhile)
        return (isComplete, try catalog.findings(of: run.number, after: 0, atMost: 1000).map(\.finding), run)
    }

    @Test func `gives up a store that hangs, and verifies the others`() throws {
        let ids = try (0..<5).map { _ in try glance.hasImage(in: "fast") }
        let damaged = try glance.hasImage(in: "cheap")
        try "hallo".write(toFile: glance.path(of: damaged, in: "cheap"), atomically: false, encoding: .utf8)
        for trouble in ["\(ids[2])", "\(ids[2]) opened"] {
            let (isComplete, findings, _) = try verify(VerificationScope(), [trouble: .hangs])
            let unverified = findings.filter { $0.kind == .notVerified }
            #expect(isComplete && unverified.map(\.store) == ["fast"], "\(findings)")
            #expect(unverified.allSatisfy { $0.detail.contains("did not answer for 1 seconds") })
            #expect(Set(findings.filter { $0.kind != .notVerified }.map(\.kind)) == [.checksumMismatch, .hashMismatch])
            #expect(findings.filter { $0.kind != .notVerified }.allSatisfy { $0.image?.text == damaged })
        }
        // A folder that cannot be listed.
        let (_, findings, run) = try verify(VerificationScope(), ["/fast/": .hangs])
        #expect(findings.filter { $0.kind == .notVerified }.map(\.store) == ["fast"])
        #expect(
            try glance.rows("SELECT store FROM vitrine_verification_stores WHERE run = \(run.number) AND ended_at IS NULL").map { $0[0] }
                == ["fast"])
    }

    @Test func `reports what fails as not verified, and gives up a store that fails again and again`() throws {
        let ids = try (0..<30).map { _ in try glance.hasImage(in: "fast") }
        let one = try verify(VerificationScope(), ["\(ids[0]) opened": .fails])
        #expect(one.findings.map(\.kind) == [.notVerified] && one.findings.first?.image?.text == ids[0], "\(one.findings)")
        let all = try verify(VerificationScope(), Dictionary(uniqueKeysWithValues: ids.map { ("\($0)", .fails) }), threads: 1)
        #expect(all.findings.allSatisfy { $0.kind == .notVerified && $0.store == "fast" }, "\(all.findings)")
        #expect(all.findings.count { $0.image == nil } == 1)
        #expect(all.findings.count < 30)
    }

    @Test func `reports nothing of images that are deleted while they are read`() throws {
        let ids = try (0..<40).map { _ in try glance.hasImage(in: "fast") }.sorted()
        let asked = Mutex(0)
        let slow = Dictionary(uniqueKeysWithValues: ids.map { ("\($0)", TroubledFolders.Trouble.isSlow) })
        let service = glance
        let (isComplete, findings, _) = try verify(VerificationScope(), slow, timeout: 30) {
            // Once while images are examined, from the last one on.
            let number = asked.withLock { asked in
                asked += 1
                return asked
            }
            if number == 1 {
                for id in ids.reversed() { _ = try? service.send("DELETE", "/v2/images/\(id)") }
                for _ in 0..<10 { _ = try? service.hasImage(in: "fast") }
            }
            return false
        }
        #expect(isComplete && findings.isEmpty, "\(findings)")
        #expect(asked.withLock { $0 } > 0)
    }

    @Test func `records a finding once, and its position so that it can go on`() throws {
        let ids = try (0..<10).map { _ in try glance.hasImage(in: "fast") }.sorted()
        for id in ids { try "hallo".write(toFile: glance.path(of: id, in: "fast"), atomically: false, encoding: .utf8) }
        let run = try catalog.beginVerification(VerificationScope(store: "fast"), by: "tester")
        let finding = Finding(.missingFile, store: "fast", image: ImageID(ids[0]), location: "file:///a", detail: "one")
        #expect(try catalog.note(run, [finding]) == 1)
        #expect(
            try catalog.note(run, [Finding(.missingFile, store: "fast", image: ImageID(ids[0]), location: "file:///a", detail: "other")])
                == 1)
        #expect(
            try catalog.note(run, [Finding(.missingFile, store: "fast", image: ImageID(ids[0]), location: "file:///A", detail: "one")]) == 2
        )
        #expect(throws: Fault.of(.conflict)) { try catalog.beginVerification(VerificationScope(), by: "another") }
        #expect(throws: Fault.of(.conflict)) { try catalog.resumeVerification(.command, store: nil, by: "another") }
        _ = try catalog.beginVerification(VerificationScope(store: "cheap"), by: "another")
        _ = try catalog.beginVerification(VerificationScope(image: ImageID(ids[0])), by: "another")
        var moved = run
        moved.position = .images(after: ImageID(ids[4]))
        moved.counts["fast"].images = 5
        _ = try catalog.note(moved, [])
        try catalog.releaseVerification(run)
        let resumed = try #require(try catalog.resumeVerification(.command, store: "fast", by: "another"))
        #expect(resumed.number == run.number && resumed.position == moved.position && resumed.counts == moved.counts)
        // Its former process has lost it.
        #expect(throws: Fault.of(.conflict)) { try catalog.note(run, []) }
        #expect(throws: Fault.of(.conflict)) { try catalog.endVerification(run) }
        let verifier = Verifier(
            catalog: catalog, stores: stores, folders: VerifiedFolders(stores, staging: nil, cache: nil), logger: Logger(label: "test"))
        let (_, isComplete) = try verifier.run(resumed, isCancelled: { false })
        #expect(isComplete)
        let found = try catalog.findings(of: run.number, after: 0, atMost: 100).map(\.finding)
        #expect(Set(found.filter { $0.kind == .checksumMismatch }.compactMap(\.image?.text)) == Set(ids[5...]))
        #expect(try catalog.verifications(atMost: 100).first { $0.number == run.number }?.endedAt != nil)
    }

    @Test func `can be interrupted at once`() throws {
        for _ in 0..<5 { _ = try glance.hasImage(in: "fast") }
        let (isComplete, _, run) = try verify(meanwhile: { true })
        #expect(!isComplete)
        #expect(try catalog.resumeVerification(.command, store: nil, by: "tester")?.number == run.number)
    }

    @Test func `leaves the page cache as it was`() throws {
        let (unread, read) = ("\(glance.folder)/unread", "\(glance.folder)/read")
        for path in [unread, read] { try Files.write([(0, Files.bytes(160 << 20))], size: 160 << 20, to: path) }
        try Command("sync", [unread, read]).succeeded()
        let descriptor = open(unread, O_RDONLY)
        defer { close(descriptor) }
        posix_fadvise(descriptor, 0, 0, CInt(POSIX_FADV_DONTNEED))
        // A file system without a disk keeps all in memory.
        guard try Files.cached(unread) == 0, try Files.cached(read) > 0.9 else { return }
        let folders = VerifiedFolders(stores, staging: nil, cache: nil)
        for path in [unread, read] {
            let stream = try #require(try folders.open(path))
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 512 << 10, alignment: 4096)
            defer { buffer.deallocate() }
            var count = 0
            while case let piece = try stream.read(into: buffer), piece > 0 { count += piece }
            #expect(count == 160 << 20)
        }
        #expect(eventually { (try? Files.cached(unread)).map { $0 < 0.5 } ?? false })
        #expect(try Files.cached(read) > 0.9)
    }

    // MARK: processes

    /// Many images. Of each ten in the order of their ids, which is that of a verification, the first has other bytes.
    private func hasMany(_ count: Int, bytes: Int) throws -> Set<String> {
        let ids = try (0..<count).map { _ in try glance.hasImage() }.sorted()
        for id in ids { _ = try glance.upload(Files.bytes(bytes), to: id) }
        let damaged = stride(from: 0, to: count, by: 10).map { ids[$0] }
        for id in damaged {
            let path = glance.path(of: id, in: "fast")
            var data = try Data(contentsOf: URL(filePath: path))
            data[bytes / 2] ^= 4
            try data.write(to: URL(filePath: path))
        }
        return Set(damaged)
    }

    private func begin(_ more: [String]) throws -> ChildProcess {
        try ChildProcess("\(TestGlance.programs)/glance-manage", glance.words(["verify"] + more), output: "\(glance.folder)/verify.log")
    }

    /// What these processes wrote.
    private var output: String { (try? String(contentsOfFile: "\(glance.folder)/verify.log", encoding: .utf8)) ?? "" }

    private var position: String? {
        get throws { try glance.rows("SELECT position FROM vitrine_verifications ORDER BY id DESC LIMIT 1").first?[0] }
    }

    @Test func `goes on after SIGKILL and SIGINT, and finds the same`() throws {
        let damaged = try hasMany(60, bytes: 100_000)
        let process = try begin(["--rate", "30K"])
        #expect(try eventually { try position?.hasPrefix("images") ?? false })
        process.signal(SIGKILL)
        #expect(eventually { !process.isRunning })
        let before = try position
        let second = try begin(["--resume", "--rate", "30K", "--threads", "3"])
        #expect(try eventually { try position != before }, "\(output)")
        second.signal(SIGINT)
        #expect(eventually { !second.isRunning })
        #expect(output.contains("--resume` goes on from where it was"))
        let end = try glance.verify(["--resume"])
        #expect(end.status == 1 && Set(end.kinds) == ["checksum_mismatch", "hash_mismatch"], "\(end)")
        #expect(end.findings.count == damaged.count * 2)
        #expect(Set(end.findings.compactMap { $0["image"]?.string }) == damaged)
        // All images, each once.
        let counts = try glance.rows(
            "SELECT CAST(images AS CHAR), CAST(files AS CHAR), CAST(bytes AS CHAR) FROM vitrine_verifications", columns: 3)
        #expect(counts == [["62", "62", "\(60 * 100_000 + 10)"]])
    }
}

/// `store verify` on installations of other kinds.
@Suite struct `Verifying other installations` {
    @Test func `reads encrypted locations`() throws {
        let glance = try TestGlance(["DEFAULT": "metadata_encryption_key = 0123456789abcdef0123456789abcdef"], workers: 1)
        let ids = try (0..<3).map { _ in try glance.hasActiveImage() }
        #expect(try glance.verify().status == 0)
        // A file that another image has in an encrypted location only.
        let path = "\(glance.storeFolder)/\(ids[0])"
        try FileManager.default.moveItem(atPath: path, toPath: "\(glance.storeFolder)/named.img")
        #expect(try glance.verify().kinds == ["missing_file", "orphan_file"])
        try glance.execute("UPDATE image_locations SET value = 'file://\(glance.storeFolder)/named.img' WHERE image_id = '\(ids[0])'")
        #expect(try glance.verify().status == 0)
    }

    @Test func `tells a wrong key from damage`() throws {
        let glance = try TestGlance(["DEFAULT": "metadata_encryption_key = 0123456789abcdef0123456789abcdef"], workers: 1)
        let id = try glance.hasActiveImage()
        try glance.execute("UPDATE image_locations SET value = 'bm90IGEgVVJMIG5vciBhIGtleQ==' WHERE image_id = '\(id)'")
        let end = try glance.verify(["--image", id])
        #expect(end.kinds.contains("not_verified") && !end.kinds.contains("missing_file"), "\(end)")
        #expect(end.findings.contains { $0["detail"]?.string?.contains("metadata_encryption_key") ?? false })
    }

    @Test func `goes over several folders of one store, and files outside that may be read`() throws {
        let folder = try Files.fresh()
        let glance = try TestGlance(
            [
                "glance_store":
                    "filesystem_store_datadirs = \(folder)/one:20\nfilesystem_store_datadirs = \(folder)/two:10\nfilesystem_store_datadir =",
                "vitrine": "readable_folders = \(folder)/outside",
            ], workers: 1, blobs: [("/_blobs/file/0", "\(folder)/one"), ("/_blobs/file/1", "\(folder)/two")])
        let (one, two, three) = (try glance.hasActiveImage(), try glance.hasActiveImage(), try glance.hasActiveImage())
        func move(_ id: String, to name: String) throws {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
            try FileManager.default.moveItem(atPath: "\(folder)/one/\(id)", toPath: "\(folder)/\(name)/\(id)")
            try glance.execute("UPDATE image_locations SET value = 'file://\(folder)/\(name)/\(id)' WHERE image_id = '\(id)'")
        }
        try move(two, to: "two")
        try move(three, to: "outside")
        #expect(try glance.verify().status == 0)
        for path in ["one/\(one)", "two/\(two)", "outside/\(three)"] {
            try "hallo".write(toFile: "\(folder)/\(path)", atomically: false, encoding: .utf8)
        }
        let end = try glance.verify()
        #expect(end.findings.filter { $0["kind"]?.string == "checksum_mismatch" }.count == 3 && end.findings.count == 6, "\(end)")
        try FileManager.default.removeItem(atPath: "\(folder)/outside")
        #expect(try glance.verify().kinds.filter { $0 == "unknown_folder" }.count == 1)
    }

    @Test func `asks web servers for the size alone, and only when they are named`() throws {
        let asked = Mutex<[String]>([])
        let source = try RawServer { connection, _ in
            guard let head = connection.readHead() else { return }
            asked.withLock { $0.append(String(head.prefix { $0 != " " })) }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
        }
        let glance = try TestGlance(TestGlance.webAndShows, workers: 1, stores: ["fast", "cheap"])
        let id = try glance.hasImage(in: "fast")
        _ = try glance.hasImage(in: "cheap")
        try glance.place(
            id, at: source.url("/a?signature=secret").replacingOccurrences(of: "://", with: "://user:word@"), #"{"store": "web"}"#)
        #expect(try glance.verify().status == 0 && asked.withLock(\.isEmpty))
        #expect(try glance.verify(["--store", "web"]).status == 0 && asked.withLock { $0 } == ["HEAD"])
        try glance.execute("UPDATE images SET size = 6 WHERE id = '\(id)'")
        let end = try glance.verify(["--store", "web"])
        #expect(end.kinds == ["size_mismatch"], "\(end)")
        let shown = end.findings.first?["location"]?.string ?? ""
        #expect(!shown.contains("word") && !shown.contains("secret"), "\(shown)")
    }
}

/// The view `report_verification`.
@Suite struct `The report of verifications` {
    @Test func `tells of each store's last verification`() throws {
        let glance = try TestGlance(workers: 1, stores: ["fast", "cheap"])
        for store in ["fast", "cheap"] { _ = try glance.hasImage(in: store) }
        try Command("\(TestGlance.programs)/glance-manage", ["db", "sync", "--config-file", glance.configurationFile]).succeeded()
        let columns =
            "store, CAST(verification AS CHAR), ended_at IS NULL, last_verified_at IS NULL, CAST(images AS CHAR), CAST(read_bytes AS CHAR), CAST(open_findings AS CHAR), CAST(repaired_findings AS CHAR), CAST(missing_file AS CHAR), CAST(orphan_file AS CHAR)"
        func report() throws -> [String] {
            try glance.rows(
                "SELECT CONCAT_WS(' ', \(columns)) FROM report_verification WHERE store IN ('fast', 'cheap') ORDER BY store"
            ).map { $0[0] ?? "" }
        }
        #expect(try report() == [])
        _ = try glance.verify(["--quick"])
        #expect(try report() == ["cheap 1 0 1 1 0 0 0 0 0", "fast 1 0 1 1 0 0 0 0 0"])
        let id = try glance.hasImage(in: "fast")
        _ = try glance.verify()
        #expect(try report() == ["cheap 2 0 0 1 5 0 0 0 0", "fast 2 0 0 2 10 0 0 0 0"])
        let path = glance.path(of: id, in: "fast")
        try FileManager.default.moveItem(atPath: path, toPath: "\(path).0123")
        _ = try glance.verify(["--store", "fast"])
        _ = try glance.verify(["--image", id])
        try glance.execute("UPDATE vitrine_verification_findings SET repaired_at = UTC_TIMESTAMP(6) WHERE kind = 'missing_file'")
        #expect(try report() == ["cheap 2 0 0 1 5 0 0 0 0", "fast 3 0 0 1 5 1 1 0 1"])
    }
}
