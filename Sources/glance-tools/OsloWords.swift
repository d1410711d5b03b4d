internal import Glibc
internal import Options
internal import OsloConfig

/// What every program of Glance's takes besides its own options: `OsloArguments` takes most of it out of a command line and heeds it, and
/// this is the rest.
enum OsloWords {
    /// Where the configuration is, and who the program is.
    private static let options: [CommandWords.Option] = [
        .value("--config-file"), .value("--config-dir"), .flag("-h", "--help"), .flag("--version"),
    ]

    /// A command line, and with it what holds for the whole process.
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

    /// The same for a program that takes options alone.
    static func wordsWithoutCommand(
        _ words: [String], _ more: [CommandWords.Option] = [], usage: String
    ) throws(UsageError) -> CommandWords {
        let read = try self.words(words, more, usage: usage)
        if let other = read.others.first { throw UsageError("unrecognized arguments: \(other)", usage: usage) }
        return read
    }

    /// - Returns: true when the program was only asked who it is.
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

    /// The configuration that the words name, or the one of the program.
    static func configuration(_ words: CommandWords, of program: String) throws -> Configuration {
        try ProgramConfiguration.read(files: words.all("--config-file"), directories: words.all("--config-dir"), program: program)
    }
}
