internal import Files
internal import Text

/// The settings of files and environment, queried by option.
///
/// The last setting of a name counts. Later files come after earlier ones, and the environment overrides all files. An option with many
/// values takes all of them. Source: oslo.config, "Configuration Drivers".
package struct Configuration: Sendable {
    /// All settings of each name in files, in order.
    private(set) var fromFiles: [OptionName: [Setting]] = [:]
    private(set) var fromEnvironment: [OptionName: Setting] = [:]
    private let known: @Sendable () -> [OptionKey]
    /// The number of files read so far.
    private var read = 0
    /// Folders that settings were read from; files that a setting names without a folder are looked for there. Source: oslo.config,
    /// `find_file`.
    package let folders: [String]

    /// A place of settings, in the order of the command line.
    package enum Source: Sendable {
        case file(String)
        /// A folder; every `*.conf` in it is read, in the order of their names.
        case directory(String)
        /// A default folder: as `directory`, but files that a setting names are not looked for there.
        case usualDirectory(String)
        /// A file of another program, from which only some options of `[DEFAULT]` count.
        case part(of: String, options: Set<String>)
    }

    /// - Parameters:
    ///   - environment: `OS_<GROUP>__<OPTION>` sets an option that is known or occurs in a file.
    ///   - known: every option of the program; `$name` may refer to them. Evaluated only where a value has such a reference.
    package init(
        _ sources: [Source], environment: [String: String], known: @autoclosure @escaping @Sendable () -> [OptionKey]
    ) throws(ConfigurationError) {
        self.known = known
        folders = Self.folders(of: sources)
        for source in sources {
            switch source {
            case .file(let path): try add(path)
            case .part(let path, let options): try add(path) { $0.group == "DEFAULT" && options.contains($0.name) }
            case .directory(let path), .usualDirectory(let path):
                guard let names = entryNames(in: path) else {
                    throw ConfigurationError(place: path, reason: "cannot be read as a folder")
                }
                for name in names.sorted() where name.hasSuffix(".conf") && !name.hasPrefix(".") { try add("\(path)/\(name)") }
            }
        }
        for (variable, value) in environment {
            guard variable.hasPrefix("OS_"), let split = variable.firstRange(of: "__") else { continue }
            let group = variable[variable.index(variable.startIndex, offsetBy: 3)..<split.lowerBound].lowercased()
            let name = variable[split.upperBound...].lowercased()
            fromEnvironment[OptionName(group, name)] = Setting(group: group, name: name, value: value, place: variable, source: .max)
        }
    }

    /// The value of an option.
    ///
    /// - Throws: if the setting is not a value of the option's type.
    package func callAsFunction<Value>(_ option: Option<Value>) throws(ConfigurationError) -> Value {
        let given = settings(of: option)
        guard let last = given.last else { return option.fallback }
        var texts: [String] = []
        for setting in given { texts.append(try interpolated(setting)) }
        if !option.readsEmpty, trimmed(texts.last!).isEmpty { return option.fallback }
        guard let value = option.read(texts) else {
            throw ConfigurationError(
                place: last.place, reason: "[\(option.group)] \(option.name) must be \(option.expectation), not '\(texts.last!)'")
        }
        return value
    }

    /// Whether a file or the environment sets the option.
    package func isSet<Value>(_ option: Option<Value>) -> Bool {
        settings(of: option).last.map { option.readsEmpty || !trimmed($0.value).isEmpty } ?? false
    }

    /// The option of a name; nil when the program has none.
    func option(_ name: OptionName) -> OptionKey? { known().first { $0.id == name } }

    /// The groups with settings, in lower case.
    package var groups: Set<String> { Set(fromFiles.keys.map(\.group)).union(fromEnvironment.keys.map(\.group)) }

    private func settings<Value>(of option: Option<Value>) -> [Setting] {
        settings(of: OptionName(option.group, option.name), formerly: option.formerNames)
    }

    /// All settings of an option, in order; the last counts if the option has one value. The environment knows no former names. A later
    /// file comes after an earlier one whatever name it uses; within a file, the current name comes after former ones. Source:
    /// oslo.config, `_Namespace._get_file_value`.
    func settings(of name: OptionName, formerly formerNames: [OptionName]) -> [Setting] {
        if let setting = fromEnvironment[name] { return [setting] }
        var given = fromFiles[name] ?? []
        for former in formerNames {
            // Inserted before the settings of the same file that are there already.
            for setting in (fromFiles[former] ?? []).reversed() {
                given.insert(setting, at: given.firstIndex { $0.source >= setting.source } ?? given.endIndex)
            }
        }
        return given
    }

    /// The folders that were named, in order, then those of the files, the last first. Source: oslo.config, `ConfigOpts.find_file`.
    private static func folders(of sources: [Source]) -> [String] {
        let named = sources.compactMap { if case .directory(let path) = $0 { path } else { nil } }
        let files = sources.compactMap { source -> String? in
            guard case .file(let path) = source else { return nil }
            return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        }
        return named + files.reversed()
    }

    private mutating func add(_ path: String, where isWanted: (Setting) -> Bool = { _ in true }) throws(ConfigurationError) {
        guard let text = fileText(of: path) else { throw ConfigurationError(place: path, reason: "cannot be read") }
        let sections = try ConfigurationFile.parse(text, from: path, source: read)
        for setting in sections.flatMap(\.settings) where isWanted(setting) { fromFiles[setting.id, default: []].append(setting) }
        read += 1
    }
}
