internal import Glibc
internal import HTTPClient
internal import Text
internal import Threading

/// Shows and changes a node's image cache through the service's API. Source: Glance 33, `glance-cache-manage`.
struct CacheManage {
    private static let usage = "glance-cache-manage [-v] [-f] [-H ADDRESS] [-p PORT] [-k] [--os-... VALUE] COMMAND [IMAGE_ID]"
    private static let options: [CommandWords.Option] = [
        .flag("-h", "--help"), .flag("--version"), .flag("-v", "--verbose"), .flag("-d", "--debug"), .value("-H", "--host"),
        .value("-p", "--port"), .flag("-k", "--insecure"), .flag("-f", "--force"),
        .value("-A", "--os-auth-token", "--os_auth_token", "--auth_token"), .value("-I", "--os-username", "--os_username"),
        .value("-K", "--os-password", "--os_password"), .value("-R", "--os-region-name", "--os_region_name"),
        .value("--os-project-id", "--os_project_id"), .value("-T", "--os-project-name", "--os_project_name"),
        .value("--os-user-domain-id"), .value("--os-project-domain-id"), .value("--os-domain-id"),
        .value("-N", "--os-auth-url", "--os_auth_url"), .value("-S", "--os_auth_strategy"),
    ]

    // swift-format-ignore
    private static let commands: [(name: String, does: String, purpose: String, run: @Sendable (CacheManage) throws -> Void)] = [
        ("list-cached",              "lists the images in the cache",     "show cached images",          { try $0.listCached() }),
        ("list-queued",              "lists the images in the queue",     "show queued images",          { try $0.listQueued() }),
        ("queue-image",              "adds an image to the queue",        "queue the image for caching", { try $0.queueImage() }),
        ("delete-cached-image",      "removes an image from the cache",   "delete the cached image",     { try $0.deleteCachedImage() }),
        ("delete-all-cached-images", "removes all images from the cache", "delete all cached images",    { try $0.deleteAllCachedImages() }),
        ("delete-queued-image",      "removes an image from the queue",   "delete the queued image",     { try $0.deleteQueuedImage() }),
        ("delete-all-queued-images", "removes all images from the queue", "delete all queued images",    { try $0.deleteAllQueuedImages() }),
    ]

    private let words: CommandWords
    private let server: CacheServer
    private let isVerbose: Bool

    /// An error that is printed before the program exits with 1.
    private struct Refused: Error { let message: String }
    /// The operator answered no.
    private struct Declined: Error {}

    static func run(_ name: String, _ words: [String]) throws -> Int32 {
        let words = try CommandWords(words, options, usage: usage)
        if OsloWords.answersByItself(words, usage: "\(usage)\n\n\(list)") { return 0 }
        guard let first = words.others.first else { throw UsageError("the following arguments are required: command", usage: usage) }
        let isHelp = first == "help"
        guard let wanted = isHelp ? words.others.dropFirst().first : first else {
            write("usage: \(usage)\n\n\(list)")
            return 0
        }
        guard let command = commands.first(where: { $0.name == wanted }) else {
            write("\"\(wanted)\" is not a command.\n\n\(list)")
            write("Unknown command: \(wanted)\n", to: STDERR_FILENO)
            return 1
        }
        if isHelp {
            write("\(name) \(wanted)\(wanted.hasSuffix("-image") ? " IMAGE_ID" : "") [options]\n\n    \(command.does)\n")
            return 0
        }
        let began = monotonicSeconds()
        do {
            try command.run(CacheManage(words))
        } catch let refused as Refused {
            write("\(refused.message)\n")
            return 1
        } catch CacheServer.Refusal.forbidden {
            write("Not authorized to make this request.\n")
            return 1
        } catch CacheServer.Refusal.noCache {
            write("Image cache management is not enabled on host \(host(words)).\n")
            return 1
        } catch CacheServer.Refusal.other(let reason) {
            write("Failed to \(command.purpose). Got error:\n\(reason)\n")
            return 1
        } catch is Declined {}
        if words.has("-v") { write("Completed in \(fixed(monotonicSeconds() - began, 4)) sec.\n") }
        return 0
    }

    private static var list: String {
        let lines = commands.map { "    \($0.name.padded(to: 28))\($0.does)\n\n" }
        return "Commands:\n\n    \("help <command>".padded(to: 28))prints the usage of a command\n\n" + lines.joined()
    }

    private static func host(_ words: CommandWords) -> String { words["-H"] ?? "0.0.0.0" }

    private init(_ words: CommandWords) throws {
        (self.words, isVerbose) = (words, words.has("-v"))
        let host = Self.host(words)
        guard let port = UInt16(words["-p"] ?? "9292") else {
            throw UsageError("argument -p/--port: invalid int value: '\(words["-p"] ?? "")'", usage: Self.usage)
        }
        var trust = TLSSettings(certificateAuthority: variable("OS_CACERT"))
        trust.isBlind = words.has("-k")
        let isURL = host.hasPrefix("http://") || host.hasPrefix("https://")
        let isBareIPv6 = host.contains(":") && !host.hasPrefix("[")
        let base = isURL ? host : "http://\(isBareIPv6 ? "[\(host)]" : host):\(port)"
        server = CacheServer(base, try Self.credentials(words, trust), trust: trust)
    }

    /// The credentials: a token if one is given, else a login, else none.
    private static func credentials(_ words: CommandWords, _ trust: TLSSettings) throws -> Credentials {
        if let token = words["-A"] ?? variable("OS_AUTH_TOKEN", "OS_TOKEN") { return .token(token) }
        var login = Credentials.Login()
        login.authURL = words["-N"] ?? login.authURL
        login.username = words["-I"] ?? login.username
        login.password = words["-K"] ?? login.password
        login.projectName = words["-T"] ?? login.projectName
        login.projectID = words["--os-project-id"] ?? login.projectID
        login.userDomainID = words["--os-user-domain-id"] ?? login.userDomainID
        login.projectDomainID = words["--os-project-domain-id"] ?? login.projectDomainID
        login.domainID = words["--os-domain-id"] ?? login.domainID
        login.region = words["-R"] ?? login.region
        login.trust = trust
        if let credentials = try login.credentials() { return credentials }
        guard words["-S"] ?? variable("OS_AUTH_STRATEGY") != "keystone" else {
            throw Refused(message: "No Keystone is given: use --os-auth-url or OS_AUTH_URL.")
        }
        return .none
    }

    // MARK: commands

    private func listCached() throws {
        let images = try server.cached()
        guard !images.isEmpty else { return write("No cached images.\n") }
        var table = Table(
            ["ID", "Last Accessed (UTC)", "Last Modified (UTC)", "Size", "Hits"], [.center, .center, .center, .right, .right])
        for image in images {
            table.add([
                image.id, image.accessed == 0 ? "N/A" : isoTime(image.accessed), isoTime(image.modified), "\(image.size)", "\(image.hits)",
            ])
        }
        write("Found \(images.count) cached images...\n\(table.text)")
    }

    private func listQueued() throws {
        let images = try server.queued()
        guard !images.isEmpty else { return write("No queued images.\n") }
        var table = Table(["ID"], [.center])
        for image in images { table.add([image]) }
        write("Found \(images.count) queued images...\n\(table.text)")
    }

    private func queueImage() throws {
        let id = try image()
        try confirm("Queue image \(id) for caching?")
        try server.queue(id)
        note("Queued image \(id) for caching")
    }

    private func deleteCachedImage() throws {
        let id = try image()
        try confirm("Delete cached image \(id)?")
        try server.delete(id, from: .cached)
        note("Deleted cached image \(id)")
    }

    private func deleteQueuedImage() throws {
        let id = try image()
        try confirm("Delete queued image \(id)?")
        try server.delete(id, from: .queued)
        note("Deleted queued image \(id)")
    }

    private func deleteAllCachedImages() throws {
        try confirm("Delete all cached images?")
        note("Deleted \(try server.deleteAll(from: .cached)) cached images")
    }

    private func deleteAllQueuedImages() throws {
        try confirm("Delete all queued images?")
        note("Deleted \(try server.deleteAll(from: .queued)) queued images")
    }

    private func note(_ text: String) { if isVerbose { write("\(text)\n") } }

    /// The id of the image that the command is for.
    private func image() throws -> String {
        guard words.others.count == 2 else {
            throw Refused(message: "\(words.others[0]) takes one argument: the ID of an image.")
        }
        let id = words.others[1]
        let digits = id.filter { $0 != "-" && $0 != "{" && $0 != "}" }
        guard digits.count == 32, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            throw Refused(message: "Image ID '\(id)' is not a valid UUID.")
        }
        return id
    }

    private func confirm(_ question: String) throws {
        guard !words.has("-f") else { return }
        write("\(question) [y/N] ")
        guard let answer = readLine() else { throw Refused(message: "\nThere is no answer on standard input; --force skips the question.") }
        guard ["y", "yes"].contains(answer.lowercased()) else { throw Declined() }
    }
}

/// A time in seconds since 1970 as Python's `isoformat` prints it in UTC: with microseconds unless they are zero.
func isoTime(_ seconds: Double) -> String {
    let whole = seconds.rounded(.down)
    var (second, micros) = (Int(whole), Int(((seconds - whole) * 1e6).rounded(.toNearestOrEven)))
    if micros == 1_000_000 { (second, micros) = (second + 1, 0) }
    return CivilTime(seconds: second).text() + (micros == 0 ? "" : ".\(paddedDigits(micros, 6))")
}

/// A number with a fixed number of decimals.
func fixed(_ value: Double, _ decimals: Int) -> String {
    let unit = pow(10, Double(decimals))
    let text = String(Int((value * unit).rounded()))
    let padded = String(repeating: "0", count: max(0, decimals + 1 - text.count)) + text
    return decimals == 0 ? padded : "\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
}
