internal import Synchronization
internal import Threading

/// A cache of values by the digests of tokens, limited in time and number.
///
/// It has two generations: when the younger is full, it becomes the older, and the former older one is dropped. An entry that is used moves
/// to the younger. So no search for an entry to drop is needed.
final class TokenCache<Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        let value: Value
        /// The end in seconds of the monotonic clock.
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
    ///   - seconds: the life of an entry; nothing is cached if it is 0 or less.
    ///   - most: the largest number of entries.
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

    /// Adds an entry.
    ///
    /// - Parameter life: a further limit of its life in seconds.
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
