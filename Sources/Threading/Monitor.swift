internal import Glibc

/// A state that threads share, and wait for changes of.
package final class Monitor<State>: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: State
    private var waiting = 0

    package init(_ state: State) {
        self.state = state
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(lock)
        changed.deallocate()
        lock.deallocate()
    }

    /// Looks at the state or changes it, alone; those who wait look again afterwards.
    package func with<Value>(_ body: (inout State) -> Value) -> Value {
        pthread_mutex_lock(lock)
        defer { leave() }
        return body(&state)
    }

    /// Waits until `body` finds, or makes of the state, what it wants.
    package func wait<Value>(for body: (inout State) -> Value?) -> Value {
        pthread_mutex_lock(lock)
        defer { leave() }
        while true {
            if let value = body(&state) { return value }
            waiting += 1
            pthread_cond_wait(changed, lock)
            waiting -= 1
        }
    }

    /// The same for some seconds at most; nil when they went by in vain.
    package func wait<Value>(atMost seconds: Double, for body: (inout State) -> Value?) -> Value? {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let nanoseconds = deadline.tv_nsec + Int((seconds - seconds.rounded(.down)) * 1e9)
        deadline.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000

        pthread_mutex_lock(lock)
        defer { leave() }
        while true {
            if let value = body(&state) { return value }
            waiting += 1
            let code = pthread_cond_timedwait(changed, lock, &deadline)
            waiting -= 1
            if code == ETIMEDOUT { return body(&state) }
        }
    }

    private func leave() {
        if waiting > 0 { pthread_cond_broadcast(changed) }
        pthread_mutex_unlock(lock)
    }
}

/// Seconds of a clock that only goes forward.
package func monotonicSeconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}
