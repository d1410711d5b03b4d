internal import Domain
internal import Glibc
internal import Threading

/// Reads an image's data from an offset, some pieces ahead. One thread uses it.
///
/// The pool gives zeros for what was removed, without an error. So after each piece the reader asks whether the snapshot was still there
/// when the piece had come; a removal begins with the snapshot.
final class RBDReader: ByteStream {
    private let data: RBDData
    /// Where the next piece begins that is asked for.
    private var next: Int64
    private var ahead: [(transfer: RBDTransfer, count: Int)] = []
    private var current: (transfer: RBDTransfer, range: Range<Int>)?
    /// Memory of pieces that were read, for the next ones.
    private var spare: [RBDTransfer] = []
    private var window = 1
    /// The pieces of `ahead` of which it is known that they were read before a removal.
    private var checked = 0
    /// The question under way, and for how many pieces of `ahead` its answer holds. It goes beside the reading, as its answer may come behind
    /// all the pieces that were asked for.
    private var question: (asked: PresenceQuestion, pieces: Int)?

    /// librbd holds a piece once more while it comes: with 16 MiB ahead, a stream takes 32 MiB.
    private static let piece: Int64 = 2 << 20
    private static let firstPiece: Int64 = 1 << 20
    private static let depth = 8

    /// Begins to read; the first piece has come when this returns.
    init(_ data: RBDData, from offset: Int64) throws(Fault) {
        (self.data, next) = (data, offset)
        try data.faults.telling { () throws(CephError) in
            try ask(atMost: Self.firstPiece)
            _ = try ahead.first?.transfer.wait(atMost: data.limit, Self.doing)
        }
        if !ahead.isEmpty { try check() }
    }

    private static let doing = "reading an image"

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        let bytes = try next(atMost: buffer.count)
        buffer.copyMemory(from: bytes)
        return bytes.count
    }

    func lend(atMost most: Int) throws(StreamError) -> UnsafeRawBufferPointer? { try next(atMost: most) }

    /// The next bytes, which stay where they are until the next call.
    private func next(atMost most: Int) throws(StreamError) -> UnsafeRawBufferPointer {
        try StreamError.failing { () throws(Fault) in
            if let (transfer, range) = current, range.isEmpty {
                current = nil
                if transfer.bytes.count == Self.piece { spare.append(transfer) }
            }
            if current == nil { try advance() }
            guard let (transfer, range) = current else { return UnsafeRawBufferPointer(start: nil, count: 0) }
            let lent = range.prefix(most)
            current = (transfer, range.dropFirst(lent.count))
            return UnsafeRawBufferPointer(rebasing: transfer.bytes[lent])
        }
    }

    /// Takes the next piece, and asks for those behind it.
    private func advance() throws(Fault) {
        do throws(CephError) {
            while ahead.count < window, next < data.size { try ask(atMost: Self.piece) }
            guard let first = ahead.first else { return }
            let count = try first.transfer.wait(atMost: data.limit, Self.doing)
            guard count == first.count else { throw CephError(code: EIO, doing: Self.doing) }
        } catch {
            if error.isOfConnection { data.pool.cluster.lose(data.pool.connection) }
            throw data.faults.fault(error)
        }
        try check()
        let first = ahead.removeFirst()
        checked -= 1
        question?.pieces -= 1
        current = (first.transfer, 0..<first.count)
        // More is asked for ahead as reading goes on: a short range costs no more than it must.
        window = min(window * 2, Self.depth)
    }

    /// Asks for the next piece, up to the end of a piece of the image.
    private func ask(atMost limit: Int64) throws(CephError) {
        let count = Int(min(data.size - next, limit, Self.piece - next % Self.piece))
        guard count > 0 else { return }
        let known = limit == Self.piece ? spare.popLast() : nil
        let transfer = if let known { known } else { try RBDTransfer(size: Int(min(limit, data.size))) }
        try transfer.read(count, at: next, of: data.image)
        ahead.append((transfer, count))
        next += Int64(count)
    }

    /// Sees to it that the data were still there when the next piece had come, and asks beforehand for those which have come behind it.
    private func check() throws(Fault) {
        let isThere = try data.faults.telling { () throws(CephError) -> Bool in
            repeat {
                if let (asked, pieces) = question {
                    if checked > 0, !asked.isAnswered { return true }
                    guard try asked.answer(within: data.limit) else { return false }
                    (checked, question) = (pieces, nil)
                }
                let come = ahead.prefix { $0.transfer.hasEnded }.count
                if come > checked { question = (try PresenceQuestion(data), come) }
            } while checked == 0
            return true
        }
        guard isThere else { throw Fault(.gone, "The image's data were removed while they were read.") }
    }
}

/// The question whether an image's data are still there. A thread of its own asks it.
private final class PresenceQuestion {
    private let result = Monitor<Result<Bool, CephError>?>(nil)

    init(_ data: RBDData) throws(CephError) {
        let result = result
        do throws(ThreadUnavailable) {
            try Thread.start {
                let found: Result<Bool, CephError>
                do throws(CephError) { found = .success(try data.isThere()) } catch { found = .failure(error) }
                result.with { $0 = found }
            }
        } catch {
            throw CephError(code: error.code, doing: Self.doing)
        }
    }

    private static let doing = "looking for a snapshot"

    var isAnswered: Bool { result.with { $0 != nil } }

    func answer(within seconds: Double) throws(CephError) -> Bool {
        guard let found = result.wait(atMost: seconds, for: { $0 }) else { throw CephError(code: ETIMEDOUT, doing: Self.doing) }
        return try found.get()
    }
}

/// An image's data, opened for reading.
struct RBDData: Sendable {
    let pool: RBDPool
    let image: RBDImage
    let size: Int64
    /// The snapshot's id; nil for an image without a snapshot, which nobody can remove while it is open.
    let snapshot: UInt64?
    let faults: RBDFaults

    var limit: Double { 3 * pool.cluster.settings.patience }

    func isThere() throws(CephError) -> Bool {
        guard let snapshot else { return true }
        return try pool.snapshots(of: image.id)?.contains(snapshot) ?? false
    }
}
