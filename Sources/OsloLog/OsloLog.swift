package import Domain
internal import Files
internal import Glibc
package import Logging
internal import JSONDocument
internal import ServiceMetrics
internal import Synchronization
internal import Threading

/// A log, whose lines look as oslo.log writes them or are JSON.
package final class OsloLog: Sendable {
    /// Nil for standard error.
    private let file: LogFile?
    private let isJSON: Bool
    let level: Logger.Level
    private let process = String(getpid())
    /// Lines that could not be written, for example on a full disk, and have not been reported yet.
    private let lost = Atomic(0)
    /// Whether the last line was written in part.
    private let isTorn = Atomic(false)
    /// Whether nobody reads standard error.
    private let isStuck = Atomic(false)

    /// - Parameter path: a file to add to; nil is standard error.
    /// - Throws: when the file cannot be opened.
    package init(path: String?, rotation: LogRotation = .never, isJSON: Bool, level: Logger.Level) throws(LogUnwritable) {
        if let path { file = try LogFile(path: path, rotation: rotation) } else { file = nil }
        (self.isJSON, self.level) = (isJSON, level)
    }

    /// Opens the file again, after somebody has renamed it.
    package func reopen() {
        if let news = file?.reopen() { write(.warning, Self.ownName, news) }
    }

    /// The name of the logger that reports on the log itself.
    private static let ownName = "glance.log"

    /// The request and the caller that a line is about.
    package struct Context: Sendable {
        package var trace: Trace?
        package var user: String?
        package var project: String?

        package init(_ trace: Trace? = nil) { self.trace = trace }
    }

    package func logger(_ name: String) -> Logger {
        Logger(label: name) { OsloLogHandler(log: self, name: $0) }
    }

    /// Writes a line in one call, so that lines of several threads and processes stay whole. A line that cannot be written is lost and
    /// counted; no request fails for it.
    ///
    /// - Parameter fields: further members of the line if lines are JSON.
    package func write(
        _ level: Logger.Level, _ name: String, _ message: String, _ context: Context = Context(),
        _ fields: @autoclosure () -> KeyValuePairs<String, JSONField> = [:]
    ) {
        ServiceMetrics.log.records.add(level.label)
        var line = isJSON ? json(level, name, message, context, fields()) : text(level, name, message, context)
        escapeControls(in: &line)
        line.append(UInt8(ascii: "\n"))
        if isTorn.load(ordering: .relaxed), isTorn.exchange(false, ordering: .relaxed) { line.insert(UInt8(ascii: "\n"), at: 0) }
        let (left, news) = line.withUnsafeBytes { bytes in file?.write(bytes) ?? (writeToStandardError(bytes), nil) }
        if let news { write(.warning, Self.ownName, news) }
        guard left == 0 else {
            lost.add(1, ordering: .relaxed)
            ServiceMetrics.log.lost.add()
            if left < line.count { isTorn.store(true, ordering: .relaxed) }
            return
        }
        guard lost.load(ordering: .relaxed) > 0 else { return }
        let count = lost.exchange(0, ordering: .relaxed)
        if count > 0 { write(.warning, Self.ownName, "\(count) lines before this one could not be written") }
    }

    /// A pipe that nobody reads would block every thread that logs. So it is waited for once, and not again until somebody reads it.
    private func writeToStandardError(_ bytes: UnsafeRawBufferPointer) -> Int {
        var wanted = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        let isReady = poll(&wanted, 1, isStuck.load(ordering: .relaxed) ? 0 : 1000) > 0
        isStuck.store(!isReady, ordering: .relaxed)
        return isReady ? writeAll(bytes, to: STDERR_FILENO) : bytes.count
    }

    package enum JSONField: Sendable {
        case text(String?)
        case number(Int64)
    }

    /// A line such as `2026-11-23 08:07:00.123 4711 INFO glance.api [None req-… user project - - - -] message`.
    ///
    /// Source: oslo.log, `logging_context_format_string` and `logging_user_identity_format`.
    private func text(_ level: Logger.Level, _ name: String, _ message: String, _ context: Context) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        func add(_ word: String, then sign: String = " ") {
            line.append(contentsOf: word.utf8)
            line.append(contentsOf: sign.utf8)
        }
        Self.addNow(to: &line)
        add(" ", then: process)
        add(" ", then: level.osloName)
        add(" ", then: name)
        add(" [", then: "")
        if let trace = context.trace {
            add(trace.globalRequestID ?? "None")
            add(trace.requestID)
            add(context.user ?? "-")
            add(context.project ?? "-", then: " - - - -] ")
        } else {
            add("-] ", then: "")
        }
        add(message, then: "")
        return line
    }

    /// A line as a JSON object. Source: oslo.log, `JSONFormatter`.
    private func json(
        _ level: Logger.Level, _ name: String, _ message: String, _ context: Context, _ fields: KeyValuePairs<String, JSONField>
    ) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("asctime", Self.now())
            json.member("process", Int64(process))
            json.member("levelname", level.osloName)
            json.member("name", name)
            json.member("message", message)
            if let trace = context.trace {
                json.member("request_id", trace.requestID)
                json.member("global_request_id", trace.globalRequestID)
                json.member("user_id", context.user)
                json.member("project_id", context.project)
            }
            for (name, field) in fields {
                switch field {
                case .text(let value): json.member(name, value)
                case .number(let value): json.member(name, value)
                }
            }
        }
        return json.bytes
    }

    private static func now() -> String {
        var text: [UInt8] = []
        addNow(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Adds the present moment as `2026-11-23 08:07:00.123`, in local time.
    private static func addNow(to text: inout [UInt8]) {
        var moment = wallTime()
        var fields = tm()
        localtime_r(&moment.tv_sec, &fields)
        func add(_ value: CInt, digits: Int, then sign: Unicode.Scalar? = nil) {
            var divisor: CInt = digits == 4 ? 1000 : digits == 3 ? 100 : 10
            while divisor > 0 {
                text.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
                divisor /= 10
            }
            if let sign { text.append(UInt8(ascii: sign)) }
        }
        add(fields.tm_year + 1900, digits: 4, then: "-")
        add(fields.tm_mon + 1, digits: 2, then: "-")
        add(fields.tm_mday, digits: 2, then: " ")
        add(fields.tm_hour, digits: 2, then: ":")
        add(fields.tm_min, digits: 2, then: ":")
        add(fields.tm_sec, digits: 2, then: ".")
        add(CInt(moment.tv_nsec / 1_000_000), digits: 3)
    }
}

/// A log file cannot be opened.
package struct LogUnwritable: Error, CustomStringConvertible {
    package let path: String
    /// `errno`.
    package let code: CInt

    package var description: String { "the log file \(path) cannot be opened: \(String(cString: strerror(code)))" }
}

struct OsloLogHandler: LogHandler {
    let log: OsloLog
    let name: String
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    init(log: OsloLog, name: String) {
        (self.log, self.name, logLevel) = (log, name, log.level)
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        log.write(event.level, name, event.message.description, OsloLog.Context(Trace.current))
    }
}

extension Logger.Level {
    fileprivate var label: LevelLabel {
        switch self {
        case .trace, .debug: .debug
        case .info, .notice: .info
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }

    fileprivate var osloName: String {
        switch self {
        case .trace, .debug: "DEBUG"
        case .info, .notice: "INFO"
        case .warning: "WARNING"
        case .error: "ERROR"
        case .critical: "CRITICAL"
        }
    }
}
