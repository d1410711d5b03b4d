internal import Glibc
package import OsloConfig
internal import Text

extension Programs {
    /// The configuration that a command line names. Of what it names no files of, or no folders, the usual ones are read.
    ///
    /// - Parameter program: says which files are the usual ones; its name is that of the running program where nothing else is said.
    package static func configuration(
        files: [String], directories: [String], program: String = ownName
    ) throws -> Configuration {
        let environment = environment()
        let search = ConfigurationSearch(project: "glance", environment: environment)
        let named = ConfigurationSearch.named(files: files, directories: directories, in: CommandLine.arguments).map {
            source -> Configuration.Source in
            switch source {
            case .file(let path): .file(search.expanded(path))
            case .directory(let path): .directory(search.expanded(path))
            default: source
            }
        }
        let usual = UsualConfiguration(program: program, search: search, environment: environment)
        return try Configuration(
            (files.isEmpty ? usual.files : []) + (directories.isEmpty ? usual.directories : []) + named, environment: environment,
            known: Options.all)
    }

    /// What the program is called that runs.
    package static var ownName: String { String(CommandLine.arguments.first?.split(separator: "/").last ?? "glance-api") }

    static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next = next.successor()
        }
        return variables
    }
}

/// The files and folders that a program reads of which nothing is said on its command line: those that Glance's program of the same purpose
/// reads. What is read later counts more.
struct UsualConfiguration {
    let program: String
    let search: ConfigurationSearch
    let environment: [String: String]

    /// That of the API, and of what works for it out of sight.
    private var isOfAPI: Bool { ["glance-api", "glance-wsgi-api", "glance-tasks"].contains(program) }

    var files: [Configuration.Source] {
        guard !isOfAPI else { return (namedFiles ?? foundFiles).map { .file($0) } + foreignParts }
        // Old Glance's registry and scrubber had all in a file of their own; the cache's programs and glance-manage read the API's before.
        return
            (search.distributionFiles(of: "glance-api") + search.files(of: "glance-api") + search.distributionFiles(of: fileName)
            + search.files(of: fileName)).map { .file($0) }
    }

    var directories: [Configuration.Source] {
        let own = isOfAPI ? [] : search.directories(of: fileName)
        return (search.directories(of: "glance-api") + own).map { .usualDirectory($0) }
    }

    /// What the program's file is called: those that look after the cache share one. Source: Glance, `parse_cache_args`.
    private var fileName: String { program.hasPrefix("glance-cache-") ? "glance-cache" : program }

    /// What the environment of a web server says. Source: Glance, `wsgi_app.py`, of which older releases had the variable for files.
    private var namedFiles: [String]? {
        let folder = environment["OS_GLANCE_CONFIG_DIR"].map(trimmed).flatMap { $0.isEmpty ? nil : $0 }
        if let names = environment["OS_GLANCE_CONFIG_FILES"], !names.isEmpty {
            return names.split(separator: ";").map { $0.hasPrefix("/") ? String($0) : "\(folder ?? "/etc/glance")/\($0)" }
        }
        return folder.map { folder in
            let optional = "\(folder)/glance-image-import.conf"
            return (ConfigurationSearch.isThere(optional) ? [optional] : []) + ["\(folder)/glance-api.conf"]
        }
    }

    private var foundFiles: [String] {
        var files = search.files(of: "glance-api")
        // Before the program's own file, as in `wsgi_app.py`.
        if let imports = search.find("glance-image-import", ".conf") {
            files.insert(imports, at: files.last.map { $0.hasSuffix("/glance-api.conf") } == true ? files.count - 1 : files.count)
        }
        return search.distributionFiles(of: "glance-api") + files
    }

    /// `glance-tasks` does what Glance has programs of their own for: what their files say of that alone counts. Where they log, and to
    /// whom else they belong, does not matter here.
    private var foreignParts: [Configuration.Source] {
        guard program == "glance-tasks", namedFiles == nil else { return [] }
        let parts: [(String, Set<String>)] = [
            ("glance-cache", ["image_cache_max_size", "image_cache_stall_time"]), ("glance-scrubber", ["scrub_time", "wakeup_time"]),
        ]
        return parts.compactMap { name, options in search.find(name, ".conf").map { .part(of: $0, options: options) } }
    }
}
