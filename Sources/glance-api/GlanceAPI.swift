internal import ArgumentParser
internal import Assembly
internal import FastCGI
internal import Options

@main
struct Main {
    static func main() {
        if Exchange.isCGI { Programs.serveCGI() } else { GlanceAPI.main(OsloArguments.ofProcess().words) }
    }
}

struct GlanceAPI: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "glance-api",
        abstract: "The Images API as FastCGI threads behind a web server; as plain CGI when one starts it so.")

    @Option(name: .long, help: "A configuration file; may be given many times.")
    var configFile: [String] = []

    @Option(name: .long, help: "A folder of configuration files (*.conf); may be given many times.")
    var configDir: [String] = []

    @Option(name: .long, help: "Socket for short requests: fd:N of one that listens already, or a path.")
    var metadata = "fd:0"

    @Option(name: .long, help: "Socket for requests with images in them. Without it all come by the other.")
    var data: String?

    func run() throws {
        try Programs.serve(try ProgramConfiguration.read(files: configFile, directories: configDir), metadata: metadata, data: data)
    }
}
