internal import Assembly
internal import Domain
internal import Glibc
internal import Operations
internal import Options
internal import OsloConfig

/// Removes the data of images whose deletion was delayed, once or repeatedly. It may run beside a restore: an image is either removed or
/// restored, never both.
enum ScrubberCommand {
    static func run(_ name: String, _ words: [String]) throws -> Int32 {
        let usage = "\(name) [--config-file PATH] [--config-dir DIR] [--daemon | --restore IMAGE_ID] [--wakeup_time SECONDS] [--debug]"
        let ownOptions: [CommandWords.Option] = [
            .flag("-D", "--daemon"), .flag("--nodaemon"), .value("--restore"), .value("--wakeup_time", "--wakeup-time"),
        ]
        let words = try OsloWords.wordsWithoutCommand(words, ownOptions, usage: usage)
        if OsloWords.answersByItself(words, usage: usage) { return 0 }
        guard !words.has("-D") || words["--restore"] == nil else {
            write("ERROR: --restore and --daemon exclude each other.\n", to: STDERR_FILENO)
            return 1
        }
        let configuration = try OsloWords.configuration(words, of: name)
        let scrubber = try CompositionRoot(configuration, program: name).makeScrubber()
        if let image = words["--restore"] {
            try scrubber.restore(ImageID(image))
            write("Image \(image) is active again.\n")
            return 0
        }
        guard words.has("-D") else {
            try scrub(scrubber)
            return 0
        }
        let pause = try words["--wakeup_time"].map(Self.seconds) ?? configuration(options.deletion.wakeupTime)
        while true {
            // The program may be ended at any moment, and continues after a restart.
            do { try scrub(scrubber) } catch { write("\(name): \(error); tried again in \(pause) s\n", to: STDERR_FILENO) }
            sleep(UInt32(clamping: max(1, pause)))
        }
    }

    private static func seconds(_ text: String) throws(UsageError) -> Int {
        guard let seconds = Int(text), seconds >= 0 else {
            throw UsageError("argument --wakeup_time: '\(text)' is not a number of seconds")
        }
        return seconds
    }

    private static func scrub(_ scrubber: Scrubber) throws {
        let count = try scrubber.scrubShowingProgress()
        if count > 0 || isatty(STDOUT_FILENO) != 0 { write("\(count) images scrubbed.\n") }
    }
}
