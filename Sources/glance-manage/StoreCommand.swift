internal import ArgumentParser

/// `store`: what the stores have.
struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Compares the stores with the records of images.",
        subcommands: [StoreForget.self, StoreList.self, StoreOwed.self, StoreQuarantine.self, StoreVerify.self])
}
