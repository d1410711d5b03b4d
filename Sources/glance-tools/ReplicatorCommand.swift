internal import Assembly
internal import Domain
internal import Glibc
internal import HTTPClient
internal import OsloConfig
internal import Replication

/// Copies images between services, and to folders and back. Source: Glance 33, `glance-replicator`.
enum ReplicatorCommand {
    private static let usage =
        "glance-replicator [-c BYTES] [-D NAMES] [-m] [-t TOKEN] [--sourcetoken TOKEN] [--targettoken TOKEN] [-v] COMMAND ARGUMENT ..."

    // swift-format-ignore
    private static let commands: [(name: String, arguments: [String], does: String)] = [
        ("compare",  ["fromserver:port", "toserver:port"], "reports images that the second service lacks, or has with other fields"),
        ("dump",     ["server:port", "path"],              "copies a service's images to a folder"),
        ("livecopy", ["fromserver:port", "toserver:port"], "copies the images of a service to another"),
        ("load",     ["server:port", "path"],              "copies the images of a folder to a service"),
        ("size",     ["server:port"],                      "prints the size of a dump"),
    ]

    private static let list =
        "Commands:\n\n    \("help <command>".padded(to: 16))prints the usage of a command\n\n"
        + commands.map { "    \($0.name.padded(to: 16))\($0.does)\n" }.joined()
        + "\nA server is host:port, or a URL (https://glance.example/image). Without a token, the OS_AUTH_URL variables are used to log in.\n"

    /// Options of the command line and of `glance-replicator.conf`; the command line takes precedence.
    private static let options: [CommandWords.Option] = [
        .value("-c", "--chunksize"), .value("-D", "--dontreplicate"), .flag("-m", "--metaonly"), .flag("--nometaonly"),
        .value("-t", "--token"), .value("-M", "--sourcetoken", "--mastertoken"), .value("-S", "--targettoken", "--slavetoken"),
    ]

    static func run(_ name: String, _ words: [String]) throws -> Int32 {
        do {
            return try answer(name, words)
        } catch var error as UsageError {
            // Glance catches argparse's error and exits with 1.
            error.status = 1
            throw error
        }
    }

    private static func answer(_ name: String, _ line: [String]) throws -> Int32 {
        let words = try OsloWords.words(line, options, usage: usage)
        if OsloWords.answersByItself(words, usage: "\(usage)\n\n\(list)") { return 0 }
        let wanted = words.others.first ?? "help"
        let isHelp = wanted == "help"
        guard let asked = isHelp ? words.others.dropFirst().first : wanted else {
            write(list)
            return 0
        }
        guard let command = commands.first(where: { $0.name == asked }) else {
            write("Unknown command: \(asked)\n", to: STDERR_FILENO)
            return 1
        }
        let help = "\(name) \(command.name) \(command.arguments.map { "<\($0)>" }.joined(separator: " "))\n\n    \(command.does)\n"
        if isHelp {
            write(help)
            return 0
        }
        let arguments = Array(words.others.dropFirst())
        guard arguments.count == command.arguments.count else {
            write("\(help)ERROR: Too \(arguments.count < command.arguments.count ? "few" : "many") arguments.\n", to: STDERR_FILENO)
            return 1
        }
        let isTold = line.contains { ["-v", "--verbose", "-d", "--debug"].contains($0) }
        return try run(command.name, arguments, words, isTold: isTold)
    }

    private static func run(_ command: String, _ arguments: [String], _ words: CommandWords, isTold: Bool) throws -> Int32 {
        let configuration = try OsloWords.configuration(words, of: "glance-replicator")
        let servers = try Servers(words, configuration)
        let report = Report(isTold: isTold, title: command)
        defer { report.end() }
        let replicator = Replicator(try settings(words, configuration)) { report.take($0) }
        switch command {
        case "size":
            let (bytes, images) = try replicator.size(of: servers.source(arguments[0]))
            write("Total size is \(bytes) bytes (\(binary(bytes))) across \(images) images\n")
            return 0
        case "compare":
            report.output = STDOUT_FILENO
            try replicator.compare(servers.source(arguments[0]), servers.target(arguments[1]))
            return 0
        case "livecopy":
            return end(try replicator.copy(servers.source(arguments[0]), servers.target(arguments[1])), report)
        case "dump":
            let server = try servers.source(arguments[0])
            return end(try replicator.dump(server, to: DumpFolder(arguments[1], mayMake: true)), report)
        default:
            let server = try servers.target(arguments[0])
            return end(try replicator.load(DumpFolder(arguments[1], mayMake: false), into: server), report)
        }
    }

    private static func end(_ failures: Int, _ report: Report) -> Int32 {
        guard failures > 0 else { return 0 }
        report.take(.trouble("ERROR: \(failures) images were not copied; run the same command again for them."))
        return 1
    }

    private static func settings(_ words: CommandWords, _ configuration: Configuration) throws -> Replicator.Settings {
        var settings = Replicator.Settings()
        let chunk = try configuration(Option<Int>.int("DEFAULT", "chunksize", default: settings.chunk))
        settings.chunk = try words["-c"].map(number) ?? chunk
        guard 1...(64 << 20) ~= settings.chunk else {
            throw UsageError("argument --chunksize: must be from 1 to \(64 << 20)", usage: usage)
        }
        // A tiny chunk size would make the copy very slow.
        settings.chunk = max(settings.chunk, 4096)
        if let names = try words["-D"] ?? configuration(Option<String?>.optionalText("DEFAULT", "dontreplicate")) {
            settings.dropped = DroppedFields(names)
        }
        settings.isMetadataOnly =
            try words.has("-m") || !words.has("--nometaonly") && configuration(Option<Bool>.flag("DEFAULT", "metaonly", default: false))
        return settings
    }

    private static func number(_ text: String) throws(UsageError) -> Int {
        guard let number = Int(text) else { throw UsageError("argument --chunksize: '\(text)' is not a number of bytes", usage: usage) }
        return number
    }

    private static func binary(_ bytes: Int64) -> String {
        var number = Double(bytes)
        for unit in ["", "Ki", "Mi", "Gi", "Ti", "Pi"] {
            if number < 1024 { return "\(fixed(number, 1)) \(unit)B" }
            number /= 1024
        }
        return "\(fixed(number, 1)) EiB"
    }

    /// The services of a command, and the credentials for each.
    private struct Servers {
        private let (sourceToken, targetToken): (String?, String?)
        private let login: Credentials?
        private let trust = TLSSettings(certificateAuthority: variable("OS_CACERT"))

        init(_ words: CommandWords, _ configuration: Configuration) throws {
            func token(_ name: String) throws -> String? { try configuration(Option<String?>.optionalText("DEFAULT", name)) }
            let both = try words["-t"] ?? token("token")
            sourceToken = try both ?? words["-M"] ?? token("sourcetoken")
            targetToken = try both ?? words["-S"] ?? token("targettoken")
            // One of the services may belong to another cloud, so a login is used only if no token is given.
            login = sourceToken == nil && targetToken == nil ? try Credentials.Login().credentials() : nil
        }

        func source(_ place: String) throws -> ImageServer { try server(place, sourceToken) }
        func target(_ place: String) throws -> ImageServer { try server(place, targetToken) }

        private func server(_ place: String, _ token: String?) throws -> ImageServer {
            let credentials = token.map { Credentials.token($0) } ?? login ?? .none
            return try ImageServer(place, trust: trust) { refused throws(ReplicationError) in
                do throws(Fault) {
                    return try credentials.token(besides: refused)
                } catch {
                    throw ReplicationError(.place, error.description)
                }
            }
        }
    }

    /// Prints the progress.
    private final class Report {
        var output = STDERR_FILENO
        private let isTold: Bool
        private let title: String
        private var bar: ProgressBar?

        init(isTold: Bool, title: String) { (self.isTold, self.title) = (isTold, title) }

        func take(_ news: Replicator.News) {
            switch news {
            case .total(let bytes): bar = ProgressBar(title, of: bytes)
            case .bytes(let count): bar?.advance(count)
            case .skipped(let count): bar?.skip(count)
            case .done(let text): if isTold { say(text) }
            case .trouble(let text): say(text)
            }
        }

        /// Prints a line below the progress bar, which is redrawn with the next bytes.
        private func say(_ text: String) {
            bar?.end()
            write("\(text)\n", to: output)
        }

        func end() { bar?.end() }
    }
}
