internal import CLinux
internal import Glibc
internal import Threading

/// Runs a program to its end, within limits, and collects its output.
///
/// It gets its arguments without a shell, standard input is empty, and it inherits no files. It is killed when the thread that runs it
/// ends.
package struct Subprocess: Sendable {
    /// The limits of the program; it is killed when it exceeds one.
    package struct Limits: Sendable {
        /// The time limit in seconds.
        package var seconds: Double
        /// The limit of CPU time in seconds.
        package var cpuSeconds: Int
        /// The limit of its address space in bytes.
        package var memory: Int
        /// The largest size in bytes of a file that it writes.
        package var fileSize: Int64
        /// The largest number of bytes of its output; of its error messages, this number of the last bytes is kept.
        package var words = 1 << 20

        /// Makes limits of their parts.
        package init(seconds: Double, cpuSeconds: Int, memory: Int, fileSize: Int64 = 0) {
            (self.seconds, self.cpuSeconds, self.memory, self.fileSize) = (seconds, cpuSeconds, memory, fileSize)
        }
    }

    /// The reason why there is no outcome.
    package enum Failure: Error, Equatable {
        /// The program was not started; with the system's reason.
        case notStarted(String)
        /// The time limit was exceeded.
        case timedOut
        /// The caller cancelled it.
        case cancelled
        /// The output is too long.
        case saidTooMuch
        /// A signal killed it: that of a limit, or another one.
        case killed(CInt)
    }

    /// The result of a program that has exited.
    package struct Outcome: Sendable {
        /// The exit status.
        package let status: CInt
        /// The standard output.
        package let output: [UInt8]
        /// The standard error.
        package let errors: String
    }

    private let program: String
    private let arguments: [String]
    private let limits: Limits

    /// Makes a subprocess; `run` starts it.
    ///
    /// - Parameter program: the path of the program.
    package init(_ program: String, _ arguments: [String], _ limits: Limits) {
        (self.program, self.arguments, self.limits) = (program, arguments, limits)
    }

    /// Runs the program and waits for its end.
    ///
    /// - Parameters:
    ///   - isCancelled: called five times a second, and more often while output comes.
    ///   - heard: called with each piece of the output.
    package func run(
        isCancelled: () -> Bool = { false }, heard: (UnsafeRawBufferPointer) -> Void = { _ in }
    ) throws(Failure) -> Outcome {
        let (output, errors) = (try Pipe(), try Pipe())
        let child = try spawn(output, errors)
        // The own copies would keep the pipes open.
        output.closeWriting()
        errors.closeWriting()
        let end = monotonicSeconds() + limits.seconds
        var (said, complained): ([UInt8], [UInt8]) = ([], [])
        do throws(Failure) {
            while !(output.isAtEnd && errors.isAtEnd) {
                if isCancelled() { throw .cancelled }
                guard monotonicSeconds() < end else { throw .timedOut }
                Pipe.wait(for: [output, errors], milliseconds: 200)
                output.read { piece in
                    heard(piece)
                    said += piece
                }
                errors.read { complained += $0 }
                guard said.count <= limits.words else { throw .saidTooMuch }
                if complained.count > limits.words { complained.removeFirst(complained.count - limits.words) }
            }
            let status = try waitForEnd(of: child, before: end, isCancelled)
            return Outcome(status: status, output: said, errors: String(decoding: complained, as: UTF8.self))
        } catch {
            kill(-child, SIGKILL)
            var code: CInt = 0
            while waitpid(child, &code, 0) < 0 && errno == EINTR {}
            throw error
        }
    }

    /// Waits for the end of a program that has closed its outputs, and may run on.
    private func waitForEnd(of child: pid_t, before end: Double, _ isCancelled: () -> Bool) throws(Failure) -> CInt {
        var code: CInt = 0
        while case let found = waitpid(child, &code, WNOHANG), found != child {
            guard found == 0, monotonicSeconds() < end else { throw .timedOut }
            if isCancelled() { throw .cancelled }
            usleep(5000)
        }
        // Processes that it has left behind end too.
        kill(-child, SIGKILL)
        guard code & 0x7F == 0 else { throw .killed(code & 0x7F) }
        return code >> 8 & 0xFF
    }

    /// Starts the program by util-linux's own programs, which set the limits and then execute it: between a fork and an exec of this
    /// process no Swift code may run.
    private func spawn(_ output: Pipe, _ errors: Pipe) throws(Failure) -> pid_t {
        let words =
            [
                "/usr/bin/setpriv", "--pdeathsig", "KILL", "/usr/bin/prlimit", "--core=0", "--as=\(limits.memory)",
                "--cpu=\(limits.cpuSeconds):\(limits.cpuSeconds + 1)",
                "--fsize=\(limits.fileSize)", "--", program,
            ] + arguments
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writing, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors.writing, STDERR_FILENO)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { text in strdup(text) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/bin:/bin"), strdup("LC_ALL=C"), nil]
        defer { for pointer in pointers + environment { free(pointer) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, words[0], &actions, &attributes, &pointers, &environment)
        guard code == 0 else { throw .notStarted(String(cString: strerror(code))) }
        return child
    }
}

/// The reading end and the writing end of an output.
private final class Pipe {
    private let reading: CInt
    private(set) var writing: CInt
    private(set) var isAtEnd = false

    init() throws(Subprocess.Failure) {
        var ends: [CInt] = [0, 0]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw .notStarted(String(cString: strerror(errno))) }
        (reading, writing) = (ends[0], ends[1])
        _ = fcntl(reading, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(reading)
        closeWriting()
    }

    func closeWriting() {
        if writing >= 0 { close(writing) }
        writing = -1
    }

    /// Reads the bytes that are available now.
    func read(_ body: (UnsafeRawBufferPointer) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { buffer in
            let count = Glibc.read(reading, buffer.baseAddress, buffer.count)
            if count > 0 { body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
            if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { isAtEnd = true }
        }
    }

    static func wait(for pipes: [Pipe], milliseconds: CInt) {
        var waited = pipes.filter { !$0.isAtEnd }.map { pollfd(fd: $0.reading, events: Int16(POLLIN), revents: 0) }
        poll(&waited, nfds_t(waited.count), milliseconds)
    }
}
