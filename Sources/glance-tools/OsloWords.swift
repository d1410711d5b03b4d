internal import Glibc
internal import Options
internal import OsloConfig

/// The options that all of Glance's programs have: `OsloArguments` removes and applies most of them, and this handles the rest.
enum OsloWords {
    /// Options for the configuration, help and version.
    private static let options: [CommandWords.Option] = [
        .value("--config-file"), .value("--config-dir"), .flag("-h", "--help"), .flag("--version"),
    ]

    /// Parses a command line, and applies the options for the whole process.
    static func words(_ words: [String], _ more: [CommandWords.Option] = [], usage: String) throws(UsageError) -> CommandWords {
        let common: OsloArguments
        do throws(OsloArguments.Refused) {
            common = try OsloArguments(words)
        } catch {
            throw UsageError(error.description, usage: usage)
        }
        for (name, value) in common.settings { setenv(name, value, 1) }
        let version = common.asksForVersion ? ["--version"] : []
        return try CommandWords(version + common.words, more + options, usage: usage)
    }

    /// The same for a program that takes options only.
    static func wordsWithoutCommand(
        _ words: [String], _ more: [CommandWords.Option] = [], usage: String
    ) throws(UsageError) -> CommandWords {
        let read = try self.words(words, more, usage: usage)
        if let other = read.others.first { throw UsageError("unrecognized arguments: \(other)", usage: usage) }
        return read
    }

    /// - Returns: true if the help or version was printed, so that nothing else is to be done.
    static func answersByItself(_ words: CommandWords, usage: String) -> Bool {
        if words.has("-h") {
            write("usage: \(usage)\n")
        } else if words.has("--version") {
            write("\(OsloArguments.version)\n")
        } else {
            return false
        }
        return true
    }

    /// The configuration that the command line names, or the program's default.
    static func configuration(_ words: CommandWords, of program: String) throws -> Configuration {
        try ProgramConfiguration.read(files: words.all("--config-file"), directories: words.all("--config-dir"), program: program)
    }
}
