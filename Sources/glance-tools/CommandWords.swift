/// The command line is not valid.
struct UsageError: Error, CustomStringConvertible {
    let description: String
    var usage: String?
    /// The exit status; argparse uses 2.
    var status: Int32 = 2

    init(_ description: String, usage: String? = nil) { (self.description, self.usage) = (description, usage) }
}

/// A command line parsed as Python's argparse does: options before, between and behind other words; `--name=value`, `-nvalue`, `-vd`
/// for `-v -d`; a long name may be abbreviated if it stays unambiguous.
struct CommandWords {
    struct Option {
        /// All spellings; the first is the key for `subscript`.
        let names: [String]
        let takesValue: Bool

        static func flag(_ names: String...) -> Option { Option(names: names, takesValue: false) }
        static func value(_ names: String...) -> Option { Option(names: names, takesValue: true) }
    }

    /// The words that are not options.
    private(set) var others: [String] = []
    private var given: [String: [String]] = [:]

    init(_ words: [String], _ options: [Option], usage: String? = nil) throws(UsageError) {
        var rest = words[...]
        var isOver = false
        while let word = rest.popFirst() {
            guard !isOver, word.hasPrefix("-"), word != "-" else {
                others.append(word)
                continue
            }
            if word == "--" {
                isOver = true
            } else if word.hasPrefix("--") {
                let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                let option = try Self.long(parts[0], options, usage)
                if !option.takesValue {
                    guard parts.count == 1 else { throw UsageError("argument \(parts[0]): takes no value", usage: usage) }
                    note(option, "")
                } else if let value = parts.count == 2 ? parts[1] : rest.popFirst() {
                    note(option, value)
                } else {
                    throw UsageError("argument \(parts[0]): expected one argument", usage: usage)
                }
            } else {
                try takeShort(word, &rest, options, usage)
            }
        }
    }

    private mutating func takeShort(
        _ word: String, _ rest: inout ArraySlice<String>, _ options: [Option], _ usage: String?
    ) throws(UsageError) {
        var letters = word.dropFirst()
        while let letter = letters.popFirst() {
            guard let option = options.first(where: { $0.names.contains("-\(letter)") }) else {
                throw UsageError("unrecognized arguments: \(word)", usage: usage)
            }
            guard option.takesValue else {
                note(option, "")
                continue
            }
            if letters.first == "=" { letters.removeFirst() }
            guard let value = letters.isEmpty ? rest.popFirst() : String(letters) else {
                throw UsageError("argument -\(letter): expected one argument", usage: usage)
            }
            note(option, value)
            return
        }
    }

    private static func long(_ name: String, _ options: [Option], _ usage: String?) throws(UsageError) -> Option {
        if let exact = options.first(where: { $0.names.contains(name) }) { return exact }
        let candidates = options.filter { $0.names.contains { $0.hasPrefix(name) } }
        guard let only = candidates.first else { throw UsageError("unrecognized arguments: \(name)", usage: usage) }
        guard candidates.count == 1 else {
            let names = candidates.flatMap(\.names).filter { $0.hasPrefix(name) }
            throw UsageError("ambiguous option: \(name) could match \(names.joined(separator: ", "))", usage: usage)
        }
        return only
    }

    private mutating func note(_ option: Option, _ value: String) { given[option.names[0], default: []].append(value) }

    func has(_ name: String) -> Bool { given[name] != nil }
    /// The last value of an option; nil if it was not given or is empty.
    subscript(name: String) -> String? { given[name]?.last.flatMap { $0.isEmpty ? nil : $0 } }
    func all(_ name: String) -> [String] { given[name] ?? [] }
}
