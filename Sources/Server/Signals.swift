internal import Glibc
internal import Threading

/// The signals that a process obeys: SIGTERM, SIGINT and SIGQUIT end it, SIGHUP has it read its files again. No other signal from outside
/// has an effect.
package struct Signals {
    private let heeded: sigset_t

    /// Blocks the signals for every thread that is started later; to be called before the first one.
    package static func take() -> Signals {
        var heeded = sigset_t()
        sigemptyset(&heeded)
        for number in ending + [SIGHUP] { sigaddset(&heeded, number) }
        pthread_sigmask(SIG_BLOCK, &heeded, nil)
        ignoreOthers(than: ending + [SIGHUP])
        return Signals(heeded: heeded)
    }

    /// Leaves only SIGTERM, SIGINT and SIGQUIT with an effect, for a process that ends with its only request.
    package static func ignoreAllButEnding() { ignoreOthers(than: ending) }

    /// Waits for a signal to end.
    ///
    /// - Parameter lookAgain: called at every SIGHUP until then.
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

    /// Ignores all signals but some: a reader that is gone (SIGPIPE) and a file that is too long (SIGXFSZ) are errors of a write and do not
    /// end the process. Signals of mistakes in the program, of a terminal that stops it and of its children keep their effect.
    private static func ignoreOthers(than heeded: [CInt]) {
        let kept = [
            SIGKILL, SIGSTOP, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGCHLD, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS,
        ]
        // 64 is Linux's last signal. The C library refuses to change its own.
        for number in CInt(1)...64 where !kept.contains(number) && !heeded.contains(number) { signal(number, SIG_IGN) }
    }
}

/// A part of a process that can be told to end, and ends some time later.
package protocol Ending: Sendable {
    /// Tells the part to end; returns at once.
    func end()

    /// Waits for the end, for some seconds at most.
    func hasEnded(within seconds: Double) -> Bool
}

/// Tells all parts to end and waits for them, with one deadline for all.
///
/// - Parameter seconds: until the deadline; 0 is without a limit.
/// - Returns: whether all ended in time.
package func end(_ all: [any Ending], within seconds: Int) -> Bool {
    for one in all { one.end() }
    let deadline = monotonicSeconds() + (seconds == 0 ? Double(Int32.max) : Double(seconds))
    return all.allSatisfy { $0.hasEnded(within: max(0, deadline - monotonicSeconds())) }
}
