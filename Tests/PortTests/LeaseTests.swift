import Domain
import Foundation
import ImageFormats
import Logging
import MariaDB
import Operations
import Persistence
import RegistryClient
import Stores
import TestSupport
import Testing
import Threading

/// Leases whose holder was stopped and continues when another process has them. All run in one process, so that each can be stopped at
/// a given point.
@Suite(.serialized, .sharesServices) struct `A lease that was lost` {
    private let glance: TestGlance
    private let folder: String
    private let catalog: MariaDBCatalog

    init() throws {
        glance = try .of(Self.self)
        folder = "\(TestFolder.root)/leases-\(UInt32.random(in: 0...UInt32.max))"
        catalog = MariaDBCatalog(Database(Pool(try Address(url: SharedMariaDB.running().url(of: glance.databaseName)))))
    }

    private func area() throws -> StagingArea {
        var settings = FileStore.Settings()
        settings.hasLocations = false
        return StagingArea(try FileStore([.init(path: "\(folder)/staging")], settings), folder: "\(folder)/staging")
    }

    private func sweeper(_ stores: any ImageStores, _ staging: StagingArea) -> Sweeper {
        Sweeper(
            catalog: catalog, stores: stores, staging: staging, worker: "sweeper", isDead: { _ in false }, logger: Logger(label: "test"))
    }

    private func queued() throws -> ImageID { try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")).id }

    private func end(_ upload: Upload) throws {
        try glance.execute("UPDATE vitrine_uploads SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR WHERE token = '\(upload.token)'")
    }

    private func files(_ name: String = "images") throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)").filter { $0 != ".incoming" }
        return try (names + FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)/.incoming")).sorted()
    }

    private static let measured = MeasuredBytes(size: 4, checksum: "c", hash: ImageHash(algorithm: "sha512", value: "h"))

    /// All use the same connections.
    @Test func `is renewed while all connections are in use`() throws {
        let id = try queued()
        let upload = Upload(image: id, token: Upload.freshToken(), pendingURL: "file:///nowhere")
        let address = try Address(url: SharedMariaDB.running().url(of: glance.databaseName))
        let pool = Pool(address, limits: .init(size: 1, overflow: 0, patience: 0.1))
        let catalog = MariaDBCatalog(Database(pool))
        try catalog.begin(upload, by: "worker")
        let renewed = try pool.withConnection { _ in
            #expect(throws: Fault.self) { try catalog.checkHealth() }
            return try catalog.renew([upload.token], heldBy: "worker")
        }
        #expect(renewed == [upload.token])
        try end(upload)
    }

    /// The worker was stopped between its file's name and the record, and continues while the bytes are removed.
    @Test func `is lost for good before its bytes go`() throws {
        let files = try FileStore([.init(path: "\(folder)/images")])
        let id = try queued()
        let bytes = try files.begin(id, token: "77", announcing: nil)
        try bytes.append("late")
        let upload = Upload(image: id, token: Upload.freshToken(), pendingURL: bytes.url)
        try catalog.begin(upload, by: "worker")
        let location = try bytes.commit()
        try end(upload)
        let stores = HookedStores(StoreSet(files), of: id) { discarded in
            #expect(discarded.token != upload.token)
            #expect(throws: Fault.of(.conflict)) { try catalog.finish(upload, at: location, Self.measured) }
            bytes.discard()
            #expect(try catalog.renew([upload.token], heldBy: "worker") == [])
            try catalog.abort(upload, as: .killed, because: "late")
            // The image does not become queued before the bytes are removed.
            #expect(try catalog.image(id, visibleTo: .service).status == .saving)
        }
        try sweeper(stores, try area()).sweep()
        #expect(stores.count == 1)
        #expect(try catalog.image(id, visibleTo: .service).status == .queued)
        #expect(try self.files().isEmpty)
        #expect(try catalog.known(among: [upload]).isEmpty)
        // The late worker does not take another upload's lease for its own, even with the same bytes.
        let second = try files.begin(id, token: "78", announcing: nil)
        try second.append("late")
        let next = Upload(image: id, token: Upload.freshToken(), pendingURL: second.url)
        try catalog.begin(next, by: "worker")
        try catalog.finish(next, at: try second.commit(), Self.measured)
        second.confirm()
        #expect(throws: Fault.of(.conflict)) { try catalog.finish(upload, at: location, Self.measured) }
        try catalog.finish(next, at: location, Self.measured)
        #expect(try self.files() == [id.text])
    }

    @Test func `is lost for good before what it staged goes`() throws {
        let area = try area()
        let stores = StoreSet(try FileStore([.init(path: "\(folder)/images")]))
        let id = try queued()
        func stage(_ token: String) throws -> (Upload, any BlobWriter) {
            let bytes = try area.begin(id, token: token, announcing: nil)
            try bytes.append("late")
            var upload = Upload(image: id, token: Upload.freshToken(), pendingURL: bytes.url)
            upload.aim = .staging
            try catalog.begin(upload, by: "worker")
            _ = try bytes.commit()
            return (upload, bytes)
        }
        let (late, bytes) = try stage("1")
        try end(late)
        let taken = try #require(try catalog.takeOver(late, as: Upload.freshToken(), by: "sweeper"))
        #expect(throws: Fault.of(.conflict)) { try catalog.finishStaging(late, size: 4, on: nil, claiming: nil) }
        try area.discard(taken)
        try catalog.abort(taken, as: .queued, because: "abandoned")
        let (next, nextBytes) = try stage("2")
        try catalog.finishStaging(next, size: 4, on: nil, claiming: nil)
        nextBytes.confirm()
        // The same number of bytes, and not its own.
        #expect(throws: Fault.of(.conflict)) { try catalog.finishStaging(late, size: 4, on: nil, claiming: nil) }
        bytes.discard()
        try catalog.finishStaging(next, size: 4, on: nil, claiming: nil)
        #expect(try files("staging") == [id.text])
        // A late worker does not remove what a failed import had staged, either.
        try area.remove(id) { () throws(Fault) in try catalog.waiting(among: [id]).isEmpty }
        try sweeper(stores, area).sweep()
        #expect(try files("staging") == [id.text])
    }

    /// A sweeper can be stopped like a worker.
    @Test func `by a sweeper is lost for good`() throws {
        let id = try queued()
        let upload = Upload(image: id, token: Upload.freshToken(), pendingURL: "file:///pending/\(id).77")
        try catalog.begin(upload, by: "worker")
        try end(upload)
        let first = try #require(try catalog.takeOver(upload, as: Upload.freshToken(), by: "one"))
        #expect(try catalog.takeOver(upload, as: Upload.freshToken(), by: "other") == nil)
        try end(first)
        let second = try #require(try catalog.takeOver(first, as: Upload.freshToken(), by: "other"))
        try catalog.abort(first, as: .killed, because: "late")
        #expect(try catalog.image(id, visibleTo: .service).status == .saving)
        // Its bytes are identified by their name.
        let bytes = Upload(image: id, token: "77", pendingURL: "")
        #expect(try catalog.known(among: [bytes]) == ["77"])
        try catalog.abort(second, as: .queued, because: "abandoned")
        #expect(try catalog.image(id, visibleTo: .service).status == .queued)
    }

    @Test func `of a job ends nothing`() throws {
        let id = try queued()
        let task = try #require(
            try catalog.order(on: id, visibleTo: .service, claiming: nil) { image throws(Fault) in
                image.status = .importing
                return .importing(image.id)
            })
        let late = try #require(try claim(task))
        _ = try catalog.prepare(late, pending: ["file:///x/.incoming/\(id).\(late.token)"], claiming: nil)
        try glance.execute("UPDATE vitrine_jobs SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR WHERE task_id = '\(task.id)'")
        let next = try #require(try claim(task))
        // The bytes of both are known, as long as they may exist.
        let bytes = [late, next].map { Upload(image: id, token: $0.token, pendingURL: "") }
        #expect(try catalog.known(among: bytes) == [late.token, next.token])
        #expect(next.leftovers.map(\.token) == [late.token])
        #expect(try catalog.renew([late.token, next.token], ofJobsOf: "worker") == [next.token])
        #expect(throws: Fault.of(.gone)) { try catalog.end(late, .failure("x"), claiming: nil) { _ in } }
        _ = try catalog.end(next, .failure("x"), claiming: nil) { $0.returnToQueue() }
        // The same result from the other holder does not count as its own.
        #expect(throws: Fault.of(.gone)) { try catalog.end(late, .failure("x"), claiming: nil) { _ in } }
        #expect(try catalog.end(next, .failure("x"), claiming: nil) { _ in }.isEmpty)
    }

    /// Leases of other tests wait too.
    private func claim(_ task: Domain.Task) throws -> Job? {
        while let job = try catalog.claim(Upload.freshToken(), by: "worker", on: nil) {
            if job.task.id == task.id { return job }
        }
        return nil
    }

    /// The client of one upload left while the database was away; another upload continues.
    @Test func `because its holder let go of it is not kept`() throws {
        let catalog = catalog
        let uploads = try (0..<2).map { _ in
            let id = try queued()
            let upload = Upload(image: id, token: Upload.freshToken(), pendingURL: "file:///pending/\(id).1")
            try catalog.begin(upload, by: "worker of two")
            return upload
        }
        try glance.execute("UPDATE vitrine_uploads SET lease_until = UTC_TIMESTAMP(6) WHERE worker = 'worker of two'")
        let renewals = Monitor(0)
        let keeper = try LeaseKeeper(of: "uploads", logger: Logger(label: "test")) { tokens in
            defer { renewals.with { $0 += 1 } }
            return Result { () throws(Fault) in try catalog.renew(tokens, heldBy: "worker of two") }
        }
        let leases = uploads.map { keeper.keep($0.token) }
        keeper.release(uploads[0].token)
        #expect(renewals.wait(atMost: 60) { $0 > 0 ? () : nil } != nil)
        #expect(!leases[1].isLost)
        let held = "SELECT token FROM vitrine_uploads WHERE worker = 'worker of two' AND lease_until > UTC_TIMESTAMP(6)"
        #expect(try glance.rows(held) == [[uploads[1].token]])
        keeper.release(uploads[1].token)
        #expect(try catalog.takeOver(uploads[0], as: Upload.freshToken(), by: "sweeper") != nil)
    }

    /// The caller is told 503, and the next upload need not wait until the lease expires.
    @Test func `is given back where nobody knows whether it was begun`() throws {
        let registry = try RawServer { connection, _ in
            // The change is made, and the answer is lost.
            while let head = connection.readHead(), head.contains("give-back") { connection.answer("204 No Content") }
        }
        let client = RegistryClient(
            base: "http://127.0.0.1:\(registry.port)", secret: "secret", patience: 10, certificateAuthority: nil,
            logger: Logger(label: "test"))
        let files = try FileStore([.init(path: "\(folder)/images")])
        let service = try ImageService(
            catalog: client, stores: StoreSet(files), staging: try area(), source: NoImageSource(), worker: "worker", policies: Policy(),
            protections: nil, limits: ImageLimits(), projectLimits: ProjectLimits.none, formats: FormatRules(), hashAlgorithm: "sha512",
            clientUploads: ProjectShares(of: "uploads", limit: nil), logger: Logger(label: "test"))
        let id = ImageID.fresh()
        let bytes = try files.begin(id, token: "1", announcing: nil)
        let upload = Upload(image: id, token: Upload.freshToken(), pendingURL: bytes.url)
        #expect(throws: Fault.of(.unavailable)) { try service.acquireLease(upload, of: bytes, claiming: nil) }
        #expect(registry.heads.contains { $0.hasPrefix("POST /uploads/\(upload.token)/give-back ") })
        #expect(try self.files().isEmpty)
    }

    /// A removal whose completion was lost, and an image that has bytes at the same location again.
    @Test func `of bytes that were removed before removes no others`() throws {
        let files = try FileStore([.init(path: "\(folder)/images")])
        let (stores, id) = (StoreSet(files), try queued())
        func upload(_ token: String) throws -> (Upload, any BlobWriter) {
            let bytes = try files.begin(id, token: token, announcing: nil)
            let upload = Upload(image: id, token: Upload.freshToken(), pendingURL: bytes.url)
            try catalog.begin(upload, by: "worker")
            return (upload, bytes)
        }
        let (first, firstBytes) = try upload("1")
        try catalog.finish(first, at: try firstBytes.commit(), Self.measured)
        firstBytes.confirm()
        let (_, owed) = try catalog.place(id, visibleTo: .service, claiming: nil) { ($0.locations, $0.status) = ([], .queued) }
        try stores.remove(owed[0].location)
        let (second, secondBytes) = try upload("2")
        let location = try secondBytes.commit()
        let logger = Logger(label: "test")
        catalog.carryOut(owed[0], in: stores, logger)
        #expect(try self.files() == [id.text, "\(id).2"])
        try catalog.finish(second, at: location, Self.measured)
        secondBytes.confirm()
        catalog.carryOut(owed[0], in: stores, logger)
        #expect(try self.files() == [id.text])
        #expect(try glance.rows("SELECT id FROM vitrine_removals WHERE image_id = '\(id)'").isEmpty)
        // Those of a deleted image are removed as always.
        for removal in try catalog.delete(id, visibleTo: .service, { _ in }) { catalog.carryOut(removal, in: stores, logger) }
        #expect(try self.files().isEmpty)
        #expect(try glance.rows("SELECT id FROM vitrine_removals WHERE image_id = '\(id)'").isEmpty)
    }
}

extension TaskDraft {
    /// An import from a source that is never contacted.
    static func importing(_ image: ImageID) -> TaskDraft {
        var draft = TaskDraft(
            id: ImageID.fresh().text, kind: .imageImport, owner: "acme", input: "{}",
            details: .imageImport(ImportPlan(.web(url: "http://127.0.0.1:9/", expected: nil), stores: [], allMustSucceed: true)))
        draft.image = image
        return draft
    }
}

extension BlobWriter {
    func append(_ text: String) throws { try Array(text.utf8).withUnsafeBytes { try append($0) } }
}

/// Stores in which something happens before an upload's bytes are removed.
private final class HookedStores: ImageStores {
    private let stores: StoreSet
    private let hook: @Sendable (Upload) throws -> Void
    private let image: ImageID
    private let calls = Monitor(0)

    init(_ stores: StoreSet, of image: ImageID, _ hook: @escaping @Sendable (Upload) throws -> Void) {
        (self.stores, self.image, self.hook) = (stores, image, hook)
    }

    var count: Int { calls.with { $0 } }
    var named: [StoreInfo]? { stores.named }

    func discard(_ upload: Upload) throws(Fault) {
        if upload.image == image {
            calls.with { $0 += 1 }
            do { try hook(upload) } catch { Issue.record(error) }
        }
        try stores.discard(upload)
    }

    func begin(_ id: ImageID, token: String, announcing size: Int64?, in store: String?) throws(Fault) -> any BlobWriter {
        try stores.begin(id, token: token, announcing: size, in: store)
    }
    func discardPending(_ upload: Upload) throws(Fault) { try stores.discardPending(upload) }
    func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] { try stores.pendingUploads(olderThan: seconds) }
    func remove(_ location: ImageLocation) throws(Fault) { try stores.remove(location) }
    func remove(_ location: ImageLocation, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) {
        try stores.remove(location, ifStill: isMeant)
    }
    func bytes(at location: ImageLocation) throws(Fault) -> Blob { try stores.bytes(at: location) }
    func holds(_ url: String) -> Bool { stores.holds(url) }
    func store(of location: ImageLocation) -> String? { stores.store(of: location) }
}
