import Domain
import Logging
import Operations
import Stores
import Synchronization
import TestSupport
import Testing

/// Images with a delayed deletion, some of which cannot be scrubbed now.
private final class PutOff: MaintenanceCatalog {
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

    // MARK: stores that a scrubber never contacts

    private var unasked: Fault { Fault(.unexpected, "A scrubber does not ask for this.") }

    func begin(_ upload: Upload, by worker: String, claiming claim: QuotaClaim?) throws(Fault) -> Int64? { throw unasked }
    func renew(_ tokens: Set<String>?, heldBy worker: String) throws(Fault) -> Set<String> { throw unasked }
    func finish(
        _ upload: Upload, at location: ImageLocation, _ measured: MeasuredBytes, claiming claim: QuotaClaim?, isShown: Bool
    ) throws(Fault) -> Image? { throw unasked }
    func abort(_ upload: Upload, as status: ImageStatus, because reason: String) throws(Fault) { throw unasked }
    func order(_ copy: OrderedCopy) throws(Fault) { throw unasked }
    func expired(atMost count: Int) throws(Fault) -> [Upload] { throw unasked }
    func takeOver(_ upload: Upload, as token: String, by worker: String) throws(Fault) -> Upload? { throw unasked }
    func known(among uploads: [Upload]) throws(Fault) -> Set<String> { throw unasked }
    func waiting(among images: [ImageID]) throws(Fault) -> Set<ImageID> { throw unasked }
    func leaseholders() throws(Fault) -> [String] { throw unasked }
    func endLeases(of workers: [String]) throws(Fault) { throw unasked }
    func note(node: String) throws(Fault) { throw unasked }
    func tellWhoIsAwaited() throws(Fault) { throw unasked }
    func expireTasks() throws(Fault) { throw unasked }
    func endForeignTasks() throws(Fault) { throw unasked }
    func forgetCommits() throws(Fault) { throw unasked }
    func overdue(atMost count: Int) throws(Fault) -> [OwedRemoval] { throw unasked }
    func complete(_ removals: [OwedRemoval]) throws(Fault) { throw unasked }
    func postpone(_ removals: [OwedRemoval], haveFailed: Bool) throws(Fault) { throw unasked }
    func moment(daysAgo days: Int) throws(Fault) -> Timestamp { throw unasked }
    func deletedRows(of part: PurgePart, before limit: Timestamp) throws(Fault) -> Int { throw unasked }
    func deletedRows(
        of part: PurgePart, before limit: Timestamp, after last: PurgeKey?, atMost count: Int
    ) throws(Fault) -> [DeletedRow] { throw unasked }
    func purge(_ keys: [PurgeKey], of part: PurgePart, before limit: Timestamp) throws(Fault) -> Int { throw unasked }
    func mark(ofSharedFolder name: String) throws(Fault) -> String? { throw unasked }
    func record(mark: String, ofSharedFolder name: String) throws(Fault) { throw unasked }
}

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
