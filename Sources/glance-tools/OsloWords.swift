internal import Glibc
internal import OsloConfig
internal import Service

/// The options that every program of Glance's takes: where its configuration is, and where its log goes. Source: oslo.config,
/// `ConfigOpts`; oslo.log, `common_cli_opts` and `logging_cli_opts`.
enum OsloWords {
    static let options: [CommandWords.Option] = [
        .value("--config-file"), .value("--config-dir"), .flag("-h", "--help"), .flag("--version"), .flag("-d", "--debug"),
        .flag("--nodebug"), .flag("-v", "--verbose"), .flag("--noverbose"), .value("--log-file", "--logfile", "--log_file"),
        .value("--log-dir", "--logdir", "--log_dir"), .flag("--use-syslog"), .flag("--nouse-syslog"), .flag("--use-journal"),
        .flag("--nouse-journal"), .flag("--use-json"), .flag("--nouse-json"), .flag("--watch-log-file"), .flag("--nowatch-log-file"),
        .value("--log-config-append", "--log-config", "--log_config"), .value("--log-date-format"), .value("--syslog-log-facility"),
        .value("--shell_completion"),
    ]

    /// What `--version` says: the release of Glance that all this is like.
    private static let version = "33.0.0"

    /// - Returns: true when the program was only asked who it is.
    static func answersByItself(_ words: CommandWords, usage: String) -> Bool {
        if words.has("-h") {
            write("usage: \(usage)\n")
        } else if words.has("--version") {
            write("\(version)\n")
        } else {
            return false
        }
        return true
    }

    /// The configuration that the words name, and that they change.
    ///
    /// - Parameter usualName: of the file that is looked for when none is named; glance-api's where there is no such file either.
    static func configuration(_ words: CommandWords, usualName: String = "glance-api") throws -> Configuration {
        // What the command line says counts more than any file.
        if words.has("-d") { setenv("OS_DEFAULT__DEBUG", "true", 1) }
        if let file = words["--log-file"] { setenv("OS_DEFAULT__LOG_FILE", file, 1) }
        if let folder = words["--log-dir"] { setenv("OS_DEFAULT__LOG_DIR", folder, 1) }
        let isThere = access("/etc/glance/\(usualName).conf", R_OK) == 0
        return try Programs.configuration(
            files: words.all("--config-file"), directories: words.all("--config-dir"), usualName: isThere ? usualName : "glance-api")
    }

    /// - Throws: for a word that is no option, where a program takes none.
    static func words(_ words: [String], _ more: [CommandWords.Option] = [], usage: String) throws(UsageError) -> CommandWords {
        let read = try CommandWords(words, more + options, usage: usage)
        if let other = read.others.first { throw UsageError("unrecognized arguments: \(other)", usage: usage) }
        return read
    }
}
