internal import Assembly
internal import Glibc

/// Runs one of Glance's programs, chosen by the name by which this program was called.
@main
enum GlanceTools {
    /// Runs a tool with its arguments.
    ///
    /// - Returns: the exit status.
    typealias Tool = @Sendable (_ name: String, _ words: [String]) throws -> Int32

    // swift-format-ignore
    private static let tools: [(name: String, does: String, run: Tool)] = [
        ("glance-cache-manage",     "shows and changes a node's image cache",                  CacheManage.run),
        ("glance-cache-cleaner",    "removes incomplete files from the image cache",           CacheMaintenance.clean),
        ("glance-cache-pruner",     "shrinks the image cache to its maximum size",             CacheMaintenance.prune),
        ("glance-cache-prefetcher", "fetches queued images into the image cache",              CacheMaintenance.prefetch),
        ("glance-control",          "does nothing; systemctl starts and stops the service",    Nothing.control),
        ("glance-replicator",       "copies images between services, and to folders and back", ReplicatorCommand.run),
        ("glance-scrubber",         "removes the data of images whose deletion was delayed",   ScrubberCommand.run),
        ("glance-status",           "checks whether everything is ready for this release",     StatusCommand.run),
        ("glance-wsgi-api",         "does nothing; nginx passes requests to glance-api",       Nothing.wsgi),
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
        // A write to a closed pipe or connection is then an error instead of the end of the program.
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

/// Writes a text without buffering.
func write(_ text: String, to descriptor: CInt = STDOUT_FILENO) {
    _ = Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
}

extension String {
    /// The text with blanks appended up to a width.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }
}

/// The value of the first variable of the environment that is set and not empty.
func variable(_ names: String...) -> String? {
    names.lazy.compactMap { getenv($0).map { String(cString: $0) } }.first { !$0.isEmpty }
}
