/// An option of the service: its name as Glance has it, its default, and how its text is read.
package struct Option<Value: Sendable>: Sendable {
    package let group: String
    package let name: String
    let fallback: Value
    /// The default as text, for `$name` in other values; nil when there is none.
    let fallbackText: String?
    /// Reads all values given for the option, in order; nil when they do not make one.
    let read: @Sendable ([String]) -> Value?
    /// What its values are, such as `an integer from 1 to 10`.
    let expectation: String
    /// Whether an empty value is one; of other types it says that the option is not set. Source: oslo.config, `types.Number`.
    let readsEmpty: Bool
    let plain: @Sendable (Value) -> OptionValue
    /// What it was called before, the newest first.
    private(set) var formerNames: [OptionName] = []
    /// What it does, in a sentence: units, range, what leaving it out means.
    private(set) var help = ""
    private(set) var isOfOlderGlance = false

    init(
        _ group: String, _ name: String, _ fallback: Value, text: String?, expectation: String, readsEmpty: Bool = false,
        plain: @escaping @Sendable (Value) -> OptionValue, read: @escaping @Sendable ([String]) -> Value?
    ) {
        (self.group, self.name, self.fallback, self.fallbackText) = (group, name, fallback, text)
        (self.expectation, self.readsEmpty, self.plain, self.read) = (expectation, readsEmpty, plain, read)
    }

    /// The same option, which files may call by an older name too; in its own group where none is said.
    package func formerly(_ name: String, in group: String? = nil) -> Self {
        var option = self
        option.formerNames.append(OptionName(group ?? self.group, name))
        return option
    }

    /// The same option with the sentence that `config list` says of it.
    package func help(_ text: String) -> Self {
        var option = self
        option.help = text
        return option
    }

    /// The same option, which releases of Glance before 33 have and 33 has not.
    package func ofOlderGlance() -> Self {
        var option = self
        option.isOfOlderGlance = true
        return option
    }

    package var key: OptionKey {
        OptionKey(
            group: group, name: name, kind: expectation, fallback: fallbackText, formerNames: formerNames, help: help,
            isOfOlderGlance: isOfOlderGlance,
            value: { (configuration) throws(ConfigurationError) in plain(try configuration(self)) })
    }
}

/// An option without its type, as the list of all that are known holds it.
package struct OptionKey: Sendable {
    package let group: String
    package let name: String
    /// What its values are, in words.
    package let kind: String
    /// The default as text; nil when there is none.
    package let fallback: String?
    /// What files may call it too.
    package let formerNames: [OptionName]
    /// What it does, in a sentence.
    package let help: String
    /// Whether releases of Glance before 33 have it, and 33 has not.
    package let isOfOlderGlance: Bool
    /// What it is in a configuration.
    package let value: @Sendable (Configuration) throws(ConfigurationError) -> OptionValue

    var id: OptionName { OptionName(group, name) }
}

/// A group of options, each a stored property. To declare it so is all that makes an option known: nobody keeps a list beside.
package protocol OptionDeclarations: Sendable {}

extension OptionDeclarations {
    /// The options of this group and of the groups in it, in the order of their declarations.
    package var keys: [OptionKey] {
        Mirror(reflecting: self).children.flatMap { property -> [OptionKey] in
            switch property.value {
            case let option as any DeclaredOption: [option.key]
            case let group as any OptionDeclarations: group.keys
            default: []
            }
        }
    }
}

/// An option, whatever the type of its values is.
private protocol DeclaredOption {
    var key: OptionKey { get }
}

extension Option: DeclaredOption {}

/// Where an option stands in a file. Groups compare without case, names as oslo.config has them, `-` as `_`.
package struct OptionName: Hashable, Sendable, Comparable {
    package let group: String
    package let name: String

    package init(_ group: String, _ name: String) {
        self.group = group.lowercased()
        self.name = String(name.map { $0 == "-" ? "_" : $0 })
    }

    /// The group as files have it.
    package var shownGroup: String { group == "default" ? "DEFAULT" : group }

    package static func < (a: Self, b: Self) -> Bool { (a.group, a.name) < (b.group, b.name) }
}

/// A value of any option.
package enum OptionValue: Sendable, Equatable {
    case none
    case text(String)
    case number(Int64)
    case truth(Bool)
    case list([String])
    /// Names with a value each, in the order of the file.
    case table([String: String])
}
