internal import ArgumentParser
internal import Assembly
internal import Options

@main
struct GlanceRegistry: ParsableCommand {
    static func main() { main(OsloArguments.ofProcess().words) }

    static let configuration = CommandConfiguration(
        commandName: "glance-registry", abstract: "V1's way to the database, as FastCGI threads behind a web server; for glance-api alone.")

    @Option(name: .long, help: "A configuration file; may be given many times.")
    var configFile: [String] = []

    @Option(name: .long, help: "A folder of configuration files (*.conf); may be given many times.")
    var configDir: [String] = []

    @Option(name: .long, help: "Where requests come in: fd:N of a socket that listens already, or a path.")
    var socket = "fd:0"

    func run() throws {
        try Programs.serveRegistry(
            try ProgramConfiguration.read(files: configFile, directories: configDir), socket: socket)
    }
}
