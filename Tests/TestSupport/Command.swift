import Foundation
import Glibc

/// A program that ran to its end, with its output.
package struct Command {
    /// Its exit status; 128 and the signal's number if a signal ended it.
    package let status: Int32
    package let output: [UInt8]
    package let errors: String

    package struct Failed: Error, CustomStringConvertible {
        package let description: String
        package init(_ description: String) { self.description = description }
    }

    /// Runs a program. Its input and output are files, so that neither side waits for the other.
    ///
    /// - Parameters:
    ///   - environment: the whole environment.
    ///   - input: the content of standard input; nil for none.
    ///   - hasTerminal: whether standard input is a terminal, as for a user who types.
    ///   - limit: seconds after which it is killed.
    package init(
        _ program: String, _ arguments: [String], environment: [String: String] = ["PATH": "/usr/bin:/usr/sbin:/bin:/sbin"],
        input: [UInt8]? = nil, hasTerminal: Bool = false, limit: Double = 180
    ) throws {
        let streams = try Streams(input: input, hasTerminal: hasTerminal)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, streams.input, O_RDONLY | O_NOCTTY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, streams.output, O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, streams.errors, O_WRONLY | O_CREAT, 0o600)
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in words + variables { free(text) } }
        var id: pid_t = 0
        let code = posix_spawnp(&id, program, &actions, nil, &words, &variables)
        guard code == 0 else { throw Failed("\(program): \(String(cString: strerror(code)))") }

        var ended: CInt = 0
        if !eventually(within: limit, { waitpid(id, &ended, WNOHANG) == id }) {
            kill(id, SIGKILL)
            waitpid(id, &ended, 0)
            throw Failed("\(program) \(arguments.joined(separator: " ")) did not end within \(limit) s")
        }
        self.init(ended, streams)
    }

    /// - Parameter ended: the status from `waitpid`.
    init(_ ended: CInt, _ streams: Streams) {
        status = ended & 0x7F == 0 ? ended >> 8 & 0xFF : 128 + ended & 0x7F
        output = Array(FileManager.default.contents(atPath: streams.output) ?? Data())
        errors = String(decoding: FileManager.default.contents(atPath: streams.errors) ?? Data(), as: UTF8.self)
    }

    /// The files of a program's standard input, output and errors, removed with their last owner.
    final class Streams {
        let input, output, errors: String
        private let folder: String
        private let terminal: CInt

        init(input bytes: [UInt8]?, hasTerminal: Bool) throws {
            folder = "\(TestFolder.root)/command-\(UInt64.random(in: 0 ... .max))"
            (output, errors) = ("\(folder)/out", "\(folder)/err")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            if let bytes { try Data(bytes).write(to: URL(filePath: "\(folder)/in")) }
            terminal = hasTerminal ? open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC) : -1
            // TIOCSPTLCK and TIOCGPTN: macros that Swift does not import.
            var (isLocked, number): (CInt, CInt) = (0, 0)
            let isTyped = terminal >= 0 && ioctl(terminal, 0x4004_5431, &isLocked) == 0 && ioctl(terminal, 0x8004_5430, &number) == 0
            input = isTyped ? "/dev/pts/\(number)" : bytes == nil ? "/dev/null" : "\(folder)/in"
        }

        deinit {
            if terminal >= 0 { close(terminal) }
            try? FileManager.default.removeItem(atPath: folder)
        }
    }

    package var text: String { String(decoding: output, as: UTF8.self) }

    /// This command, if it succeeded; else an error is thrown.
    @discardableResult
    package func succeeded() throws -> Command {
        guard status == 0 else { throw Failed("status \(status): \(errors)\(text.suffix(2000))") }
        return self
    }
}
