internal import ArgumentParser
internal import Assembly
internal import Domain
internal import Operations

/// `scrub`: removes the data of images whose deletion was delayed, or restores such an image.
struct Scrub: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Removes the data of images whose deletion was delayed, or restores such an image.",
        discussion: """
            Without --restore: of images deleted `scrub_time` seconds ago or before. It may be interrupted, and goes on when it is \
            started again; `glance-tasks` does the same by itself every `wakeup_time` seconds.
            """)
    @OptionGroup var arguments: ConfigurationArguments

    @Option(name: .long, help: "The id of an image that becomes active again, with its locations, properties, tags and members.")
    var restore: String?

    func run() throws {
        let scrubber = try CompositionRoot(arguments.configuration(), program: "glance-manage").makeScrubber()
        if let restore {
            do throws(Fault) {
                try scrubber.restore(ImageID(restore))
            } catch {
                throw ValidationError(error.message)
            }
            return print("Image \(restore) is active again.")
        }
        print("\(try scrubber.scrubShowingProgress()) images scrubbed.")
    }
}
