/// Hands one stream of bytes to several readers, each on a thread of its own, behind whoever fills the buffers.
///
/// The owner fills one buffer after another of a small ring; no reader is more than the ring behind. A stream that ends
/// within the first buffer is read on the spot, without threads. Memory is `count` buffers, however long the stream.
package final class Relay<Failure: Error> {
    package typealias Reader = @Sendable (UnsafeRawBufferPointer) throws(Failure) -> Void

    private let ring: Ring<Failure>
    private let readers: [Reader]
    private var threads: [Thread] = []

    /// - Parameters:
    ///   - size: bytes of a buffer, whole pages.
    ///   - count: buffers.
    package init(buffersOf size: Int, count: Int, readers: [Reader]) {
        self.readers = readers
        ring = Ring(buffers: count, of: size, readers: readers.count)
    }

    deinit { join() }

    /// A buffer to fill, once every reader is done with what it held before. It begins at a page.
    ///
    /// - Throws: what a reader threw.
    package func nextBuffer() throws(Failure) -> UnsafeMutableRawBufferPointer { try ring.waitForFreeBuffer() }

    /// The first `count` bytes of the buffer are the stream's next.
    package func submit(_ count: Int) {
        if ring.submitted == 1 { start() }
        ring.submit(count)
    }

    /// Ends the stream, and waits until all readers have read it.
    ///
    /// - Throws: what a reader threw.
    package func finish() throws(Failure) {
        if threads.isEmpty && ring.submitted == 1 {
            for (number, reader) in readers.enumerated() { try reader(ring.waitForBytes(number)!) }
            return
        }
        join()
        if let failure = ring.failure { throw failure }
    }

    /// Ends the stream before its time: when this returns, no reader reads any more.
    package func cancel() {
        ring.stop()
        join()
    }

    private func start() {
        threads = readers.enumerated().map { number, reader in
            Thread.start { [ring] in
                while let bytes = ring.waitForBytes(number) {
                    do throws(Failure) {
                        try reader(bytes)
                    } catch {
                        ring.fail(error)
                        return
                    }
                    ring.release(number)
                }
            }
        }
    }

    private func join() {
        ring.end()
        for thread in threads { thread.join() }
        threads = []
    }
}

/// The buffers, and how far everybody is.
private final class Ring<Failure: Error>: @unchecked Sendable {
    private struct State {
        /// Bytes in each buffer.
        var counts: [Int]
        /// Buffers handed over, and how many of them each reader is done with, counted from the stream's start.
        var submitted = 0
        var read: [Int]
        var hasEnded = false
        var hasStopped = false
        var failure: Failure?
    }

    private let buffers: [UnsafeMutableRawBufferPointer]
    private let state: Monitor<State>

    init(buffers count: Int, of size: Int, readers: Int) {
        buffers = (0..<count).map { _ in .allocate(byteCount: size, alignment: 4096) }
        state = Monitor(State(counts: Array(repeating: 0, count: count), read: Array(repeating: 0, count: readers)))
    }

    deinit { for buffer in buffers { buffer.deallocate() } }

    var submitted: Int { state.with { $0.submitted } }
    var failure: Failure? { state.with { $0.failure } }

    func waitForFreeBuffer() throws(Failure) -> UnsafeMutableRawBufferPointer {
        let found = state.wait { state -> Result<Int, Failure>? in
            if let failure = state.failure { return .failure(failure) }
            return state.submitted - state.read.min()! < buffers.count ? .success(state.submitted % buffers.count) : nil
        }
        return buffers[try found.get()]
    }

    func submit(_ count: Int) {
        state.with { state in
            state.counts[state.submitted % buffers.count] = count
            state.submitted += 1
        }
    }

    /// Nil at the stream's end, and when reading further is in vain.
    func waitForBytes(_ reader: Int) -> UnsafeRawBufferPointer? {
        state.wait { state -> UnsafeRawBufferPointer?? in
            if state.hasStopped || state.failure != nil { return .some(nil) }
            let next = state.read[reader]
            guard next == state.submitted else {
                return UnsafeRawBufferPointer(rebasing: buffers[next % buffers.count][..<state.counts[next % buffers.count]])
            }
            return state.hasEnded ? .some(nil) : nil
        }
    }

    func release(_ reader: Int) { state.with { $0.read[reader] += 1 } }
    func fail(_ failure: Failure) { state.with { $0.failure = $0.failure ?? failure } }
    func end() { state.with { $0.hasEnded = true } }
    func stop() { state.with { $0.hasStopped = true } }
}
