internal import Glibc

/// Where oslo.config looks for the files of a program that was started without naming any.
///
/// Source: oslo.config, `find_config_files` and `find_config_dirs`; for what distributions add, RDO's patch of oslo.config ("add
/// /usr/share/$project/*-dist.conf to the default config set").
package struct ConfigurationSearch: Sendable {
    private let project: String
    private let environment: [String: String]

    package init(project: String, environment: [String: String]) {
        (self.project, self.environment) = (project, environment)
    }

    /// The folders that are looked in; what an earlier one has, a later one's file of the same name does not count beside.
    package var folders: [String] {
        let home = home
        let snaps = ["SNAP_COMMON", "SNAP"].compactMap { environment[$0] }.filter { !$0.isEmpty }
        return ["\(home)/.\(project)", home.isEmpty ? "/" : home, "/etc/\(project)", "/etc"] + snaps.map { "\($0)/etc/\(project)" }
    }

    /// `<project>.conf` and `<program>.conf` as far as they are there, the one that counts more behind.
    package func files(of program: String) -> [String] { [project, program].compactMap { find($0, ".conf") } }

    /// `<project>.conf.d` and `<program>.conf.d`, in the same way.
    package func directories(of program: String) -> [String] { [project, program].compactMap { find($0, ".conf.d") } }

    /// Defaults of the distribution, which every other file counts more than.
    package func distributionFiles(of program: String) -> [String] {
        [project, program].map { "/usr/share/\(project)/\($0)-dist.conf" }.filter(Self.isThere)
    }

    /// The first of the folders that has a file or folder of this name.
    package func find(_ name: String, _ ending: String) -> String? {
        folders.map { $0.last == "/" ? "\($0)\(name)\(ending)" : "\($0)/\(name)\(ending)" }.first(where: Self.isThere)
    }

    /// A path as a shell would take it: `~/` leads home.
    package func expanded(_ path: String) -> String { path == "~" || path.hasPrefix("~/") ? home + path.dropFirst() : path }

    package static func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Without a slash at its end, so that `/` is empty.
    private var home: String {
        var home = (environment["HOME"] ?? getpwuid(getuid()).flatMap { String(validatingCString: $0.pointee.pw_dir) } ?? "")[...]
        while home.last == "/" { home.removeLast() }
        return String(home)
    }

    /// What a command line names, in its order: of two settings that of the later file or folder counts.
    package static func named(files: [String], directories: [String], in arguments: [String]) -> [Configuration.Source] {
        var found: [(isFile: Bool, path: String)] = []
        for (index, word) in arguments.enumerated() {
            for (option, isFile) in [("--config-file", true), ("--config-dir", false)] {
                if word == option, index + 1 < arguments.count { found.append((isFile, arguments[index + 1])) }
                if word.hasPrefix(option + "=") { found.append((isFile, String(word.dropFirst(option.count + 1)))) }
            }
        }
        // They came by another way than this command line.
        let isWhole = found.filter(\.isFile).map(\.path) == files && found.filter { !$0.isFile }.map(\.path) == directories
        guard isWhole else { return files.map { .file($0) } + directories.map { .directory($0) } }
        return found.map { $0.isFile ? .file($0.path) : .directory($0.path) }
    }
}
