internal import Glibc

/// Starts detached system threads, with a stack that is large enough for a request. The system frees their resources when they end. A
/// thread whose end is waited for is a `JoinableThread`.
package enum Thread {
    /// - Throws: if the system cannot make another thread, because of a limit of processes or of memory.
    package static func start(_ body: @escaping @Sendable () -> Void) throws(ThreadUnavailable) {
        _ = try makeThread(isDetached: true, body)
    }
}

/// A thread whose owner can wait for its end. If the object is deallocated before, the thread continues detached.
///
/// Used by one thread at a time.
package final class JoinableThread: @unchecked Sendable {
    private let raw: pthread_t
    private var isJoined = false

    /// - Throws: as `Thread.start`.
    package init(_ body: @escaping @Sendable () -> Void) throws(ThreadUnavailable) {
        raw = try makeThread(isDetached: false, body)
    }

    deinit { if !isJoined { pthread_detach(raw) } }

    /// Waits for the end of the thread.
    package func join() {
        guard !isJoined else { return }
        pthread_join(raw, nil)
        isJoined = true
    }
}

/// The system cannot make another thread now.
package struct ThreadUnavailable: Error, CustomStringConvertible {
    /// The `errno` number.
    package let code: CInt

    static let noMemory = ThreadUnavailable(code: ENOMEM)

    package var description: String {
        "no thread can be made: \(String(cString: strerror(code))); see the limits of processes (TasksMax, ulimit -u) and of memory"
    }
}

/// The size of a stack in bytes. Only the pages that are used take memory.
private let stackSize = 1 << 20

private func makeThread(isDetached: Bool, _ body: @escaping @Sendable () -> Void) throws(ThreadUnavailable) -> pthread_t {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackSize)
    if isDetached { pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED)) }
    var raw = pthread_t()
    let box = Unmanaged.passRetained(ThreadBody(run: body))
    let code = pthread_create(
        &raw, &attributes,
        { box in
            Unmanaged<ThreadBody>.fromOpaque(box!).takeRetainedValue().run()
            return nil
        }, box.toOpaque())
    guard code == 0 else {
        box.release()
        throw ThreadUnavailable(code: code)
    }
    return raw
}

private final class ThreadBody {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
}
