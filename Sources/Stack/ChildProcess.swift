internal import Foundation
internal import Glibc

/// A child process in its own process group, so that Ctrl-C at the terminal reaches only this program.
package final class ChildProcess: @unchecked Sendable {
    package let id: Int32
    let name: String
    /// The status from `waitpid`; only the thread that waits sets it.
    private var status: CInt?

    /// The reason why a program or the whole service could not start.
    package struct NotStarted: Error, CustomStringConvertible {
        package let description: String
        package init(description: String) { self.description = description }
    }

    /// - Parameters:
    ///   - output: a file to which standard output and standard error are appended.
    ///   - descriptors: descriptors of this process by those of the child, for sockets that it inherits.
    ///   - environment: variables in addition to those of this process.
    package init(
        _ program: String, _ arguments: [String], output: String, descriptors: [CInt: CInt] = [:],
        environment: [String: String] = [:]
    ) throws {
        name = (program as NSString).lastPathComponent
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        // In ascending order, because a descriptor of this process may be the target of a later one.
        for (ours, theirs) in descriptors.sorted(by: { $0.value < $1.value }) { posix_spawn_file_actions_adddup2(&actions, ours, theirs) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var nothing = sigset_t()
        sigemptyset(&nothing)
        posix_spawnattr_setsigmask(&attributes, &nothing)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))

        let merged = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        var variables = merged.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + variables { free(text) } }
        var id: pid_t = 0
        let code = posix_spawnp(&id, program, &actions, &attributes, &words, &variables)
        guard code == 0 else { throw NotStarted(description: "\(program) cannot be started: \(String(cString: strerror(code)))") }
        self.id = id
    }

    /// Whether it runs. This reaps a child that ended.
    package var isRunning: Bool {
        guard status == nil else { return false }
        var code: CInt = 0
        guard waitpid(id, &code, WNOHANG) == id else { return true }
        status = code
        return false
    }

    /// How it ended; nil while it runs.
    var ending: String? {
        guard !isRunning, let status else { return nil }
        return status & 0x7F == 0 ? "ended with status \(status >> 8 & 0xFF)" : "was ended by signal \(status & 0x7F)"
    }

    /// Whether a signal to end it, from outside, ended it.
    var wasKilled: Bool { !isRunning && [SIGKILL, SIGTERM, SIGINT].contains((status ?? 0) & 0x7F) }

    package func signal(_ number: CInt) {
        if isRunning { kill(id, number) }
    }

    /// Asks it to end, waits, and kills it if it does not end in time.
    package func stop(with number: CInt = SIGTERM, patience: Double = 15) {
        signal(number)
        if !waitUntil(seconds: patience, { !isRunning }) {
            kill(id, SIGKILL)
            _ = waitUntil(seconds: 5) { !isRunning }
        }
    }
}

/// Checks a condition repeatedly, at first in short intervals, until it is true or the seconds have passed.
package func waitUntil(seconds: Double, _ condition: () -> Bool) -> Bool {
    var pause: useconds_t = 1000
    let end = Date().addingTimeInterval(seconds)
    while !condition() {
        if Date() > end { return false }
        usleep(pause)
        pause = min(pause * 2, 50_000)
    }
    return true
}

/// Runs a program to its end.
///
/// - Throws: if it fails, with the end of its output.
func runToEnd(_ program: String, _ arguments: [String], output: String) throws {
    let child = try ChildProcess(program, arguments, output: output)
    var code: CInt = 0
    while waitpid(child.id, &code, 0) < 0 && errno == EINTR {}
    guard code == 0 else {
        throw ChildProcess.NotStarted(description: "\(program) failed (\(output)): \(tail(of: output))")
    }
}
