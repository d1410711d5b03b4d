internal import Foundation
internal import Glibc
internal import Text

/// A program of a site that is restarted when it ends, unless it cannot start.
final class Watched {
    private let spawn: () throws -> ChildProcess
    private let log: String
    private(set) var process: ChildProcess
    /// Whether it has reported that it started.
    private(set) var isReady = false
    /// The number of consecutive ends before that, and the earliest time of the next start.
    private var (failures, pausedUntil) = (0, Date.distantPast)
    /// Bytes of the log when it was started.
    private var logStart: UInt64

    /// The number of consecutive failed starts after which it is given up; the first pause between starts in seconds, which doubles.
    private static let (tries, firstPause) = (5, 0.5)

    /// - Parameter log: the file that its output is appended to.
    init(log: String, _ spawn: @escaping () throws -> ChildProcess) throws {
        (self.log, self.spawn, logStart) = (log, spawn, size(of: log))
        process = try spawn()
    }

    var isRunning: Bool { process.isRunning }

    func note(ready processes: [Int32]) {
        if processes.contains(process.id) { (isReady, failures) = (true, 0) }
    }

    /// The reason why it cannot start, in its own words.
    var sentence: String { "\(process.name) \(process.ending ?? "does not say that it is ready"): \(tail(of: log, from: logStart))" }

    /// Restarts it if it ended; after a pause if it ended during its start.
    ///
    /// - Returns: whether it was restarted.
    /// - Throws: `NotStarted` if it ended during its start too often.
    func revive() throws -> Bool {
        guard !isRunning, pausedUntil < Date() else { return false }
        // A program that was killed may well be able to start.
        if !isReady, !process.wasKilled, pausedUntil == .distantPast {
            failures += 1
            guard failures < Self.tries else {
                throw ChildProcess.NotStarted(description: "\(sentence); it was started \(Self.tries) times")
            }
            pausedUntil = Date().addingTimeInterval(Self.firstPause * Double(1 << (failures - 1)))
            return false
        }
        (isReady, pausedUntil, logStart) = (false, .distantPast, size(of: log))
        process = try spawn()
        return true
    }
}

private func size(of path: String) -> UInt64 {
    var info = stat()
    return stat(path, &info) == 0 ? UInt64(info.st_size) : 0
}

/// The last output of a program, from a position of its log on: its error if it ended with one, else the last lines.
func tail(of path: String, from start: UInt64 = 0) -> String {
    guard let file = FileHandle(forReadingAtPath: path) else { return "see \(path)" }
    defer { try? file.close() }
    let end = (try? file.seekToEnd()) ?? 0
    // The log may have been replaced by a shorter file.
    let first = max(start <= end ? start : 0, end > 4096 ? end - 4096 : 0)
    try? file.seek(toOffset: first)
    let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
    let lines = text.split(separator: "\n").map { trimmed($0) }.filter { !$0.isEmpty }
    if let error = lines.last(where: { $0.hasPrefix("Error: ") }) { return String(error.dropFirst("Error: ".count)) }
    return lines.isEmpty ? "it wrote nothing" : lines.suffix(3).joined(separator: " / ")
}
