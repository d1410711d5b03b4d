internal import Glibc

/// A thread of the system that nobody waits for, with the room on its stack that a request needs. When it ends the system takes back
/// all that it had. Whoever wants to wait for the end starts a `JoinableThread`.
package enum Thread {
    /// - Throws: when the system makes no further thread: a limit of processes is reached, or memory is.
    package static func start(_ body: @escaping @Sendable () -> Void) throws(ThreadUnavailable) {
        _ = try makeThread(isDetached: true, body)
    }
}

/// A thread whose end its owner waits for. One that is dropped without that goes on by itself, and leaves nothing behind either.
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

    /// Waits for its end.
    package func join() {
        guard !isJoined else { return }
        pthread_join(raw, nil)
        isJoined = true
    }
}

/// No further thread can be made now.
package struct ThreadUnavailable: Error, CustomStringConvertible {
    /// `errno`'s numbers.
    package let code: CInt

    static let noMemory = ThreadUnavailable(code: ENOMEM)

    package var description: String {
        "no thread can be made: \(String(cString: strerror(code))); see the limits of processes (TasksMax, ulimit -u) and of memory"
    }
}

/// Bytes. Only what is touched takes memory.
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
