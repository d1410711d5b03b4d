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
        abstract: "Serves the Images API by FastCGI behind a web server, or one request as a CGI program.")

    @Option(name: .long, help: "A configuration file; may be given many times.")
    var configFile: [String] = []

    @Option(name: .long, help: "A folder of configuration files (*.conf); may be given many times.")
    var configDir: [String] = []

    @Option(name: .long, help: "The socket for short requests: fd:N for an inherited one that listens, or a path.")
    var metadata = "fd:0"

    @Option(name: .long, help: "The socket for requests with image data; without it all requests use the other one.")
    var data: String?

    func run() throws {
        try Programs.serve(try ProgramConfiguration.read(files: configFile, directories: configDir), metadata: metadata, data: data)
    }
}
