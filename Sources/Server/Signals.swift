internal import Glibc
internal import Threading

/// What the system tells a process: to end (SIGTERM, SIGINT, SIGQUIT), or to look at its files again (SIGHUP). No other signal that
/// comes from outside does anything.
package struct Signals {
    private let heeded: sigset_t

    /// Takes the signals, for every thread that is made later: to be called before the first one is.
    package static func take() -> Signals {
        var heeded = sigset_t()
        sigemptyset(&heeded)
        for number in ending + [SIGHUP] { sigaddset(&heeded, number) }
        pthread_sigmask(SIG_BLOCK, &heeded, nil)
        ignoreOthers(than: ending + [SIGHUP])
        return Signals(heeded: heeded)
    }

    /// For a process that ends with its only request: just SIGTERM, SIGINT and SIGQUIT end it before.
    package static func ignoreAllButEnding() { ignoreOthers(than: ending) }

    /// Waits for the order to end.
    ///
    /// - Parameter lookAgain: done at every SIGHUP until then.
    package func waitForEnd(_ lookAgain: () -> Void) {
        var heeded = heeded
        while true {
            var number: CInt = 0
            guard sigwait(&heeded, &number) == 0 else { continue }
            if number != SIGHUP { return }
            lookAgain()
        }
    }

    private static let ending = [SIGTERM, SIGINT, SIGQUIT]

    /// A reader that is gone (SIGPIPE) and a file that grew too long (SIGXFSZ) are errors of a write, not the end of the process. What
    /// tells of mistakes in the program itself, stops it for a terminal, or tells of its children stays as it is.
    private static func ignoreOthers(than heeded: [CInt]) {
        let kept = [
            SIGKILL, SIGSTOP, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGCHLD, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS,
        ]
        // 64 is the last of Linux; those of the C library itself it does not give away.
        for number in CInt(1)...64 where !kept.contains(number) && !heeded.contains(number) { signal(number, SIG_IGN) }
    }
}

/// What is told to end, and ends by and by.
package protocol Ending: Sendable {
    /// Returns at once.
    func end()

    /// Waits for its end, for some seconds at most.
    func hasEnded(within seconds: Double) -> Bool
}

/// Tells all to end, and waits for them: one deadline for all.
///
/// - Parameter seconds: until the deadline; 0 is without a limit.
/// - Returns: whether all ended in time.
package func end(_ all: [any Ending], within seconds: Int) -> Bool {
    for one in all { one.end() }
    let deadline = monotonicSeconds() + (seconds == 0 ? Double(Int32.max) : Double(seconds))
    return all.allSatisfy { $0.hasEnded(within: max(0, deadline - monotonicSeconds())) }
}
