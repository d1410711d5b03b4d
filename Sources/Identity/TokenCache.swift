internal import Synchronization
internal import Threading

/// What is known of tokens, by their digests, for some seconds and of no more than so many.
///
/// Two generations: when the younger is full it becomes the older, and what was the older is forgotten. What is asked for often
/// moves to the younger. So nothing is ever searched for something to drop.
final class TokenCache<Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        let value: Value
        /// Seconds of the monotonic clock.
        let until: Double
    }

    private struct Generations: Sendable {
        var young: [String: Entry] = [:]
        var old: [String: Entry] = [:]
    }

    private let generations = Mutex(Generations())
    private let seconds: Double
    private let half: Int

    /// - Parameters:
    ///   - seconds: that something is known; none when it is not more than 0.
    ///   - most: tokens at once.
    init(seconds: Double, most: Int) {
        (self.seconds, half) = (seconds, max(1, most / 2))
    }

    subscript(digest: String) -> Value? {
        let now = monotonicSeconds()
        return generations.withLock { generations in
            if let entry = generations.young[digest] { return entry.until > now ? entry.value : nil }
            guard let entry = generations.old[digest], entry.until > now else { return nil }
            Self.keep(entry, digest, half, &generations)
            return entry.value
        }
    }

    /// - Parameter life: seconds that it may be known at most.
    func keep(_ value: Value, for digest: String, life: Double = .infinity) {
        let life = min(seconds, life)
        guard life > 0 else { return }
        let entry = Entry(value: value, until: monotonicSeconds() + life)
        generations.withLock { Self.keep(entry, digest, half, &$0) }
    }

    private static func keep(_ entry: Entry, _ digest: String, _ half: Int, _ generations: inout Generations) {
        if generations.young.count >= half {
            generations.old = generations.young
            generations.young = [:]
        }
        generations.young[digest] = entry
    }
}
