internal import Domain
internal import Glibc
internal import Persistence
internal import Synchronization
internal import Threading

/// Ends a report when the program is told to end, such as by Ctrl-C: the database stops working on it, and the program ends without a word,
/// by the signal.
///
/// MariaDB goes on with a statement whose client has gone, until it has a row to send.
final class ReportInterrupt: Sendable {
    private static let signals = [SIGINT, SIGTERM, SIGHUP]
    private let hasBegun = Atomic(false)

    /// Waits for the signals on a thread of its own. Called once, before other threads are started.
    init(cancelling reader: ReportReader, _ connectionID: Int64) throws {
        var set = sigset_t()
        sigemptyset(&set)
        for number in Self.signals { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        try Thread.start { [self] in
            var (set, number) = (sigset_t(), CInt(0))
            sigemptyset(&set)
            for number in Self.signals { sigaddset(&set, number) }
            guard sigwait(&set, &number) == 0 else { return }
            hasBegun.store(true, ordering: .sequentiallyConsistent)
            // A second signal ends the program at once.
            signal(number, SIG_DFL)
            pthread_sigmask(SIG_UNBLOCK, &set, nil)
            do throws(Fault) {
                try reader.cancel(connectionID)
            } catch {
                // The server cannot be reached: there is nobody to tell, and its own limit ends the statement.
            }
            kill(getpid(), number)
        }
    }

    /// Waits for the end of the program if it was interrupted: what the caller's statement ended with is then of no interest.
    func waitForEndIfInterrupted() {
        while hasBegun.load(ordering: .sequentiallyConsistent) { pause() }
    }
}
