internal import Folders
internal import Glibc

/// The settings of files and environment, asked by option.
///
/// The last setting of a name counts, those of later files last, the environment before all files; an option that takes many
/// values takes all of them. Source: oslo.config, "Configuration Drivers".
package struct Configuration: Sendable {
    private var settings: [OptionKey: [Setting]] = [:]
    private let defaults: [OptionKey: String]
    /// Folders that settings were read from: where a file lies that a setting names without one. Source: oslo.config, `find_file`.
    package let folders: [String]

    /// What is read, in the order of the command line.
    package enum Source: Sendable {
        case file(String)
        /// A folder, of which every `*.conf` is read in the order of their names.
        case directory(String)
        /// A folder that nobody named: as `directory`, but what a setting names is not looked for there.
        case usualDirectory(String)
        /// A file of another program, of which only some options of `[DEFAULT]` count.
        case part(of: String, options: Set<String>)
    }

    /// - Parameters:
    ///   - environment: `OS_<GROUP>__<OPTION>` set what is known or named in a file.
    ///   - known: every option that the program has, for the defaults that `$name` may mean.
    package init(
        _ sources: [Source], environment: [String: String], known: [OptionKey]
    ) throws(ConfigurationError) {
        defaults = Dictionary(known.map { (OptionKey($0.group, $0.name), $0.fallback ?? "") }) { first, _ in first }
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
            let setting = Setting(group: group, name: name, value: value, place: variable)
            settings[OptionKey(group, name)] = [setting]
        }
    }

    /// - Throws: when what is set does not make a value of the option's type.
    package func callAsFunction<Value>(_ option: Option<Value>) throws(ConfigurationError) -> Value {
        guard let given = settings[OptionKey(option.group, option.name)], let last = given.last else { return option.fallback }
        var texts: [String] = []
        for setting in given { texts.append(try interpolated(setting, depth: 0)) }
        guard let value = option.read(texts) else {
            throw ConfigurationError(
                place: last.place, reason: "[\(option.group)] \(option.name) must be \(option.expectation), not '\(texts.last!)'")
        }
        return value
    }

    package func isSet<Value>(_ option: Option<Value>) -> Bool {
        settings[OptionKey(option.group, option.name)] != nil
    }

    /// Groups that something is set in, in small letters.
    package var groups: Set<String> { Set(settings.keys.map(\.group)) }

    /// What is set in a group, whatever its case.
    package func names(in group: String) -> [String] {
        let group = OptionKey(group, "").group
        return settings.keys.filter { $0.group == group }.map(\.name)
    }

    /// What is set and means nothing to the program: a text for the log each, with the nearest name that does.
    package func complaints(known: [OptionKey], unused: [OptionKey]) -> [String] {
        let known = Set(known.map { OptionKey($0.group, $0.name) })
        let unused = Set(unused.map { OptionKey($0.group, $0.name) })
        return settings.values.compactMap(\.last).sorted { $0.place < $1.place }.compactMap { setting in
            let key = OptionKey(setting.group, setting.name)
            if known.contains(key) || setting.place.hasPrefix("OS_") && !known.contains(where: { $0.group == key.group }) { return nil }
            if unused.contains(key) {
                return "\(setting.place): [\(setting.group)] \(setting.name) is an option of Glance's that has no effect here"
            }
            let nearest = known.min { $0.distance(to: key) < $1.distance(to: key) }
            let hint = nearest.map { ", did you mean [\($0.shownGroup)] \($0.name)?" } ?? ""
            return "\(setting.place): unknown option [\(setting.group)] \(setting.name)\(hint)"
        }
    }

    /// Folders that were named, in order, then those of the files, the last first. Source: oslo.config, `ConfigOpts.find_file`.
    private static func folders(of sources: [Source]) -> [String] {
        let named = sources.compactMap { if case .directory(let path) = $0 { path } else { nil } }
        let files = sources.compactMap { source -> String? in
            guard case .file(let path) = source else { return nil }
            return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        }
        return named + files.reversed()
    }

    private mutating func add(_ path: String, where isWanted: (Setting) -> Bool = { _ in true }) throws(ConfigurationError) {
        guard let text = contents(of: path) else { throw ConfigurationError(place: path, reason: "cannot be read") }
        let sections = try ConfigurationFile.parse(text, from: path)
        for setting in sections.flatMap(\.settings) where isWanted(setting) {
            settings[OptionKey(setting.group, setting.name), default: []].append(setting)
        }
    }

    /// Replaces `$name`, `${name}`, `$group.name` and `${group.name}`; `$$` and `\$` stand for one `$`.
    private func interpolated(_ setting: Setting, depth: Int) throws(ConfigurationError) -> String {
        guard setting.value.contains("$") else { return setting.value }
        guard depth < 10 else { throw ConfigurationError(place: setting.place, reason: "'\(setting.name)' refers to itself") }
        var text = ""
        var rest = setting.value[...]
        while let character = rest.popFirst() {
            if character == "\\", rest.first == "$" {
                text.append(rest.removeFirst())
                continue
            }
            guard character == "$" else {
                text.append(character)
                continue
            }
            if rest.first == "$" {
                text.append(rest.removeFirst())
                continue
            }
            let name: Substring
            if rest.first == "{", let end = rest.firstIndex(of: "}") {
                name = rest[rest.index(after: rest.startIndex)..<end]
                rest = rest[rest.index(after: end)...]
            } else {
                name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".") }
                rest = rest[name.endIndex...]
            }
            guard let value = try value(named: name, near: setting, depth: depth) else {
                throw ConfigurationError(place: setting.place, reason: "$\(name) names no option; write $$ for a dollar sign")
            }
            text += value
        }
        return text
    }

    private func value(named name: Substring, near setting: Setting, depth: Int) throws(ConfigurationError) -> String? {
        var candidates = [OptionKey(setting.group, String(name)), OptionKey("DEFAULT", String(name))]
        if let dot = name.firstIndex(of: ".") {
            candidates = [OptionKey(String(name[..<dot]), String(name[name.index(after: dot)...]))]
        }
        for key in candidates {
            if let other = settings[key]?.last { return try interpolated(other, depth: depth + 1) }
            if let fallback = defaults[key] { return fallback }
        }
        return nil
    }
}

extension OptionKey {
    /// As a key to look up: groups compare without case, names as oslo.config has them, `-` as `_`.
    fileprivate init(_ group: String, _ name: String) {
        self.init(group: group.lowercased(), name: String(name.map { $0 == "-" ? "_" : $0 }))
    }

    fileprivate var shownGroup: String { group == "default" ? "DEFAULT" : group }

    fileprivate func distance(to other: OptionKey) -> Int {
        editDistance(Array(name.utf8), Array(other.name.utf8)) * 2 + (group == other.group ? 0 : 1)
    }
}

/// Letters to insert, drop or replace to make one name of the other (Levenshtein).
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let cost = x == y ? diagonal : 1 + min(diagonal, row[j], row[j + 1])
            diagonal = row[j + 1]
            row[j + 1] = cost
        }
    }
    return row[b.count]
}

/// The text of a file; nil when it cannot be read or is no UTF-8.
package func contents(of path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 * 1024)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { break }
        bytes += chunk[..<count]
    }
    return ferror(file) == 0 ? String(validating: bytes, as: UTF8.self) : nil
}
