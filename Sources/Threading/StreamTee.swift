internal import Glibc

/// Hands one stream of bytes to several readers, each on a thread of its own, behind whoever fills the buffers.
///
/// The owner fills one buffer after another of a small ring; no reader is more than the ring behind. A stream that ends
/// within the first buffer is read on the spot, without threads. Memory is `count` buffers, however long the stream.
package final class StreamTee<Failure: Error> {
    package typealias Reader = @Sendable (UnsafeRawBufferPointer) throws(Failure) -> Void

    private let ring: Ring<Failure>
    private let readers: [Reader]
    private let refusal: (ThreadUnavailable) -> Failure
    private var threads: [JoinableThread] = []

    /// - Parameters:
    ///   - size: bytes of a buffer, whole pages.
    ///   - count: buffers.
    ///   - refusal: what is thrown where there is no memory or no thread for it.
    package init(
        buffersOf size: Int, count: Int, readers: [Reader], orThrow refusal: @escaping (ThreadUnavailable) -> Failure
    ) throws(Failure) {
        (self.readers, self.refusal) = (readers, refusal)
        guard let ring = Ring<Failure>(buffers: count, of: size, readers: readers.count) else { throw refusal(ThreadUnavailable.noMemory) }
        self.ring = ring
    }

    deinit { join() }

    /// A buffer to fill, once every reader is done with what it held before. It begins at a page.
    ///
    /// - Throws: what a reader threw.
    package func nextBuffer() throws(Failure) -> UnsafeMutableRawBufferPointer { try ring.waitForFreeBuffer() }

    /// The first `count` bytes of the buffer are the stream's next.
    ///
    /// - Throws: where readers get no threads; then none reads any more.
    package func submit(_ count: Int) throws(Failure) {
        if ring.submitted == 1 { try start() }
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

    private func start() throws(Failure) {
        for (number, reader) in readers.enumerated() {
            let read: @Sendable () -> Void = { [ring] in
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
            do throws(ThreadUnavailable) {
                threads.append(try JoinableThread(read))
            } catch {
                cancel()
                throw refusal(error)
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

    /// Nil when there is no memory for the buffers: Swift's own allocation would end the process.
    init?(buffers count: Int, of size: Int, readers: Int) {
        var buffers: [UnsafeMutableRawBufferPointer] = []
        for _ in 0..<count {
            var start: UnsafeMutableRawPointer?
            guard posix_memalign(&start, 4096, size) == 0 else { break }
            buffers.append(UnsafeMutableRawBufferPointer(start: start, count: size))
        }
        self.buffers = buffers
        state = Monitor(State(counts: Array(repeating: 0, count: count), read: Array(repeating: 0, count: readers)))
        guard buffers.count == count else { return nil }
    }

    deinit { for buffer in buffers { free(buffer.baseAddress) } }

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
