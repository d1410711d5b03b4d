internal import Glibc

/// A thread of the system, with the room on its stack that a request needs.
package struct Thread: Sendable {
    private let raw: pthread_t

    /// Bytes. Only what is touched takes memory.
    private static let stack = 1 << 20

    package static func start(_ body: @escaping @Sendable () -> Void) -> Thread {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stack)
        var raw = pthread_t()
        let code = pthread_create(
            &raw, &attributes,
            { box in
                Unmanaged<Body>.fromOpaque(box!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(Body(run: body)).toOpaque())
        guard code == 0 else { fatalError("pthread_create: \(code)") }
        return Thread(raw: raw)
    }

    /// Waits for its end.
    package func join() { pthread_join(raw, nil) }

    /// Interrupts a system call that it waits in. May come just before the call, so repeat until it had its effect.
    package func signal(_ number: CInt) { pthread_kill(raw, number) }

    private final class Body {
        let run: @Sendable () -> Void
        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
