internal import Threading

/// Several digests of one stream of bytes, computed beside each other and beside whoever reads and writes the bytes.
///
/// The owner fills one buffer after another of a small ring; each digest has a thread of its own that follows behind. A
/// stream that ends within the first buffer is digested on the spot, without threads.
package final class ParallelDigests {
    /// Bytes of one buffer. Memory of an upload is `ring` of these, however large the image.
    private static let bufferSize = 256 * 1024
    private static let ring = 4

    private let ring: Ring
    private let digests: [Digest]
    private var threads: [Thread] = []

    /// - Returns: nil when a digest is not known by its name.
    package init?(_ names: [String]) {
        let digests = names.compactMap { Digest($0) }
        guard digests.count == names.count else { return nil }
        self.digests = digests
        ring = Ring(buffers: Self.ring, of: Self.bufferSize, readers: digests.count)
    }

    deinit { join() }

    /// A buffer to fill, once every digest is done with what it held before.
    package func nextBuffer() -> UnsafeMutableRawBufferPointer { ring.waitForFreeBuffer() }

    /// The first `count` bytes of the buffer are the stream's next. They stay as they are until the next buffer is asked
    /// for, so the caller may go on reading them.
    package func submit(_ count: Int) {
        if ring.submitted == 1 {
            threads = digests.enumerated().map { reader, digest in
                Thread.start { [ring] in
                    while let bytes = ring.waitForBytes(reader) {
                        digest.update(bytes)
                        ring.release(reader)
                    }
                }
            }
        }
        ring.submit(count)
    }

    /// Ends the stream.
    ///
    /// - Returns: the digests in hexadecimal, in the order of the names.
    package func finish() -> [String] {
        if threads.isEmpty && ring.submitted == 1 {
            for (reader, digest) in digests.enumerated() { digest.update(ring.waitForBytes(reader)!) }
        }
        join()
        return digests.map { $0.finish() }
    }

    private func join() {
        ring.end()
        for thread in threads { thread.join() }
        threads = []
    }
}

/// Buffers that one thread fills and several read, each at its own pace, none more than the ring apart.
private final class Ring: @unchecked Sendable {
    private struct State {
        /// Bytes in each buffer.
        var counts: [Int]
        /// Buffers handed over, and how many of them each reader is done with, counted from the stream's start.
        var submitted = 0
        var read: [Int]
        var hasEnded = false
    }

    private let buffers: [UnsafeMutableRawBufferPointer]
    private let state: Monitor<State>

    init(buffers count: Int, of size: Int, readers: Int) {
        buffers = (0..<count).map { _ in .allocate(byteCount: size, alignment: 64) }
        state = Monitor(State(counts: Array(repeating: 0, count: count), read: Array(repeating: 0, count: readers)))
    }

    deinit { for buffer in buffers { buffer.deallocate() } }

    var submitted: Int { state.with { $0.submitted } }

    func waitForFreeBuffer() -> UnsafeMutableRawBufferPointer {
        buffers[state.wait { $0.submitted - $0.read.min()! < buffers.count ? $0.submitted % buffers.count : nil }]
    }

    func submit(_ count: Int) {
        state.with { state in
            state.counts[state.submitted % buffers.count] = count
            state.submitted += 1
        }
    }

    /// Nil at the stream's end.
    func waitForBytes(_ reader: Int) -> UnsafeRawBufferPointer? {
        state.wait { state -> UnsafeRawBufferPointer?? in
            let next = state.read[reader]
            guard next == state.submitted else {
                return UnsafeRawBufferPointer(rebasing: buffers[next % buffers.count][..<state.counts[next % buffers.count]])
            }
            return state.hasEnded ? .some(nil) : nil
        }
    }

    func release(_ reader: Int) { state.with { $0.read[reader] += 1 } }

    func end() { state.with { $0.hasEnded = true } }
}
