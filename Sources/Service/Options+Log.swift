internal import Logging
internal import OsloConfig

/// Where the log goes, and when its file gives way to a new one. Source: oslo.log, `_options.py` and `log.py`.
extension Options {
    static let debug = Option<Bool>.flag("DEFAULT", "debug", default: false)
        .help("Whether the log has lines of the level DEBUG.")
    static let useJSON = Option<Bool>.flag("DEFAULT", "use_json", default: false)
        .help("Whether a line of the log is a JSON object.")
    static let logFile = Option<String?>.optionalText("DEFAULT", "log_file").formerly("logfile")
        .help("File of the log, inside log_dir where that is set and the name is relative; without either, standard error.")
    static let logDir = Option<String?>.optionalText("DEFAULT", "log_dir").formerly("logdir")
        .help("Folder of the log; where log_file is not set, the file has the program's name.")
    static let watchLogFile = Option<Bool>.flag("DEFAULT", "watch_log_file", default: false)
        .help("No effect: a log file that was renamed is always begun anew.")
        .ofOlderGlance()

    enum RotationType: String, CaseIterable, Sendable {
        case none, interval, size
    }
    static let logRotationType = Option<RotationType>.choice("DEFAULT", "log_rotation_type", default: RotationType.none, ignoresCase: true)
        .help("When a log file gives way to a new one: never, after an interval, or at a size.")
    static let logRotateInterval = Option<Int>.int("DEFAULT", "log_rotate_interval", default: 1, in: 0...1_000_000)
        .help("Units from one log file to the next, where log_rotation_type is interval; for weekday the day, 0 for Monday.")
    static let logRotateIntervalType = Option<LogRotation.Unit>.choice(
        "DEFAULT", "log_rotate_interval_type", default: .days, ignoresCase: true
    )
    .help("Unit of log_rotate_interval.")
    static let maxLogFileCount = Option<Int>.int("DEFAULT", "max_logfile_count", default: 30, in: 0...1_000_000)
        .help("Old log files that are kept; 0 keeps all that an interval made, and has size make none.")
    static let maxLogFileSize = Option<Int>.int("DEFAULT", "max_logfile_size_mb", default: 200, in: 0...(1 << 30))
        .help("Mebibytes of a log file, where log_rotation_type is size.")

    static let logging: [OptionKey] = [
        debug.key, useJSON.key, logFile.key, logDir.key, watchLogFile.key, logRotationType.key, logRotateInterval.key,
        logRotateIntervalType.key, maxLogFileCount.key, maxLogFileSize.key,
    ]
}

extension OsloLog {
    /// The log that a configuration wants.
    ///
    /// - Parameter program: names the file in `log_dir`.
    convenience init(_ configuration: Configuration, program: String) throws {
        let file = try configuration(Options.logFile)
        let folder = try configuration(Options.logDir)
        let path: String? =
            switch (file, folder) {
            case (let file?, let folder?): file.hasPrefix("/") ? file : "\(folder)/\(file)"
            case (let file?, nil): file
            case (nil, let folder?): "\(folder)/\(program).log"
            case (nil, nil): nil
            }
        try self.init(
            path: path, rotation: try Self.rotation(configuration), isJSON: try configuration(Options.useJSON),
            level: try configuration(Options.debug) ? .debug : .info)
    }

    private static func rotation(_ configuration: Configuration) throws -> LogRotation {
        let kept = try configuration(Options.maxLogFileCount)
        switch try configuration(Options.logRotationType) {
        case .none: return .never
        case .size: return .bySize(bytes: try configuration(Options.maxLogFileSize) << 20, kept: kept)
        case .interval:
            let unit = try configuration(Options.logRotateIntervalType)
            let count = try configuration(Options.logRotateInterval)
            guard unit == .weekday ? count <= 6 : count > 0 else {
                throw ConfigurationError(
                    place: "[DEFAULT] log_rotate_interval",
                    reason: unit == .weekday ? "is no day of the week: 0 for Monday to 6 for Sunday" : "is 0")
            }
            return .byTime(LogInterval(count: count, unit: unit), kept: kept)
        }
    }
}
