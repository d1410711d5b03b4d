internal import Synchronization

/// A cache of values by keys, limited in time and number, for any number of threads.
///
/// It has two generations: when the younger is full, it becomes the older, and the former older one is dropped. An entry that is used moves
/// to the younger. So no search for an entry to drop is needed.
package final class ExpiringCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        let value: Value
        /// The end in seconds of the monotonic clock.
        let until: Double
    }

    private struct Generations: Sendable {
        var young: [Key: Entry] = [:]
        var old: [Key: Entry] = [:]
    }

    private let generations = Mutex(Generations())
    private let seconds: Double
    private let half: Int

    /// - Parameters:
    ///   - seconds: the life of an entry; nothing is cached if it is 0 or less.
    ///   - most: the largest number of entries, 2 or more.
    package init(seconds: Double, most: Int) {
        (self.seconds, half) = (seconds, max(1, most / 2))
    }

    /// The value of a key; nil when none was kept, when its life has ended, and when it gave way to others.
    package subscript(key: Key) -> Value? {
        let now = monotonicSeconds()
        return generations.withLock { generations in
            if let entry = generations.young[key] { return entry.until > now ? entry.value : nil }
            guard let entry = generations.old[key], entry.until > now else { return nil }
            Self.keep(entry, key, half, &generations)
            return entry.value
        }
    }

    /// Adds an entry, or replaces it.
    ///
    /// - Parameter life: a further limit of its life in seconds.
    package func keep(_ value: Value, for key: Key, life: Double = .infinity) {
        let life = min(seconds, life)
        guard life > 0 else { return }
        let entry = Entry(value: value, until: monotonicSeconds() + life)
        generations.withLock { Self.keep(entry, key, half, &$0) }
    }

    /// Drops the entry of a key, if there is one.
    package func forget(_ key: Key) {
        generations.withLock { generations in
            generations.young[key] = nil
            generations.old[key] = nil
        }
    }

    private static func keep(_ entry: Entry, _ key: Key, _ half: Int, _ generations: inout Generations) {
        if generations.young.count >= half, generations.young[key] == nil {
            generations.old = generations.young
            generations.young = [:]
        }
        generations.young[key] = entry
    }
}
