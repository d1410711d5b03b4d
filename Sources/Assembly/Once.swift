internal import Synchronization

/// A part of a process that is made when it is first wanted, and is the same for all from then on.
///
/// Threads that want it at the same time wait for the one that makes it. If making it throws, the next one that wants it tries again.
final class Once<Part: Sendable>: Sendable {
    private let made = Mutex<Part?>(nil)

    func callAsFunction(_ make: () throws -> Part) throws -> Part {
        try made.withLock { made in
            if let part = made { return part }
            let part = try make()
            made = part
            return part
        }
    }
}
