internal import Logging
internal import Options
internal import OsloConfig
internal import OsloLog

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
