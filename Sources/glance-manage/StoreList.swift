internal import ArgumentParser
internal import Assembly
internal import Domain

/// `store list`: the stores and folders that can be verified.
struct StoreList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the stores, the staging area and this node's image cache, with their folders.")
    @OptionGroup var arguments: ConfigurationArguments

    func run() throws {
        let stores = try CompositionRoot(arguments.configuration(), program: "glance-manage").verifiedFolders
        let folders = stores.folders
        let width = (stores.names.map(\.count).max() ?? 0) + 2
        for name in stores.names {
            let paths = folders.filter { $0.store == name }.map(\.path)
            for path in paths.isEmpty ? ["-"] : paths { print(name.padding(to: width) + path) }
        }
    }
}

extension String {
    /// The text with blanks up to a number of characters.
    func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
