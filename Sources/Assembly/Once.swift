internal import Synchronization

/// A part of a process that is made when it is first needed, and once.
///
/// Threads that need it meanwhile wait for the thread that makes it. If that fails, the next thread that needs it tries again.
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
