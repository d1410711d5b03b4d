internal import ArgumentParser
internal import Assembly
internal import ImportTransforms
internal import Messaging
internal import Options

@main
struct GlanceTasks: ParsableCommand {
    static func main() { main(OsloArguments.ofProcess().words) }

    static let configuration = CommandConfiguration(
        commandName: "glance-tasks", abstract: "Does background work: imports, copies, deletions, expired leases, notifications.")

    @Option(name: .long, help: "A configuration file; may be given many times.")
    var configFile: [String] = []

    @Option(name: .long, help: "A folder of configuration files (*.conf); may be given many times.")
    var configDir: [String] = []

    func run() throws {
        try Programs.runTasks(
            try ProgramConfiguration.read(files: configFile, directories: configDir),
            tools: ImportTools(unpacker: StreamUnpacker(), makeConverter: { QemuImg($0) }), makeBrokerSender: { MessagingSender($0) })
    }
}
