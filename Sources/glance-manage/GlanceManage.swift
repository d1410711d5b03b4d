internal import ArgumentParser

@main
struct GlanceManage: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "glance-manage", abstract: "Looks after the image service.",
        subcommands: [DB.self, NginxCommand.self, PolicyCommand.self, Run.self, Scrub.self])
}

struct ConfigurationArguments: ParsableArguments {
    @Option(name: .long, help: "A configuration file; may be given many times.")
    var configFile: [String] = []

    @Option(name: .long, help: "A folder of configuration files (*.conf); may be given many times.")
    var configDir: [String] = []
}
