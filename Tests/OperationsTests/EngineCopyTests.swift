import Domain
import Importing
import Operations
import Stores
import TestSupport
import Testing

/// Copies that the engine of two stores makes by itself.
@Suite(.serialized) struct `A copy on the engine's side` {
    private let engine = MemoryStore.Engine()
    private let service: InProcessService
    private var parts: InProcessService.Parts { service.sound }

    init() throws {
        let (source, target) = (
            MemoryStore("ceph", on: engine), MemoryStore("ceph2", on: engine, prefix: "rbd://cluster/other/", copies: true)
        )
        // One of them behind a guard, as a service has them.
        service = try InProcessService(more: [
            .init(StoreInfo(id: "ceph", type: "rbd"), source),
            .init(StoreInfo(id: "ceph2", type: "rbd"), GuardedStore(target, nil, named: "ceph2")),
        ])
    }

    private func uploaded(into store: String) throws -> ImageID {
        let id = try parts.queued()
        try parts.service.upload(
            id, from: MemoryStream(UseCase.data), announced: Int64(UseCase.data.count), into: store, by: parts.caller)
        return id
    }

    @Test func `passes no byte through the service where the data lies on that engine, and is streamed from elsewhere`() throws {
        let id = try uploaded(into: "ceph")
        #expect(try parts.order(.copyImage, on: id, into: ["ceph2", "one"]) == .success)
        #expect(engine.copies == 1)
        let image = try parts.catalog.locatedImage(id, visibleTo: .service)
        #expect(Set(image.locations.compactMap(\.store)) == ["ceph", "ceph2", "one"])
        for location in image.locations { #expect(try parts.service.stores.bytes(at: location).size == Int64(UseCase.data.count)) }
        // A file is no data of the engine's.
        let other = try uploaded(into: "one")
        #expect(try parts.order(.copyImage, on: other, into: ["ceph2"]) == .success)
        #expect(engine.copies == 1)
        #expect(try service.openWork().isEmpty)
    }

    @Test func `of damaged data is none, and the source is named`() throws {
        let id = try uploaded(into: "ceph")
        engine.put(UseCase.data.reversed(), at: "rbd://cluster/images/\(id)/snap")
        guard case .failure = try parts.order(.copyImage, on: id, into: ["ceph2"]) else { throw Unexpected("the copy succeeded") }
        let task = try #require(try parts.catalog.tasks(on: id, after: nil, atMost: 1, visibleTo: .service).first)
        #expect(task.message?.contains("'ceph'") == true, "\(task.message ?? "")")
        #expect(engine.urls == ["rbd://cluster/images/\(id)/snap"] && engine.copies == 1)
    }
}
