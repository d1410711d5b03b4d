internal import Domain
internal import Threading

/// A number of images that several threads examine, watched by the thread that started them.
///
/// A thread that a store holds for too long is given up, and its store with it; another one takes its place.
final class ImageBatch: Sendable {
    private struct State {
        var next = 0
        var results: [Examiner.Examined?]
        /// The image of each running thread, with its signs of life.
        var running: [Int: (image: Int, pulse: Pulse)] = [:]
        var started = 0
        var isEnding = false
        var givenUp: Set<String>
        /// Failures of a store, one after another.
        var failures: [String: Int] = [:]
        var unread: Int64 = 0
        var bytes: Int64 = 0
    }

    private let images: [RecordedImage]
    private let examiner: Examiner
    private let state: Monitor<State>

    /// Failures of one store, one after another, after which it is given up.
    private static let mostFailures = 20

    init(_ images: [RecordedImage], _ examiner: Examiner, givenUp: Set<String>) {
        (self.images, self.examiner) = (images, examiner)
        state = Monitor(State(results: Array(repeating: nil, count: images.count), givenUp: givenUp))
    }

    /// Starts threads.
    ///
    /// - Throws: `.unavailable` when none can be made.
    func start(_ count: Int) throws(Fault) {
        for number in 0..<min(count, images.count) {
            do throws(ThreadUnavailable) {
                try Thread.start { self.work() }
            } catch {
                if number == 0 { throw .noThread(error) }
                return
            }
        }
    }

    private func work() {
        examiner.folders.giveWay()
        let pulse = Pulse()
        let thread = state.with { state in
            state.started += 1
            return state.started
        }
        while let image = take(thread, pulse) {
            let examined = examiner.examine(images[image], pulse) { store in self.isGivenUp(store) }
            // A thread that was given up, or was told to end, leaves nothing.
            guard let examined, put(examined, at: image, of: thread) else { return leave(thread) }
        }
    }

    private func take(_ thread: Int, _ pulse: Pulse) -> Int? {
        pulse.beat()
        return state.with { state in
            guard !state.isEnding, state.next < images.count else {
                if let bytes = state.running.removeValue(forKey: thread)?.pulse.takeBytes() { state.bytes += bytes }
                return nil
            }
            defer { state.next += 1 }
            state.running[thread] = (state.next, pulse)
            return state.next
        }
    }

    private func put(_ examined: Examiner.Examined, at image: Int, of thread: Int) -> Bool {
        state.with { state in
            guard state.running[thread] != nil else { return false }
            state.results[image] = examined
            state.unread += examined.unread
            if let (store, _) = examined.givenUp { state.givenUp.insert(store) }
            for store in examined.succeeded { state.failures[store] = 0 }
            for store in examined.failed where !examined.succeeded.contains(store) {
                state.failures[store, default: 0] += 1
                if state.failures[store]! >= Self.mostFailures, state.givenUp.insert(store).inserted {
                    state.results[image]?.givenUp = (store, "It failed \(Self.mostFailures) times, one after another.")
                }
            }
            return true
        }
    }

    private func leave(_ thread: Int) {
        state.with { state in
            if let bytes = state.running.removeValue(forKey: thread)?.pulse.takeBytes() { state.bytes += bytes }
        }
    }

    private func isGivenUp(_ store: String) -> Bool { state.with { $0.givenUp.contains(store) } }

    // MARK: for the watching thread

    /// The stores that are not asked any more.
    var givenUp: Set<String> { state.with { $0.givenUp } }

    /// Waits until all images are examined, at most for some seconds.
    func wait(atMost seconds: Double) -> Bool {
        state.wait(atMost: seconds) { state in state.results.allSatisfy { $0 != nil } ? true : nil } ?? false
    }

    /// Gives up the threads that made no progress for some seconds, and starts others in their place.
    func giveUpStuckThreads(after seconds: Double) throws(Fault) {
        let stuck = state.with { state in
            let stuck = state.running.filter { $0.value.pulse.silence > seconds }
            for (thread, (image, pulse)) in stuck {
                var examined = Examiner.Examined()
                examined.givenUp = (pulse.store, "It did not answer for \(Int(seconds.rounded(.up))) seconds.")
                examined.unread = images[image].size ?? 0
                state.results[image] = examined
                state.unread += examined.unread
                state.givenUp.insert(pulse.store)
                state.running[thread] = nil
                pulse.end()
            }
            return stuck.count
        }
        if stuck > 0 { try start(stuck) }
    }

    /// Tells all threads to end, and waits for them, at most for some seconds.
    func end(within seconds: Double) {
        state.with { state in
            state.isEnding = true
            for (_, pulse) in state.running.values { pulse.end() }
        }
        _ = state.wait(atMost: seconds) { $0.running.isEmpty ? true : nil }
    }

    /// The results from an image on, up to the first image that is not examined or does not pass a test.
    func results(from first: Int, while passes: (Examiner.Examined) -> Bool) -> [Examiner.Examined] {
        state.with { state in state.results[first...].prefix { $0.map(passes) ?? false }.map { $0! } }
    }

    /// The results of all images; empty ones of those that are not examined.
    var results: [Examiner.Examined] { state.with { state in state.results.map { $0 ?? Examiner.Examined() } } }

    /// The bytes that were read, and that need not be read, since the last call.
    func takeProgress() -> (read: Int64, unread: Int64) {
        state.with { state in
            defer { (state.bytes, state.unread) = (0, 0) }
            return (state.running.values.reduce(state.bytes) { $0 + $1.pulse.takeBytes() }, state.unread)
        }
    }
}
