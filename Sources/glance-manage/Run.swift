internal import ArgumentParser
internal import Foundation
internal import Stack

/// `run`: runs the whole service in one folder, for `make run`.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the whole service in one folder: MariaDB, nginx and the workers, until Ctrl-C.")

    @Option(help: "The folder for the database, the store, sockets and logs.")
    var state = ".state"

    @Option(help: "A glance-api.conf to use; without it one is written into the folder.")
    var conf: String?

    @Option(help: "The URL of a MariaDB database, instead of a private server.")
    var db: String?

    @Option(help: "The port of the Images API, on the loopback address.")
    var apiPort = 9292

    @Option(help: "The port of V1's registry, on the loopback address.")
    var registryPort = 9191

    @Option(help: "The port of GET /metrics, on the loopback address; 0 for none. Without it 9193, or what the configuration says.")
    var metricsPort: Int?

    @Option(help: "The project's nginx folder.")
    var nginx = "nginx"

    func run() throws {
        let home = try Home(folder: absolute(state))
        defer { home.leave() }
        let lab = try Lab(
            home: home, configurationFile: try conf.map(absolute) ?? home.configurationFile(), databaseURL: db,
            apiPort: apiPort, registryPort: registryPort, metricsPort: metricsPort, nginxFolder: absolute(nginx))
        try lab.run()
    }

    private func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}
