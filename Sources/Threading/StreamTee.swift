internal import Glibc

/// Passes one stream of bytes to several readers, each on its own thread, while the owner fills the buffers.
///
/// The owner fills the buffers of a small ring one after another; a reader can be behind by at most the ring. A stream that ends within
/// the first buffer is read without threads. The memory is `count` buffers, whatever the length of the stream.
package final class StreamTee<Failure: Error> {
    /// Receives the next bytes of the stream.
    package typealias Reader = @Sendable (UnsafeRawBufferPointer) throws(Failure) -> Void

    private let ring: Ring<Failure>
    private let readers: [Reader]
    private let refusal: (ThreadUnavailable) -> Failure
    private var threads: [JoinableThread] = []

    /// - Parameters:
    ///   - size: bytes of a buffer, whole pages.
    ///   - count: the number of buffers.
    ///   - refusal: makes the error for a lack of memory or threads.
    package init(
        buffersOf size: Int, count: Int, readers: [Reader], orThrow refusal: @escaping (ThreadUnavailable) -> Failure
    ) throws(Failure) {
        (self.readers, self.refusal) = (readers, refusal)
        guard let ring = Ring<Failure>(buffers: count, of: size, readers: readers.count) else { throw refusal(ThreadUnavailable.noMemory) }
        self.ring = ring
    }

    deinit { join() }

    /// The next buffer to fill, after every reader has read its previous content. It is aligned to a page.
    ///
    /// - Throws: the error of a reader.
    package func nextBuffer() throws(Failure) -> UnsafeMutableRawBufferPointer { try ring.waitForFreeBuffer() }

    /// Passes the first `count` bytes of the buffer to the readers.
    ///
    /// - Throws: if no thread can be made; then no reader runs any more.
    package func submit(_ count: Int) throws(Failure) {
        if ring.submitted == 1 { try start() }
        ring.submit(count)
    }

    /// Ends the stream, and waits until all readers have read it.
    ///
    /// - Throws: the error of a reader.
    package func finish() throws(Failure) {
        if threads.isEmpty && ring.submitted == 1 {
            for (number, reader) in readers.enumerated() { try reader(ring.waitForBytes(number)!) }
            return
        }
        join()
        if let failure = ring.failure { throw failure }
    }

    /// Ends the stream early: after this returns, no reader runs.
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

/// The buffers, and the progress of the owner and the readers.
private final class Ring<Failure: Error>: @unchecked Sendable {
    private struct State {
        /// Bytes in each buffer.
        var counts: [Int]
        /// Buffers submitted, and those that each reader has finished, counted from the start of the stream.
        var submitted = 0
        var read: [Int]
        var hasEnded = false
        var hasStopped = false
        var failure: Failure?
    }

    private let buffers: [UnsafeMutableRawBufferPointer]
    private let state: Monitor<State>

    /// Nil if there is no memory for the buffers: Swift's own allocation would end the process.
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

    /// The next bytes for a reader; nil at the end of the stream, or after a failure or `cancel`.
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
