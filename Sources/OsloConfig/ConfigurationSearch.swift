internal import Glibc

/// Finds the default configuration files of a program, as oslo.config does.
///
/// Source: oslo.config, `find_config_files` and `find_config_dirs`; for the distribution's files, RDO's patch of oslo.config ("add
/// /usr/share/$project/*-dist.conf to the default config set").
package struct ConfigurationSearch: Sendable {
    private let project: String
    private let environment: [String: String]

    package init(project: String, environment: [String: String]) {
        (self.project, self.environment) = (project, environment)
    }

    /// The folders to look in. A file in an earlier folder hides one of the same name in a later folder.
    package var folders: [String] {
        let home = home
        let snaps = ["SNAP_COMMON", "SNAP"].compactMap { environment[$0] }.filter { !$0.isEmpty }
        return ["\(home)/.\(project)", home.isEmpty ? "/" : home, "/etc/\(project)", "/etc"] + snaps.map { "\($0)/etc/\(project)" }
    }

    /// `<project>.conf` and `<program>.conf`, as far as they exist; the later one takes precedence.
    package func files(of program: String) -> [String] { [project, program].compactMap { find($0, ".conf") } }

    /// `<project>.conf.d` and `<program>.conf.d`, likewise.
    package func directories(of program: String) -> [String] { [project, program].compactMap { find($0, ".conf.d") } }

    /// The defaults of the distribution, over which every other file takes precedence.
    package func distributionFiles(of program: String) -> [String] {
        [project, program].map { "/usr/share/\(project)/\($0)-dist.conf" }.filter(Self.isThere)
    }

    /// The path in the first folder that contains a file or folder of this name; nil if none does.
    package func find(_ name: String, _ ending: String) -> String? {
        folders.map { $0.last == "/" ? "\($0)\(name)\(ending)" : "\($0)/\(name)\(ending)" }.first(where: Self.isThere)
    }

    /// A path as a shell expands it: `~/` is the home folder.
    package func expanded(_ path: String) -> String { path == "~" || path.hasPrefix("~/") ? home + path.dropFirst() : path }

    package static func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Without a slash at its end, so that `/` is empty.
    private var home: String {
        var home = (environment["HOME"] ?? getpwuid(getuid()).flatMap { String(validatingCString: $0.pointee.pw_dir) } ?? "")[...]
        while home.last == "/" { home.removeLast() }
        return String(home)
    }

    /// The files and folders of a command line, in its order: a later one takes precedence.
    package static func named(files: [String], directories: [String], in arguments: [String]) -> [Configuration.Source] {
        var found: [(isFile: Bool, path: String)] = []
        for (index, word) in arguments.enumerated() {
            for (option, isFile) in [("--config-file", true), ("--config-dir", false)] {
                if word == option, index + 1 < arguments.count { found.append((isFile, arguments[index + 1])) }
                if word.hasPrefix(option + "=") { found.append((isFile, String(word.dropFirst(option.count + 1)))) }
            }
        }
        // They were given in another way than by this command line.
        let isWhole = found.filter(\.isFile).map(\.path) == files && found.filter { !$0.isFile }.map(\.path) == directories
        guard isWhole else { return files.map { .file($0) } + directories.map { .directory($0) } }
        return found.map { $0.isFile ? .file($0.path) : .directory($0.path) }
    }
}
