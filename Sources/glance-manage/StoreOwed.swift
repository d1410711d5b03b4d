internal import ArgumentParser
internal import Assembly
internal import Domain
internal import JSONDocument

/// The choice of owed removals.
struct OwedChoice: ParsableArguments {
    @Option(help: "Those of one store, by its name in `store list`.")
    var store: String?
    @Option(help: "Those of one image.")
    var image: String?

    /// Passes the chosen removals to a closure, in pieces.
    func forEach(of root: CompositionRoot, _ body: ([RecordedRemoval]) throws -> Void) throws {
        let list = try root.owedRemovals
        if let store, !(try root.verifiedFolders.names.contains(store)) {
            throw ValidationError("--store: there is no store '\(store)'; `store list` shows those that are")
        }
        var last: Int64 = 0
        while true {
            let some = try list.owedRemovals(after: last, atMost: 500)
            guard let end = some.last else { return }
            last = end.removal.number
            let wanted = try some.filter { owed in
                let removal = owed.removal
                guard image == nil || image?.lowercased() == removal.image.text.lowercased() else { return false }
                return try store == nil || root.storeName(of: removal.url) == store
            }
            if !wanted.isEmpty { try body(wanted) }
        }
    }
}

/// `store owed`: the data that is still to be removed.
struct StoreOwed: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "owed", abstract: "Lists data of deleted images, and of removed locations, that is still to be removed.",
        discussion: """
            glance-tasks removes such data within a minute. What stays in this list is in a store that does not answer, or in one whose engine \
            is not here, such as Cinder: remove it there, then run `store forget`.
            """)
    @OptionGroup var arguments: ConfigurationArguments
    @OptionGroup var choice: OwedChoice
    @Option(help: "table, or json: one object a line.")
    var format = Format.table

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json
    }

    func run() throws {
        let root = try CompositionRoot(arguments.configuration(), program: "glance-manage")
        var count = 0
        try choice.forEach(of: root) { some in
            count += some.count
            for owed in some {
                switch format {
                case .json: print(String(decoding: JSON.object(owed.fields).text, as: UTF8.self))
                case .table: print(owed.line)
                }
            }
        }
        if format == .table { print("\(count) removals are owed.") }
    }
}

/// `store forget`: an operator's word that data is removed.
struct StoreForget: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget", abstract: "Forgets removals that are owed, and prints the locations.",
        discussion: """
            The data is not touched. Forget what you have removed yourself, such as volumes of Cinder's, or mean to keep. It asks on a \
            terminal; elsewhere it needs --yes.
            """)
    @OptionGroup var arguments: ConfigurationArguments
    @OptionGroup var choice: OwedChoice
    @Flag(help: "Do not ask.")
    var yes = false

    func validate() throws {
        if choice.store == nil, choice.image == nil { throw ValidationError("Name --store or --image.") }
    }

    func run() throws {
        let root = try CompositionRoot(arguments.configuration(), program: "glance-manage")
        let list = try root.owedRemovals
        var count = 0
        try choice.forEach(of: root) { some in
            if count == 0 {
                let what = choice.store.map { "store '\($0)'" } ?? "image \(choice.image ?? "")"
                guard try Consent.ask("Forget the removals of \(what) that are owed? Their data stays where it is.", isGiven: yes) else {
                    throw ExitCode.failure
                }
            }
            do throws(Fault) { try list.forget(some) } catch { throw CommandFailed(error) }
            for owed in some { print(owed.line) }
            count += some.count
        }
        print("\(count) removals are forgotten.")
    }
}

extension RecordedRemoval {
    private var location: String { ImageLocation(url: removal.url).shownURL }

    fileprivate var line: String { "\(owedSince)  \(removal.image)  \(location)" }

    fileprivate var fields: JSONObject {
        [
            "image": .string(removal.image.text), "location": .string(location), "owed_since": .string(owedSince.description),
            "failed_tries": .int(Int64(tries)),
        ]
    }
}
