internal import ArgumentParser
internal import Assembly
internal import Options

@main
struct GlanceRegistry: ParsableCommand {
    static func main() { main(OsloArguments.ofProcess().words) }

    static let configuration = CommandConfiguration(
        commandName: "glance-registry", abstract: "Serves the registry of V1 to glance-api, by FastCGI behind a web server.")

    @Option(name: .long, help: "A configuration file; may be given many times.")
    var configFile: [String] = []

    @Option(name: .long, help: "A folder of configuration files (*.conf); may be given many times.")
    var configDir: [String] = []

    @Option(name: .long, help: "The socket for requests: fd:N for an inherited one that listens, or a path.")
    var socket = "fd:0"

    func run() throws {
        try Programs.serveRegistry(
            try ProgramConfiguration.read(files: configFile, directories: configDir), socket: socket)
    }
}
