internal import Glibc
package import OsloConfig
internal import Text

/// Reads the configuration of a program.
package enum ProgramConfiguration {
    /// The configuration that a command line names. If it names no files, or no folders, the usual ones are read.
    ///
    /// - Parameter program: the name by which the usual files are found.
    package static func read(
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

    /// The name of the running program.
    package static var ownName: String { String(CommandLine.arguments.first?.split(separator: "/").last ?? "glance-api") }

    /// The variables of the environment of this process.
    package static func environment() -> [String: String] {
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

/// The files and folders that a program reads if its command line names none: those that Glance's program of the same purpose reads. Later
/// ones override earlier ones.
struct UsualConfiguration {
    let program: String
    let search: ConfigurationSearch
    let environment: [String: String]

    /// Whether the program is the API or works for it in the background.
    private var isOfAPI: Bool { ["glance-api", "glance-wsgi-api", "glance-tasks"].contains(program) }

    var files: [Configuration.Source] {
        guard !isOfAPI else { return (namedFiles ?? foundFiles).map { .file($0) } + foreignParts }
        // The registry and the scrubber of old Glance had a file of their own; the cache's programs and glance-manage also read the API's.
        return
            (search.distributionFiles(of: "glance-api") + search.files(of: "glance-api") + search.distributionFiles(of: fileName)
            + search.files(of: fileName)).map { .file($0) }
    }

    var directories: [Configuration.Source] {
        let own = isOfAPI ? [] : search.directories(of: fileName)
        return (search.directories(of: "glance-api") + own).map { .usualDirectory($0) }
    }

    /// The name of the program's file; the programs of the cache share one. Source: Glance, `parse_cache_args`.
    private var fileName: String { program.hasPrefix("glance-cache-") ? "glance-cache" : program }

    /// The files that the environment names. Source: Glance, `wsgi_app.py`; the variable for files is of older releases.
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

    /// The options of `glance-tasks` that Glance reads from files of other programs, whose work `glance-tasks` does. Nothing else in those
    /// files counts.
    private var foreignParts: [Configuration.Source] {
        guard program == "glance-tasks", namedFiles == nil else { return [] }
        let parts: [(String, Set<String>)] = [
            ("glance-cache", ["image_cache_max_size", "image_cache_stall_time"]), ("glance-scrubber", ["scrub_time", "wakeup_time"]),
        ]
        return parts.compactMap { name, options in search.find(name, ".conf").map { .part(of: $0, options: options) } }
    }
}
