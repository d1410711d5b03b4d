internal import CRBD
internal import Domain
internal import Glibc
internal import Logging

/// Copies from pool to pool of one cluster: what was read is written from the same memory, and what the source does not hold is neither read
/// nor written.
///
/// librbd's own copies (copy, deep copy, clone and flatten) also read and write the data in the client, with ten objects in memory at a
/// time and no limit on the time of each; to check them, the data would have to be read once more. This copy is checked on its way, as a
/// stream is. It has no parent that could not be removed meanwhile. Measured by `Benchmarks/copies-rbd`.
extension RBDWriter {
    func take(dataAt url: String, size: Int64, isCancelled: () -> Bool) throws(Fault) -> Bool {
        guard isEmpty, let data = source(at: url), data.size == size else { return false }
        if isCancelled() { throw Fault(.gone, "The copy was cancelled.") }
        copy = RBDCopy(data, piece: settings.piece)
        return true
    }

    /// The data, which are copied as they are read: what was not read by then is copied when they are committed.
    func taken() throws(Fault) -> any ByteStream {
        guard let copy else { throw Fault(.unexpected, "The store has taken no data as a whole.") }
        guard copy.hasBegun else { return CopiedData(copy, self) }
        try copy.finish(self)
        return try reader()
    }

    private final class CopiedData: ByteStream {
        private let copy: RBDCopy
        private let writer: RBDWriter

        init(_ copy: RBDCopy, _ writer: RBDWriter) { (self.copy, self.writer) = (copy, writer) }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
            try StreamError.failing { () throws(Fault) in try copy.read(into: buffer, writer) }
        }
    }

    /// Opens data in a pool of a store, in this cluster; nil where that cannot be: then they are streamed, or the stream tells why not.
    private func source(at url: String) -> RBDData? {
        guard let location = RBDLocation(url), let place = location.place, place.cluster == pool.connection.id else { return nil }
        for (cluster, faults) in pool.cluster.pools.stores(of: place.pool, in: place.cluster) {
            do throws(CephError) {
                let pool = try RBDPool(place.pool, of: cluster)
                return try pool.run("opening an image") { () throws(CephError) in try pool.data(at: location, faults) }
            } catch {
                settings.logger.info("an image is not copied within the cluster as the store '\(faults.store)' reads it: \(error)")
            }
        }
        return nil
    }

    /// Reads what was written. The image is opened once more: the writer's own is closed when the upload is taken back.
    private func reader() throws(Fault) -> any ByteStream {
        let (pool, id, size) = (pool, image.id, writtenBytes)
        let image = try settings.faults.telling { () throws(CephError) in
            try pool.run("opening an image") { () throws(CephError) in try pool.open(id: id, isReadOnly: true) }
        }
        guard let image else { throw Fault(.gone, "The upload was taken back.") }
        return try RBDReader(RBDData(pool: pool, image: image, size: size, snapshot: nil, faults: settings.faults), from: 0)
    }
}

/// A copy of an image's data, under way. One thread uses it.
final class RBDCopy {
    private let data: RBDData
    private let pieces: RBDPieces
    /// The next piece that is written; nil before it is asked for, and when only zeros are left.
    private var piece: RBDPieces.Piece?
    private var position: Int64 = 0
    private(set) var hasBegun = false
    private var hasEnded = false

    /// - Parameter piece: the bytes of a piece.
    fileprivate init(_ data: RBDData, piece: Int) { (self.data, pieces) = (data, RBDPieces(data, piece: piece)) }

    /// Gives data on their way from the source to the writer. All are written when the last ones are given.
    ///
    /// - Returns: the number of bytes; 0 at the end.
    fileprivate func read(into buffer: UnsafeMutableRawBufferPointer, _ writer: RBDWriter) throws(Fault) -> Int {
        hasBegun = true
        if piece == nil { piece = try pieces.next() }
        var count = Int(min(Int64(buffer.count), (piece?.offset ?? data.size) - position))
        if let piece, piece.offset <= position {
            let start = Int(position - piece.offset)
            count = min(buffer.count, piece.count - start)
            buffer.copyMemory(from: .init(rebasing: piece.transfer.bytes[start..<start + count]))
            if start + count == piece.count { try write(piece, writer) }
        } else {
            buffer.prefix(count).initializeMemory(as: UInt8.self, repeating: 0)
        }
        position += Int64(count)
        if position == data.size { try end(writer) }
        return count
    }

    /// Copies what was not read.
    func finish(_ writer: RBDWriter) throws(Fault) {
        hasBegun = true
        if let piece { try write(piece, writer) }
        while !hasEnded, let next = try pieces.next() { try write(next, writer) }
        position = data.size
        try end(writer)
    }

    private func write(_ piece: RBDPieces.Piece, _ writer: RBDWriter) throws(Fault) {
        var memory = piece.transfer
        self.piece = nil
        try writer.write(&memory, piece.count, at: piece.offset)
        pieces.reuse(memory)
    }

    private func end(_ writer: RBDWriter) throws(Fault) {
        guard !hasEnded else { return }
        try writer.endWriting(at: data.size)
        // All pieces had come before this question; see `RBDReader`.
        guard try data.faults.telling({ () throws(CephError) in try data.isThere() }) else {
            throw Fault(.gone, "The image's data were removed while they were copied.")
        }
        hasEnded = true
    }
}

/// Reads the pieces of an image that hold data, some ahead. One thread uses it.
private final class RBDPieces {
    struct Piece {
        let transfer: RBDTransfer
        let offset: Int64
        let count: Int
    }

    private let data: RBDData
    private let piece: Int64
    private var ahead: [Piece] = []
    private var spare: [RBDTransfer] = []
    /// The pieces that hold data, of those whose numbers are below `surveyed`; the last one first.
    private var wanted: [Int64] = []
    private var surveyed: Int64 = 0

    private static let depth = 2
    /// The pieces that are looked at in one call: it asks for each object where the image has no map of them.
    private static let surveyedAtOnce: Int64 = 512

    /// - Parameter piece: the bytes of a piece.
    init(_ data: RBDData, piece: Int) { (self.data, self.piece) = (data, Int64(piece)) }

    /// The next piece; nil at the end.
    func next() throws(Fault) -> Piece? {
        do throws(CephError) {
            while ahead.count < Self.depth, let number = try nextNumber() {
                let offset = number * piece
                let count = Int(min(piece, data.size - offset))
                let transfer = if let free = spare.popLast() { free } else { try RBDTransfer(size: Int(piece)) }
                try transfer.read(count, at: offset, of: data.image)
                ahead.append(Piece(transfer: transfer, offset: offset, count: count))
            }
            guard let first = ahead.first else { return nil }
            guard try first.transfer.wait(atMost: data.limit, Self.doing) == first.count else {
                throw CephError(code: EIO, doing: Self.doing)
            }
            return ahead.removeFirst()
        } catch {
            if error.isOfConnection { data.pool.cluster.lose(data.pool.connection) }
            throw data.faults.fault(error)
        }
    }

    private static let doing = "copying an image"

    /// Takes memory of a piece back, for another one.
    func reuse(_ transfer: RBDTransfer) { spare.append(transfer) }

    private func nextNumber() throws(CephError) -> Int64? {
        while wanted.isEmpty, surveyed * piece < data.size {
            let (start, image, size, piece) = (surveyed, data.image, data.size, piece)
            let holds = try data.pool.run("looking for an image's data") { () throws(CephError) in
                try image.pieces(from: start * piece, to: min(size, (start + Self.surveyedAtOnce) * piece), of: piece)
            }
            wanted = holds.indices.reversed().filter { holds[$0] }.map { start + Int64($0) }
            surveyed += Self.surveyedAtOnce
        }
        return wanted.popLast()
    }
}

extension RBDImage {
    /// Which pieces of a part of the image may hold data: the others are zeros. A piece that only a parent holds counts, too.
    ///
    /// - Parameters:
    ///   - start: where the first piece begins.
    ///   - piece: the bytes of a piece.
    fileprivate func pieces(from start: Int64, to end: Int64, of piece: Int64) throws(CephError) -> [Bool] {
        var found = Found(start: start, piece: piece, holds: .init(repeating: false, count: Int((end - start + piece - 1) / piece)))
        let result = try call(Self.looking) { image, calls in
            withUnsafeMutablePointer(to: &found) { found in
                calls.rbd_diff_iterate2(
                    image, nil, UInt64(start), UInt64(end - start), 1, 1,
                    { offset, length, exists, found in
                        if exists != 0 { found!.assumingMemoryBound(to: Found.self).pointee.note(Int64(offset), length) }
                        return 0
                    }, found)
            }
        }
        try CephError.check(result, Self.looking)
        return found.holds
    }

    private static let looking = "looking for an image's data"

    private struct Found {
        let start, piece: Int64
        var holds: [Bool]

        /// A whole object may lie only partly in the part.
        mutating func note(_ offset: Int64, _ length: Int) {
            guard length > 0 else { return }
            let (first, last) = ((offset - start) / piece, (offset - start + Int64(length) - 1) / piece)
            for place in max(0, Int(first))...max(0, Int(last)) where place < holds.count { holds[place] = true }
        }
    }
}
