internal import Files
internal import Glibc

/// The reason why output cannot be written.
package enum OutputError: Error, CustomStringConvertible {
    /// The reader of a pipe has closed it and wants no more.
    case closed
    /// The `errno` number.
    case failed(CInt)

    package var description: String {
        switch self {
        case .closed: "The reader of the output has gone."
        case .failed(let code): "The output cannot be written: \(String(cString: strerror(code)))."
        }
    }
}

/// A file descriptor that a report is written to, through a buffer. Used by one thread.
package final class ReportOutput {
    private let descriptor: CInt
    private var buffer: [UInt8] = []
    /// Whether anything has left the buffer.
    package private(set) var hasWritten = false

    /// Bytes that are written at once.
    private static let piece = 64 * 1024

    /// The process must ignore SIGPIPE, so that a closed pipe is an error and not the end.
    package init(_ descriptor: CInt = STDOUT_FILENO) {
        self.descriptor = descriptor
        buffer.reserveCapacity(Self.piece + 4096)
    }

    package func write(_ text: String) throws(OutputError) {
        buffer.append(contentsOf: text.utf8)
        if buffer.count >= Self.piece { try flush() }
    }

    package func write(_ bytes: [UInt8]) throws(OutputError) {
        buffer.append(contentsOf: bytes)
        if buffer.count >= Self.piece { try flush() }
    }

    /// Writes what is in the buffer.
    package func flush() throws(OutputError) {
        guard !buffer.isEmpty else { return }
        hasWritten = true
        let left = buffer.withUnsafeBytes { writeAll($0, to: descriptor) }
        let code = errno
        buffer.removeAll(keepingCapacity: true)
        guard left > 0 else { return }
        throw code == EPIPE ? .closed : .failed(code)
    }
}

/// A terminal that text is shown on.
package struct Terminal: Sendable {
    /// Columns of a line.
    package let width: Int

    package init(width: Int) { self.width = width }

    /// The terminal behind a descriptor; nil if there is none.
    package init?(_ descriptor: CInt = STDOUT_FILENO) {
        guard isatty(descriptor) != 0 else { return nil }
        var size = winsize()
        let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        width = isKnown ? Int(size.ws_col) : Self.usualWidth
    }

    /// The width of a terminal that does not say its own.
    private static let usualWidth = 80
}
