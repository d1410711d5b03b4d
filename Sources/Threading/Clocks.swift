package import Glibc

/// Seconds of the monotonic clock.
package func monotonicSeconds() -> Double { moment(of: CLOCK_MONOTONIC).seconds }

/// This machine's wall clock: the time since 1970.
package func wallTime() -> timespec { moment(of: CLOCK_REALTIME) }

private func moment(of clock: clockid_t) -> timespec {
    var now = timespec()
    clock_gettime(clock, &now)
    return now
}

extension timespec {
    package var seconds: Double { Double(tv_sec) + Double(tv_nsec) / 1e9 }
}
