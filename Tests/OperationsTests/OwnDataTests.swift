import Domain
import Operations
import TestSupport
import Testing

/// Callers who name locations in stores on engines, and try to reach data that are not their image's.
@Suite(.serialized, .sharesServices) struct `A location of an image's own data` {
    private static let engine = MemoryStore.Engine()
    private static let shared = Result {
        try InProcessService(
            more: [
                .init(StoreInfo(id: "ceph", type: "rbd"), MemoryStore("ceph", on: engine)),
                .init(StoreInfo(id: "s3", type: "s3"), MemoryStore("s3", on: engine, prefix: "s3://server/images/", suffix: "")),
            ],
            schemes: LocationSchemes(ofServices: ["rbd", "s3"], ofUsers: ["rbd", "s3"]))
    }

    private let service: InProcessService
    private var parts: InProcessService.Parts { service.sound }
    private var engine: MemoryStore.Engine { Self.engine }
    private let nova = Caller(user: "alice", project: "acme", roles: ["member"], serviceRoles: ["service"], isAdmin: false)
    private let oldNova = Caller(user: "nova", project: "acme", roles: ["service", "admin"], isAdmin: true)
    private let user = Caller(user: "alice", project: "acme", roles: ["member"], isAdmin: false)

    init() throws { service = try Self.shared.get() }

    private static func ceph(_ name: String, _ snapshot: String = "snap") -> String { "rbd://cluster/images/\(name)/\(snapshot)" }

    private func order(_ url: String, on id: ImageID, by caller: Caller) throws {
        try parts.imports.order(url, expecting: nil, on: id, by: caller)
    }

    private func add(_ url: String, to id: ImageID, by caller: Caller) throws -> Image {
        try parts.locations.update(id, [.locations(.add(NewLocation(ImageLocation(url: url)), at: "-"))], by: caller)
    }

    @Test func `does not hide another image's id behind percent signs`() throws {
        let (victim, id) = (try parts.queued(), try parts.queued())
        let hidden = victim.text.replacing("-", with: "%2d")
        #expect(throws: Fault.of(.invalid)) { try parts.service.checkIsOwn(Self.ceph(hidden), of: id, namedBy: nova) }
        #expect(throws: Fault.of(.invalid)) { try parts.service.checkIsOwn(Self.ceph(hidden), of: id, namedBy: user) }
        try parts.service.checkIsOwn(Self.ceph(hidden), of: victim, namedBy: nova)
    }

    @Test func `is not that of a deleted image, which may be about to go`() throws {
        let (former, id) = (try parts.queued(), try parts.queued())
        try parts.service.delete(former, by: user)
        engine.put(UseCase.data, at: Self.ceph(former.text))
        #expect(throws: Fault.of(.invalid)) { try order(Self.ceph(former.text), on: id, by: nova) }
        #expect(throws: Fault.of(.invalid)) { try add(Self.ceph(former.text), to: id, by: oldNova) }
    }

    @Test func `has the image's id as its name where a user names it`() throws {
        let id = try parts.queued()
        let volume = "5a2c8f30-9d1b-4c6e-8a77-0123456789ab"
        for url in [
            Self.ceph("volume-\(volume)", "backup"), Self.ceph("golden"), Self.ceph(id.text, "other"), "s3://server/images/\(volume)",
            "s3://server/images/\(id)-x",
        ] {
            engine.put(UseCase.data, at: url)
            #expect(throws: Fault.self, "\(url)") { try order(url, on: id, by: user) }
            #expect(throws: Fault.of(.invalid), "\(url)") { try add(url, to: id, by: user) }
        }
        #expect(try parts.catalog.locatedImage(id, visibleTo: .service).status == .queued)
        for url in ["s3://server/images/\(id)", Self.ceph(id.text)] {
            let id = try parts.queued()
            let own = url.replacing(/[0-9a-f]{8}-[0-9a-f-]{27}/, with: id.text)
            engine.put(UseCase.data, at: own)
            #expect(try add(own, to: id, by: user).status == .active)
        }
    }

    @Test func `is the only one of its image in the store, so that none is removed with the other`() throws {
        let id = try parts.queued()
        let (own, alias) = ("s3://server/images/\(id)", "s3://server/images/\(id).alias")
        for url in [own, alias, Self.ceph(id.text)] { engine.put(UseCase.data, at: url) }
        #expect(try add(own, to: id, by: oldNova).status == .active)
        #expect(throws: Fault.of(.invalid)) { try add(alias, to: id, by: oldNova) }
        #expect(try add(Self.ceph(id.text), to: id, by: oldNova).locations.count == 2)
    }
}
