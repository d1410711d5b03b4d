package import OsloConfig
package import OsloLog

extension Options {
    /// Options of the log and of the rotation of its file. Source: oslo.log, `_options.py` and `log.py`.
    package struct Log: OptionDeclarations {
        package let debug = Option<Bool>.flag("DEFAULT", "debug", default: false)
            .help("Whether the log has lines of the level DEBUG.")
        package let useJSON = Option<Bool>.flag("DEFAULT", "use_json", default: false)
            .help("Whether a line of the log is a JSON object.")
        package let file = Option<String?>.optionalText("DEFAULT", "log_file").formerly("logfile")
            .help("File of the log, inside log_dir where that is set and the name is relative; without either, standard error.")
        package let folder = Option<String?>.optionalText("DEFAULT", "log_dir").formerly("logdir")
            .help("Folder of the log; where log_file is not set, the file has the program's name.")
        package let watchFile = Option<Bool>.flag("DEFAULT", "watch_log_file", default: false)
            .help("No effect: a log file that was renamed is always begun anew.")
            .ofOlderGlance()
        package enum RotationType: String, CaseIterable, Sendable {
            case none, interval, size
        }
        package let rotationType = Option<RotationType>.choice(
            "DEFAULT", "log_rotation_type", default: RotationType.none, ignoresCase: true
        )
        .help("When a log file gives way to a new one: never, after an interval, or at a size.")
        package let rotateInterval = Option<Int>.int("DEFAULT", "log_rotate_interval", default: 1, in: 0...1_000_000)
            .help("Units from one log file to the next, where log_rotation_type is interval; for weekday the day, 0 for Monday.")
        package let rotateIntervalType = Option<LogRotation.Unit>.choice(
            "DEFAULT", "log_rotate_interval_type", default: .days, ignoresCase: true
        )
        .help("Unit of log_rotate_interval.")
        package let maxFileCount = Option<Int>.int("DEFAULT", "max_logfile_count", default: 30, in: 0...1_000_000)
            .help("Old log files that are kept; 0 keeps all that an interval made, and has size make none.")
        package let maxFileSize = Option<Int>.int("DEFAULT", "max_logfile_size_mb", default: 200, in: 0...(1 << 30))
            .help("Mebibytes of a log file, where log_rotation_type is size.")
    }
}
