internal import Assembly
internal import Glibc

/// Programs of Glance's by their own names: one program that looks at the name it was called by.
@main
enum GlanceTools {
    /// What a tool does with the words behind its name.
    ///
    /// - Returns: the exit status.
    typealias Tool = @Sendable (_ name: String, _ words: [String]) throws -> Int32

    // swift-format-ignore
    private static let tools: [(name: String, does: String, run: Tool)] = [
        ("glance-cache-manage",     "looks at a node's image cache, and orders what is in it", CacheManage.run),
        ("glance-cache-cleaner",    "removes from the image cache what was left half-way",     CacheRound.clean),
        ("glance-cache-pruner",     "brings the image cache down to its size",                 CacheRound.prune),
        ("glance-cache-prefetcher", "brings into the image cache what is wanted there",        CacheRound.prefetch),
        ("glance-control",          "does nothing; systemctl starts and stops the service",    Nothing.control),
        ("glance-replicator",       "copies images between services, and to folders and back", ReplicatorCommand.run),
        ("glance-scrubber",         "removes the data of images whose deletion was delayed",   ScrubberCommand.run),
        ("glance-status",           "tells whether all is ready for this release",             StatusCommand.run),
        ("glance-wsgi-api",         "does nothing; nginx hands requests to glance-api",        Nothing.wsgi),
    ]

    static func main() {
        var words = CommandLine.arguments
        var name = String(words.removeFirst().split(separator: "/").last ?? "glance-tools")
        if name == "glance-tools", let first = words.first, !first.hasPrefix("-") {
            name = first.hasPrefix("glance-") ? first : "glance-\(first)"
            words.removeFirst()
        }
        guard let tool = tools.first(where: { $0.name == name }) else {
            let list = tools.map { "  \($0.name.padded(to: 26))\($0.does)\n" }.joined()
            let isHelp = name == "glance-tools" && words.first.map { ["-h", "--help"].contains($0) } == true
            write("usage: glance-tools NAME ..., or by a link of one of these names:\n\(list)", to: isHelp ? STDOUT_FILENO : STDERR_FILENO)
            exit(isHelp ? 0 : 2)
        }
        // Whoever is gone, at the other end of a pipe or of TLS, is an error of a write, and not the end.
        signal(SIGPIPE, SIG_IGN)
        do {
            exit(try tool.run(name, words))
        } catch let error as UsageError {
            write("\(error.usage.map { "usage: \($0)\n" } ?? "")\(name): error: \(error.description)\n", to: STDERR_FILENO)
            exit(error.status)
        } catch {
            write("ERROR: \(error)\n", to: STDERR_FILENO)
            exit(1)
        }
    }
}

/// Writes a text at once; nothing of it stays in a buffer.
func write(_ text: String, to descriptor: CInt = STDOUT_FILENO) {
    _ = Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
}

extension String {
    /// With blanks behind it, to a width.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }
}

/// The value of a variable of the environment; nil where it is empty.
func variable(_ names: String...) -> String? {
    names.lazy.compactMap { getenv($0).map { String(cString: $0) } }.first { !$0.isEmpty }
}
