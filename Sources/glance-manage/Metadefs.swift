internal import ArgumentParser
internal import Assembly
internal import Domain
internal import Foundation
internal import Options
internal import OsloConfig
internal import Persistence

extension DB {
    struct LoadMetadefs: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "load_metadefs", abstract: "Loads metadata definitions from files.",
            discussion: """
                Each file is a namespace, all of it or nothing. Namespaces that there are stay as they are, unless --merge adds \
                what they do not have yet. Ends with 1 when what a file says could not be taken; what is not there, or is no JSON, is \
                told and passed over, as Glance does.
                """)
        @OptionGroup var arguments: ConfigurationArguments
        @OptionGroup var place: MetadefPlace

        @Flag(name: .customLong("merge"), help: "Add to existing namespaces.")
        var merges = false

        @Flag(name: .customLong("prefer_new"), help: "With --merge: replace existing definitions by those of the file.")
        var prefersNew = false

        @Flag(name: .customLong("overwrite"), help: "With --merge: replace the content of existing namespaces by that of the file.")
        var overwrites = false

        private var mode: MetadefLoading { overwrites ? .overwrite : prefersNew ? .preferNew : merges ? .merge : .skip }

        func run() throws {
            // Not an error: Glance's command succeeds here too, and tools rely on it.
            guard merges || !prefersNew && !overwrites else { return Self.say("--prefer_new and --overwrite go with --merge.") }
            guard !prefersNew || !overwrites else { return Self.say("--prefer_new and --overwrite exclude each other.") }
            let catalog = try arguments.catalog()
            let paths: [String]
            do {
                paths = try MetadefFile.paths(at: try place.path(arguments))
            } catch let error as MetadefFile.Unreadable {
                return Self.say("\(error) Nothing was loaded.")
            }
            var hasFailed = false
            for path in paths {
                do {
                    let draft = try MetadefFile.read(path)
                    let isLoaded = try catalog.load(draft, mode)
                    print(isLoaded ? "\(path): loaded \(draft.fields.name)" : "\(path): \(draft.fields.name) is there already")
                } catch let error as MetadefFile.Unparsable {
                    Self.say("\(path): \(error)")
                } catch {
                    hasFailed = true
                    Self.say("\(path): \(error)")
                }
            }
            if hasFailed { throw ExitCode(1) }
        }

        private static func say(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
    }

    struct UnloadMetadefs: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "unload_metadefs", abstract: "Removes all metadata definitions from the database.")
        @OptionGroup var arguments: ConfigurationArguments

        func run() throws {
            try arguments.catalog().clear()
            print("All metadata definitions are removed.")
        }
    }

    struct ExportMetadefs: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export_metadefs", abstract: "Writes metadata definitions to files, one for each namespace.")
        @OptionGroup var arguments: ConfigurationArguments
        @OptionGroup var place: MetadefPlace

        func run() throws {
            let catalog = try arguments.catalog()
            let folder = try place.path(arguments)
            var taken: Set<String> = []
            for name in try catalog.names() {
                let namespace = try catalog.wholeNamespace(name)
                let file = MetadefFile.name(for: namespace, taken: taken)
                taken.insert(file.lowercased())
                try MetadefFile.write(namespace, to: "\(folder)/\(file).json")
                print("\(folder)/\(file).json: \(name)")
            }
        }
    }
}

struct MetadefPlace: ParsableArguments {
    @ArgumentParser.Option(help: "A file, or a folder of *.json files, instead of metadata_source_path.")
    var path: String?

    /// The path without slashes at its end.
    func path(_ arguments: ConfigurationArguments) throws -> String {
        let named = self.path.flatMap { $0.isEmpty ? nil : $0 }
        let path = try named ?? arguments.configuration()(options.database.metadataSourcePath)
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}

extension ConfigurationArguments {
    fileprivate func catalog() throws -> MariaDBCatalog {
        MariaDBCatalog(try CompositionRoot(configuration(), program: "glance-manage").database)
    }
}
