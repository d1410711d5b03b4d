internal import Logging
internal import Options
internal import OsloConfig
internal import OsloLog

extension OsloLog {
    /// Makes the log that a configuration describes.
    ///
    /// - Parameter program: the name of the file in `log_dir`.
    convenience init(_ configuration: Configuration, program: String) throws {
        let file = try configuration(options.log.file)
        let folder = try configuration(options.log.folder)
        let path: String? =
            switch (file, folder) {
            case (let file?, let folder?): file.hasPrefix("/") ? file : "\(folder)/\(file)"
            case (let file?, nil): file
            case (nil, let folder?): "\(folder)/\(program).log"
            case (nil, nil): nil
            }
        try self.init(
            path: path, rotation: try Self.rotation(configuration), isJSON: try configuration(options.log.useJSON),
            level: try configuration(options.log.debug) ? .debug : .info)
    }

    private static func rotation(_ configuration: Configuration) throws -> LogRotation {
        let kept = try configuration(options.log.maxFileCount)
        switch try configuration(options.log.rotationType) {
        case .none: return .never
        case .size: return .bySize(bytes: try configuration(options.log.maxFileSize) << 20, kept: kept)
        case .interval:
            let unit = try configuration(options.log.rotateIntervalType)
            let count = try configuration(options.log.rotateInterval)
            guard unit == .weekday ? count <= 6 : count > 0 else {
                throw ConfigurationError(
                    place: "[DEFAULT] log_rotate_interval",
                    reason: unit == .weekday ? "is no day of the week: 0 for Monday to 6 for Sunday" : "is 0")
            }
            return .byTime(LogInterval(count: count, unit: unit), kept: kept)
        }
    }
}
