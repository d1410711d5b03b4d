internal import ArgumentParser
internal import Assembly
internal import Stack

/// `nginx`: prints the part of nginx's configuration that depends on the stores.
struct NginxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nginx", abstract: "Prints the internal locations from which nginx sends the stores' data.",
        discussion: "Use the output as vitrine/glance-stores.conf.")
    @OptionGroup var arguments: ConfigurationArguments

    func run() throws {
        let root = try CompositionRoot(arguments.configuration(), program: "glance-manage")
        print(Site.locations(try root.internalFolders(), try root.remotePlaces()))
    }
}
