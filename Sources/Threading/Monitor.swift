internal import Glibc

/// A state that threads share under a lock, and whose changes they can wait for.
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

    /// Reads or changes the state under the lock, and wakes the waiting threads.
    package func with<Value>(_ body: (inout State) -> Value) -> Value {
        pthread_mutex_lock(lock)
        defer { leave() }
        return body(&state)
    }

    /// Waits until `body` returns a value. `body` may change the state.
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

    /// The same with a limit in seconds; nil if they pass without a value.
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
