internal import Domain
internal import Glibc
internal import Logging
internal import Synchronization
internal import Threading

/// Writes an image under its unfinished name: whole objects, several at a time. It gets its final name when everything is in the pool,
/// with its snapshot. One thread uses it; another one may fence it.
final class RBDWriter: BlobWriter, @unchecked Sendable {
    /// What a writer needs of its store.
    struct Settings: Sendable {
        let faults: RBDFaults
        /// An object of an image has `1 << order` bytes.
        let order: Int
        /// Whether pieces of zeros are left out.
        let isThin: Bool
        /// The store of the resulting location; nil for a store without a name.
        let label: String?
        let logger: Logger

        /// Bytes that are written at a time: an object, or a part of a large one.
        var piece: Int { min(1 << order, 8 << 20) }
        /// The pieces in memory, of which one is filled while the others are written: 32 MiB at most.
        var pieces: Int { min(32, (32 << 20) / piece) }
    }

    let url: String
    let pool: RBDPool
    let settings: Settings
    private let name: UnfinishedName
    let image: RBDImage
    private let lock = Mutex(())
    private var stage = Stage.writing

    private enum Stage {
        case writing
        /// It may have its final name.
        case committing
        case committed
        /// Nothing is written any more.
        case ended(isGone: Bool)
    }

    /// The image's size in the pool.
    private var room: Int64
    private var written: Int64 = 0
    private var step: Int64
    /// The piece that is filled; nil until there are bytes for it.
    private var current: RBDTransfer?
    private var filled = 0
    private var underWay: [RBDTransfer] = []
    private var spare: [RBDTransfer] = []
    /// After a write that failed, nothing more is written.
    private var failure: CephError?

    private init(_ pool: RBDPool, _ name: UnfinishedName, _ image: RBDImage, room: Int64, _ settings: Settings) {
        (self.pool, self.name, self.image, self.room, self.settings) = (pool, name, image, room, settings)
        url = RBDLocation(cluster: pool.connection.id, pool: pool.name, image: name.text).url
        step = Int64(settings.piece)
    }

    /// Makes the unfinished image.
    ///
    /// - Throws: `.conflict` when the pool has an image of the final name.
    static func begin(_ pool: RBDPool, _ name: UnfinishedName, announcing size: Int64?, _ settings: Settings) throws(Fault) -> RBDWriter {
        let room = size ?? 0
        let image: RBDImage?
        do throws(CephError) {
            image = try pool.run("beginning an image") { () throws(CephError) in
                guard try pool.imageID(name.image) == nil else { return nil }
                let image = try pool.create(name.text, size: room, order: settings.order)
                try image.setMetadata(RBDPool.mark, name.token)
                return image
            }
        } catch {
            throw pool.fault(error, settings)
        }
        guard let image else { throw taken(settings) }
        let writer = RBDWriter(pool, name, image, room: room, settings)
        pool.cluster.writers.note(writer, name.text, in: pool.name)
        return writer
    }

    private static func taken(_ settings: Settings) -> Fault {
        Fault(.conflict, "The image store '\(settings.faults.store)' has data under the image's id already.")
    }

    deinit {
        pool.cluster.writers.forget(name.text, in: pool.name)
        if case .committed = stage { return }
        _ = discard()
    }

    // MARK: writing

    func append(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        try lock.withLock { _ throws(Fault) in
            try checkWriting()
            try telling { () throws(CephError) in
                var rest = bytes
                while !rest.isEmpty {
                    let piece = try currentPiece()
                    let count = min(rest.count, settings.piece - filled)
                    UnsafeMutableRawBufferPointer(rebasing: piece.bytes[filled...]).copyMemory(from: .init(rebasing: rest[..<count]))
                    filled += count
                    rest = .init(rebasing: rest[count...])
                    if filled == settings.piece { try submit() }
                }
            }
        }
    }

    private func checkWriting() throws(Fault) {
        guard case .writing = stage else { throw Fault(.gone, "The upload was taken back.") }
    }

    private func telling(_ body: () throws(CephError) -> Void) throws(Fault) {
        do throws(CephError) {
            if let failure { throw failure }
            try body()
        } catch {
            failure = error
            throw pool.fault(error, settings)
        }
    }

    /// The piece to fill. A new one takes the memory of one that was written, or more, up to the bound.
    private func currentPiece() throws(CephError) -> RBDTransfer {
        if let current { return current }
        while underWay.count >= settings.pieces || underWay.first?.hasEnded == true { try awaitFirst() }
        let piece = if let spare = spare.popLast() { spare } else { try RBDTransfer(size: settings.piece) }
        current = piece
        return piece
    }

    /// Writes the current piece behind the others.
    private func submit() throws(CephError) {
        guard let piece = current else { return }
        let (offset, count) = (written, filled)
        if offset + Int64(count) > room { try grow(to: offset + Int64(count)) }
        (written, filled) = (offset + Int64(count), 0)
        if settings.isThin, Self.isZero(.init(rebasing: piece.bytes[..<count])) { return }
        try piece.write(count, at: offset, of: image)
        underWay.append(piece)
        current = nil
    }

    /// Grows the image in steps that double up to 8 GiB. Source: glance_store, `_drivers/rbd.py`, `_resize_on_write`.
    private func grow(to needed: Int64) throws(CephError) {
        try awaitAll()
        step = min(step * 2, 8 << 30)
        let (image, size) = (image, max(needed, room + step))
        try pool.run("resizing an image") { () throws(CephError) in try image.resize(to: size) }
        room = size
    }

    private func awaitFirst() throws(CephError) {
        let first = underWay.removeFirst()
        do throws(CephError) {
            _ = try first.wait(atMost: 3 * pool.cluster.settings.patience, "writing an image")
            spare.append(first)
        } catch {
            if error.isOfConnection { pool.cluster.lose(pool.connection) }
            throw error
        }
    }

    private func awaitAll() throws(CephError) { while !underWay.isEmpty { try awaitFirst() } }

    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes[0] == 0 && memcmp(bytes.baseAddress!, bytes.baseAddress! + 1, bytes.count - 1) == 0
    }

    // MARK: pieces of a copy

    /// A copy under way; the thread that writes uses it.
    var copy: RBDCopy?
    /// Whether nothing was appended yet.
    var isEmpty: Bool { lock.withLock { _ in written == 0 && filled == 0 } }
    /// The bytes that the image has so far.
    var writtenBytes: Int64 { lock.withLock { _ in written } }

    /// Writes a piece that lies in a transfer's memory, in place of which the caller gets other memory. What lies between the pieces is zeros.
    func write(_ piece: inout RBDTransfer, _ count: Int, at offset: Int64) throws(Fault) {
        try lock.withLock { _ throws(Fault) in
            try checkWriting()
            try telling { () throws(CephError) in
                let other = try currentPiece()
                current = piece
                (written, filled) = (offset, count)
                try submit()
                piece = other
            }
        }
    }

    /// Waits for all pieces, and gives the image its size.
    func endWriting(at size: Int64) throws(Fault) {
        try lock.withLock { _ throws(Fault) in
            try checkWriting()
            try telling { () throws(CephError) in
                try awaitAll()
                if size > room { try grow(to: size) }
                written = size
            }
        }
    }

    // MARK: commit and discard

    func commit() throws(Fault) -> ImageLocation {
        try copy?.finish(self)
        copy = nil
        return try lock.withLock { _ throws(Fault) in
            try checkWriting()
            try telling { () throws(CephError) in
                if filled > 0 { try submit() }
                try awaitAll()
            }
            stage = .committing
            do throws(CephError) {
                let (pool, image, name, size) = (pool, image, name, written == room ? nil : written)
                try pool.run("completing an image", patiences: 6) { () throws(CephError) in
                    try image.flush()
                    if let size { try image.resize(to: size) }
                    try image.snap(RBDLocation.snapshotName)
                    image.close()
                    // From here on the sweeper may remove the unfinished image; then there is none to rename.
                    try pool.rename(name)
                }
            } catch {
                throw error.code == EEXIST ? Self.taken(settings) : pool.fault(error, settings)
            }
            stage = .committed
            (current, spare, underWay) = (nil, [], [])
            let location = RBDLocation(cluster: pool.connection.id, pool: pool.name, image: name.image)
            return ImageLocation(url: location.url, in: settings.label)
        }
    }

    /// Removes the mark. By its id the image is this upload's, whatever is named after it by now, so nothing is opened or compared.
    func confirm() {
        let (pool, id) = (pool, image.id)
        do throws(CephError) {
            try pool.run("confirming an image") { () throws(CephError) in try pool.removeMetadata(RBDPool.mark, of: id) }
        } catch {
            // No record of the upload is left by which the mark would be heeded.
            settings.logger.warning("the mark of an upload stays on image \(name.image) in the store '\(settings.faults.store)': \(error)")
        }
    }

    func discard() -> Bool {
        lock.withLock { _ in
            var mayBeCommitted = false
            switch stage {
            case .ended(let isGone): return isGone
            case .writing: break
            case .committing, .committed: mayBeCommitted = true
            }
            let isGone = removeData(mayBeCommitted: mayBeCommitted) || !mayBeCommitted
            stage = .ended(isGone: isGone)
            return isGone
        }
    }

    /// Ends the writing, so that the image can be removed. The writer's next call fails.
    func fence() {
        lock.withLock { _ in
            guard case .writing = stage else { return }
            stage = .ended(isGone: true)
            close()
        }
    }

    private func removeData(mayBeCommitted: Bool) -> Bool {
        close()
        let (pool, name, progress) = (pool, name, CallProgress())
        do throws(CephError) {
            try pool.run("discarding an image", progress: progress) { () throws(CephError) in
                try pool.discard(name, mayBeCommitted: mayBeCommitted, progress)
            }
            return true
        } catch {
            settings.logger.warning(
                "data of image \(name.image) stay in the store '\(settings.faults.store)' until they are swept: \(error)")
            return false
        }
    }

    /// Ends what is under way. An image that cannot be closed in time is left to a thread of its own.
    private func close() {
        try? awaitAll()
        (current, spare, underWay) = (nil, [], [])
        let image = image
        try? pool.run("closing an image") { () throws(CephError) in image.close() }
    }
}

extension RBDPool {
    /// What a client is told of an error of a write. librados waits while the cluster or the pool is full, so a write that took too long may
    /// mean that.
    fileprivate func fault(_ error: CephError, _ settings: RBDWriter.Settings) -> Fault {
        if error.code == ETIMEDOUT, (try? isFull()) == true { return settings.faults.full(error) }
        return settings.faults.fault(error)
    }
}

/// The writers of a process, by pool and name. The sweeper ends a writer of its own process before it removes its image.
final class RBDWriters: Sendable {
    private struct Place: Hashable {
        let pool: String
        let name: String
    }

    private struct Entry: @unchecked Sendable { weak var writer: RBDWriter? }

    private let known = Mutex<[Place: Entry]>([:])

    func note(_ writer: RBDWriter, _ name: String, in pool: String) {
        let entry = Entry(writer: writer)
        known.withLock { $0[Place(pool: pool, name: name)] = entry }
    }

    func forget(_ name: String, in pool: String) { known.withLock { _ = $0.removeValue(forKey: Place(pool: pool, name: name)) } }

    func fence(_ name: String, in pool: String) {
        let writer = known.withLock { $0[Place(pool: pool, name: name)]?.writer }
        writer?.fence()
    }
}
