import Domain
import Logging
import Operations
import Stores
import Synchronization
import TestSupport
import Testing

/// Images whose deletion was put off, some of which cannot be dealt with now.
private final class PutOff: ScrubCatalog, RemovalCatalog {
    private let images: [ImageID]
    private let stuck: Set<ImageID>
    private let scrubbed = Mutex<[ImageID]>([])

    init(_ images: [ImageID], stuck: Set<ImageID>) { (self.images, self.stuck) = (images.sorted { $0.text < $1.text }, stuck) }

    var done: [ImageID] { scrubbed.withLock { $0 } }

    func pendingDeletions(olderThan seconds: Int) throws(Fault) -> (images: Int, bytes: Int64) { (images.count, 0) }

    func pendingDeletions(olderThan seconds: Int, after last: ImageID?, atMost count: Int) throws(Fault) -> [PendingDeletion] {
        let done = done
        return images.filter { $0.text > last?.text ?? "" && !done.contains($0) }.prefix(count).map { PendingDeletion(image: $0, bytes: 0) }
    }

    func endDeletion(of id: ImageID) throws(Fault) -> [OwedRemoval] {
        guard !stuck.contains(id) else { throw Fault(.unavailable, "The image database is too busy now.") }
        scrubbed.withLock { $0.append(id) }
        return []
    }

    func restore(_ id: ImageID) throws(Fault) {}
    func isOwed(_ removal: OwedRemoval) -> Bool { true }
    func complete(_ removal: OwedRemoval) throws(Fault) {}
}

/// Issue 12, B11.
@Suite struct `The scrubber` {
    private func scrubber(_ catalog: PutOff) throws -> Scrubber {
        let stores = StoreSet(try FileStore([.init(path: Files.fresh())]))
        return Scrubber(catalog: catalog, stores: stores, patience: 0, logger: Logger(label: "test"))
    }

    @Test func `goes on past an image that cannot be dealt with now`() throws {
        let images = (0..<7).map { _ in ImageID.fresh() }.sorted { $0.text < $1.text }
        let catalog = PutOff(images, stuck: [images[0], images[3], images[4]])
        var noted: [ImageID] = []
        #expect(try scrubber(catalog).scrub { noted.append($0.image) } == 4)
        #expect(catalog.done == [1, 2, 5, 6].map { images[$0] } && noted == catalog.done)
    }

    @Test func `ends when none can be`() throws {
        let images = (0..<7).map { _ in ImageID.fresh() }
        let catalog = PutOff(images, stuck: Set(images))
        #expect(throws: Fault.of(.unavailable)) { try scrubber(catalog).scrub() }
        #expect(catalog.done.isEmpty)
    }
}
