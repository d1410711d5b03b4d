/// Translates the commands of `db` from the forms of Glance's `glance-manage` to the one form that `DB` parses.
///
/// Glance has two names for each command, `db sync` and `db_sync`. The first takes options, whose names may be abbreviated, and values in
/// the order of the options. The second takes only values; for a flag, any text that is not empty.
struct DBLine {
    /// An error that ends the program, as Glance does.
    struct Refused: Error, CustomStringConvertible {
        let description: String
        /// 2 for an error of argparse, 1 for a later error.
        var status: Int32 = 2
    }

    private struct Form {
        let name: String
        /// Options with values, in the order in which their values may stand alone; then flags, likewise.
        var values: [String] = []
        var flags: [String] = []
        var areNumbers = false
        /// Whether the `db_` name is not one of Glance, so that it may take options.
        var isOptionalOldName = false
        var ours: [String] = []

        var options: [String] { values + flags + ours + ["help"] }
    }

    private static let forms: [Form] =
        ["check", "contract", "expand", "migrate", "unload_metadefs", "version"].map { Form(name: $0) }
        + ["sync", "upgrade", "version_control"].map { Form(name: $0, values: ["version"]) }
        + [
            Form(name: "drop_reports", isOptionalOldName: true),
            Form(name: "export_metadefs", values: ["path"]),
            Form(name: "grant_reports", values: ["user", "host", "without"], isOptionalOldName: true, ours: ["apply"]),
            Form(name: "refresh_reports", isOptionalOldName: true),
            Form(name: "load_metadefs", values: ["path"], flags: ["merge", "prefer_new", "overwrite"]),
        ]
        + ["purge", "purge_images_table"].map {
            Form(name: $0, values: ["age_in_days", "max_rows"], areNumbers: true, isOptionalOldName: true, ours: ["dry-run"])
        }

    /// The names of all commands, sorted.
    static var names: [String] { forms.map(\.name).sorted() }

    /// - Parameter words: a command line without the options of `OsloArguments`, except those for configuration files.
    /// - Returns: a command line for `DB`; a line without a `db` command is returned unchanged.
    static func plain(_ words: [String]) throws(Refused) -> [String] {
        var words = words
        guard let first = words.first, first == "db" || first.hasPrefix("db_") else { return words }
        words.removeFirst()
        let isOld = first != "db"
        if !isOld, words.first?.hasPrefix("-") != false { return ["db"] + words }
        let name = isOld ? String(first.dropFirst(3)) : words.removeFirst()
        guard let form = forms.first(where: { $0.name == name }) else {
            let shown = isOld ? "command: invalid choice: '\(first)'" : "action: invalid choice: '\(name)'"
            throw Refused(description: "argument \(shown) (choose from \(names.map { "'\($0)'" }.joined(separator: ", ")))")
        }
        var line = DBLine(form: form, isOld: isOld)
        try line.read(words)
        return ["db", name] + line.options
    }

    private let form: Form
    private let isOld: Bool
    private var options: [String] = []
    private var given: Set<String> = []

    private init(form: Form, isOld: Bool) { (self.form, self.isOld) = (form, isOld) }

    private mutating func read(_ words: [String]) throws(Refused) {
        var (alone, index) = ([String](), 0)
        while index < words.count {
            let word = words[index]
            index += 1
            if word == "--" {
                alone += words[index...]
                break
            }
            if !word.hasPrefix("-") || word.count == 1 || Int(word) != nil {
                alone.append(word)
            } else if ["--config-file", "--config-dir"].contains(word) {
                options += words[(index - 1)...min(index, words.count - 1)]
                index += 1
            } else {
                index += try read(option: word, before: index < words.count ? words[index] : nil) ? 1 : 0
            }
        }
        try read(alone: alone)
    }

    /// - Returns: whether the next word was used as the option's value.
    private mutating func read(option word: String, before next: String?) throws(Refused) -> Bool {
        let sides = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let (name, attached) = (String(sides[0].dropFirst(2)), sides.count > 1 ? sides[1] : nil)
        guard word.hasPrefix("--"), let option = try option(name), !isOld || form.isOptionalOldName || option == "help" else {
            // `-h`, or an unknown option.
            options.append(word)
            return false
        }
        given.insert(option)
        guard form.values.contains(option) else {
            options.append(attached.map { "--\(option)=\($0)" } ?? "--\(option)")
            return false
        }
        guard let value = attached ?? next, attached != nil || !value.hasPrefix("-") || Int(value) != nil else {
            throw Refused(description: "argument --\(option): expected one argument")
        }
        options.append("--\(option)=\(value)")
        return attached == nil
    }

    /// The option that a name, or the beginning of one, stands for.
    private func option(_ name: String) throws(Refused) -> String? {
        if form.options.contains(name) { return name }
        let options = form.options.filter { $0.hasPrefix(name) }
        guard options.count < 2 else {
            throw Refused(
                description: "ambiguous option: --\(name) could match \(options.map { "--\($0)" }.joined(separator: ", "))")
        }
        return options.first
    }

    private mutating func read(alone: [String]) throws(Refused) {
        let names = form.values + form.flags
        guard alone.count <= names.count else {
            let surplus = alone[names.count...].joined(separator: " ")
            throw Refused(description: "unrecognized arguments: \(surplus)", status: isOld && !form.isOptionalOldName ? 2 : 1)
        }
        for (name, value) in zip(names, alone) {
            // In the new form every flag has a value already.
            guard !given.contains(name), isOld || form.values.contains(name) else {
                throw Refused(description: "\(form.name) got multiple values for argument '\(name)'", status: 1)
            }
            if form.areNumbers, Int(value) == nil {
                throw Refused(description: "Invalid int value for \(name): \(value)", status: 1)
            }
            if form.values.contains(name) { options.append("--\(name)=\(value)") } else if !value.isEmpty { options.append("--\(name)") }
        }
    }
}
