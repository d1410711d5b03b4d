import Cryptography
import Domain
import Importing
import Operations
import Stores
import TestSupport
import Testing

/// Locations that callers name in stores on engines.
@Suite(.serialized, .sharesServices) struct `A location that a caller names` {
    private static let engine = MemoryStore.Engine()
    private static let shared = Result {
        let ceph = MemoryStore("ceph", on: engine)
        let bucket = MemoryStore("s3", on: engine, prefix: "s3://server/images/", suffix: "")
        return try InProcessService(
            more: [
                .init(StoreInfo(id: "ceph", type: "rbd"), ceph), .init(StoreInfo(id: "s3", type: "s3"), bucket),
                .init(StoreInfo(id: "volumes", type: "cinder"), ForeignStore("volumes", .cinder(isOnly: true))),
            ],
            schemes: LocationSchemes(ofUsers: ["s3"]))
    }

    private let service: InProcessService
    private var parts: InProcessService.Parts { service.sound }
    private var engine: MemoryStore.Engine { Self.engine }
    /// With the token of a user, and one of its own.
    private let nova = Caller(user: "alice", project: "acme", roles: ["member"], serviceRoles: ["service"], isAdmin: false)
    private let user = Caller(user: "alice", project: "acme", roles: ["member"], isAdmin: false)

    init() throws { service = try Self.shared.get() }

    private static let volume = "5a2c8f30-9d1b-4c6e-8a77-0123456789ab"
    private static func ceph(_ name: String) -> String { "rbd://cluster/images/\(name)/snap" }

    private func digest(_ algorithm: String = "sha512") -> ImageHash {
        let digest = Digest(algorithm)!
        UseCase.data.withUnsafeBytes { digest.update($0) }
        return ImageHash(algorithm: algorithm, value: digest.finish())
    }

    private func order(
        _ url: String, expecting expected: ImageHash? = nil, on id: ImageID, by caller: Caller
    ) throws -> UseCase.Report {
        try parts.imports.order(url, expecting: expected, on: id, by: caller)
        return try parts.workOff(id)
    }

    private func image(_ id: ImageID) throws -> Image { try parts.catalog.locatedImage(id, visibleTo: .service) }

    // MARK: POST

    @Test func `makes an image active with what a service has written to the pool, and its digests come from there`() throws {
        let id = try parts.queued()
        engine.put(UseCase.data, at: Self.ceph(id.text))
        #expect(try order(Self.ceph(id.text), on: id, by: nova) == .success)
        let image = try image(id)
        #expect(image.status == .active && image.size == Int64(UseCase.data.count) && image.hash == digest())
        #expect(image.checksum != nil)
        #expect(image.locations.map(\.url) == [Self.ceph(id.text)] && image.locations.first?.store == "ceph")
        // Its data goes with it.
        try parts.service.delete(id, by: parts.caller)
        #expect(!engine.urls.contains(Self.ceph(id.text)))
    }

    @Test func `is compared with the digest that comes with it`() throws {
        for (expected, report) in [
            (digest("sha256"), UseCase.Report.success),
            (ImageHash(algorithm: "sha256", value: String(repeating: "0", count: 64)), .failure("the task failed")),
        ] {
            let id = try parts.queued()
            engine.put(UseCase.data, at: Self.ceph(id.text))
            #expect(try order(Self.ceph(id.text), expecting: expected, on: id, by: nova) == report)
            let image = try image(id)
            #expect(image.status == (report == .success ? .active : .queued))
            #expect(image.locations.isEmpty == (report != .success) && (image.hash == expected) == (report == .success))
            // A location that was refused is not the image's, and stays who wrote it's.
            #expect(engine.urls.contains(Self.ceph(id.text)))
        }
    }

    @Test func `is none where nothing lies there, or nothing of it can be had`() throws {
        let (missing, empty, away) = (try parts.queued(), try parts.queued(), try parts.queued())
        engine.put([], at: Self.ceph(empty.text))
        for id in [missing, empty] {
            #expect(try order(Self.ceph(id.text), on: id, by: nova) == .failure("the task failed"))
        }
        engine.put(UseCase.data, at: Self.ceph(away.text))
        try parts.imports.order(Self.ceph(away.text), expecting: nil, on: away, by: nova)
        engine.fail(Fault(.unavailable, "Store 'ceph' does not answer."))
        let report = try parts.workOff(away)
        engine.fail(nil)
        #expect(report == .failure("the task failed"))
        for id in [missing, empty, away] {
            let image = try image(id)
            #expect(image.status == .queued && image.locations.isEmpty)
        }
    }

    @Test func `in Cinder makes an image active of which nothing else is known`() throws {
        let id = try parts.queued()
        #expect(try order("cinder://\(Self.volume)", on: id, by: nova) == .success)
        let image = try image(id)
        #expect(image.status == .active && image.size == nil && image.hash == nil && image.checksum == nil)
        #expect(image.locations.map(\.url) == ["cinder://volumes/\(Self.volume)"] && image.locations.first?.store == "volumes")
        #expect(throws: Fault.of(.unavailable)) { try parts.service.download(id, for: user) }
        // A digest that nobody can compare is not believed.
        let other = try parts.queued()
        #expect(
            try order("cinder://volumes/\(Self.volume)", expecting: digest(), on: other, by: nova) == .failure("the task failed"))
        #expect(try self.image(other).status == .queued)
    }

    static let ofServices = [
        "s3+https://server/images/x", "swift+config://ref/glance/x", "file:///etc/passwd", "FILE:///etc/passwd", "filesystem:///etc/passwd",
        " rbd://cluster/images/x/snap", "RBD://cluster/images/x/snap", "rbd://cluster/other/x/snap", "rbd://other/images/x/snap",
        "rbd://cluster/images/../other/x/snap", "rbd://cluster/images/%2e%2e/snap", "rbd://cluster/images//snap",
        "rbd://user:key@cluster/images/x/snap", "rbd://cluster/images/x/snap?a=b", "rbd://cluster/images/x/snap#a",
        "rbd:cluster/images/x/snap",
        "cinder://volumes/x", "cinder://", "vsphere://host/folder/x?dsName=y", "",
    ]

    @Test(arguments: ofServices) func `is refused to a service in another place than the configured ones`(_ url: String) throws {
        let id = try parts.queued()
        #expect(throws: Fault.of(.invalid)) { try parts.imports.order(url, expecting: nil, on: id, by: nova) }
        #expect(try image(id).status == .queued)
    }

    @Test func `is refused to a user, unless the site lets users name it`() throws {
        let id = try parts.queued()
        engine.put(UseCase.data, at: Self.ceph(id.text))
        for url in [
            Self.ceph(id.text), "cinder://\(Self.volume)", "file:///etc/passwd", "s3://server/other/\(id)", "s3://k:s@server/images/\(id)",
        ] {
            #expect(throws: Fault.of(.forbidden), "\(url)") { try parts.imports.order(url, expecting: nil, on: id, by: user) }
        }
        #expect(try image(id).status == .queued)
        engine.put(UseCase.data, at: "s3://server/images/\(id)")
        #expect(try order("s3://server/images/\(id)", on: id, by: user) == .success)
    }

    @Test func `is none that is another image's data`() throws {
        let (victim, id) = (try parts.queued(), try parts.queued())
        engine.put(UseCase.data, at: "s3://server/images/\(victim)")
        engine.put(UseCase.data, at: Self.ceph(victim.text))
        for (url, caller) in [
            ("s3://server/images/\(victim)", user), (Self.ceph(victim.text), nova), (Self.ceph(victim.text.uppercased()), nova),
        ] {
            #expect(throws: Fault.of(.invalid), "\(url)") { try parts.imports.order(url, expecting: nil, on: id, by: caller) }
        }
        let new = NewLocation(ImageLocation(url: "s3://server/images/\(victim)"))
        #expect(throws: Fault.of(.invalid)) {
            try parts.locations.update(id, [.locations(.add(new, at: "-"))], by: user)
        }
    }

    // MARK: PATCH

    private func add(_ url: String, _ expected: ExpectedDigests? = nil, to id: ImageID, by caller: Caller) throws -> Image {
        let new = NewLocation(ImageLocation(url: url), expecting: expected)
        return try parts.locations.update(id, [.locations(.add(new, at: "-"))], by: caller)
    }

    /// Services of Glance's time before POST: they are administrators, too.
    private let oldNova = Caller(user: "nova", project: "acme", roles: ["service", "admin"], isAdmin: true)

    @Test func `can be patched in by a service, which is told when the data are others`() throws {
        let id = try parts.queued()
        engine.put(UseCase.data, at: Self.ceph(id.text))
        let made = try add(Self.ceph(id.text), ExpectedDigests(checksum: nil, hash: digest()), to: id, by: oldNova)
        #expect(made.status == .active && made.hash == digest() && made.size == Int64(UseCase.data.count))
        let other = try parts.queued()
        engine.put(Array(UseCase.data.reversed()), at: Self.ceph(other.text))
        #expect(throws: Fault.of(.conflict)) {
            try add(Self.ceph(other.text), ExpectedDigests(checksum: nil, hash: digest()), to: other, by: oldNova)
        }
        // What nobody can read cannot be compared.
        #expect(throws: Fault.of(.conflict)) { try add("cinder://\(Self.volume)", to: id, by: oldNova) }
        #expect(throws: Fault.of(.invalid)) { try add(Self.ceph(other.text), to: other, by: user) }
        let volume = try parts.queued()
        #expect(try add("cinder://\(Self.volume)", to: volume, by: oldNova).locations.map(\.url) == ["cinder://volumes/\(Self.volume)"])
    }

    // MARK: what dies

    /// Unfinished data of a dead process goes, that of a lease does not.
    @Test func `is not what a process that died has left there: the sweep removes that`() throws {
        let stores = parts.service.stores
        let (left, kept) = (ImageID.fresh(), ImageID.fresh())
        let writer = try stores.begin(left, token: "left", announcing: nil, in: "ceph")
        let committed = try stores.begin(kept, token: "kept", announcing: nil, in: "ceph")
        let location = try committed.commit()
        try parts.sweeper.sweep()
        #expect(try stores.pendingUploads(olderThan: 0).isEmpty)
        #expect(throws: Fault.self) { try writer.commit() }
        // A record may refer to committed data, so it is not a sweep's to remove.
        #expect(engine.urls.contains(location.url))
        engine.removeAll()
    }

    // MARK: deletion

    @Test func `in a pool that does not answer is tried thrice in a run of removals, whatever images there are`() throws {
        try service.reset()
        let ids = try (0..<6).map { _ in try parts.queued() }
        for id in ids {
            engine.put(UseCase.data, at: Self.ceph(id.text))
            #expect(try order(Self.ceph(id.text), on: id, by: nova) == .success)
        }
        engine.fail(Fault(.unavailable, "Store 'ceph' does not answer."))
        for id in ids { try parts.service.delete(id, by: user) }
        try service.execute("UPDATE vitrine_removals SET owed_since = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR")
        _ = try parts.remover.removeSome()
        engine.fail(nil)
        #expect(try service.rows("SELECT CAST(COUNT(*) AS CHAR) FROM vitrine_removals WHERE tries > 0") == [["3"]])
        #expect(try service.rows("SELECT CAST(COUNT(*) AS CHAR) FROM vitrine_removals") == [["6"]])
        try service.execute("UPDATE vitrine_removals SET next_try = '1970-01-01 00:00:00'")
        _ = try parts.remover.removeSome()
        #expect(try service.rows("SELECT url FROM vitrine_removals").isEmpty)
        #expect(!engine.urls.contains { url in ids.contains { url.contains($0.text) } })
    }

    @Test func `of a volume goes with its image, and the volume's removal stays owed`() throws {
        let id = try parts.queued()
        #expect(try order("cinder://\(Self.volume)", on: id, by: nova) == .success)
        try parts.service.delete(id, by: user)
        #expect(throws: Fault.of(.notFound)) { try parts.service.show(id, to: user) }
        let owed = try service.rows("SELECT url FROM vitrine_removals WHERE image_id = '\(id)'")
        #expect(owed == [["cinder://volumes/\(Self.volume)"]])
        try service.reset()
    }

    @Test func `in an old form is shown and recorded in the new one, and nothing is owed for that`() throws {
        let id = try parts.queued()
        #expect(try order("cinder://\(Self.volume)", on: id, by: nova) == .success)
        _ = try service.rows("SELECT 1")
        try service.execute("UPDATE image_locations SET value = 'cinder://\(Self.volume)', meta_data = '{}' WHERE image_id = '\(id)'")
        let old = try image(id)
        #expect(parts.service.shownLocations(of: old, to: user).map(\.url) == ["cinder://volumes/\(Self.volume)"])
        parts.locations.repairLabels(of: old)
        let now = try image(id).locations
        #expect(now.map(\.url) == ["cinder://volumes/\(Self.volume)"] && now.first?.store == "volumes")
        #expect(try service.rows("SELECT url FROM vitrine_removals").isEmpty)
    }
}
