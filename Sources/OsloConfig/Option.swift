/// An option of the service: its name in Glance, its default, and how its text is read.
package struct Option<Value: Sendable>: Sendable {
    package let group: String
    package let name: String
    let fallback: Value
    /// The default as text, for `$name` in other values; nil if there is none.
    let fallbackText: String?
    /// Reads all values given for the option, in order; nil if they are not valid.
    let read: @Sendable ([String]) -> Value?
    /// A description of valid values, such as `an integer from 1 to 10`.
    let expectation: String
    /// Whether an empty text is a value. For other types it means that the option is not set. Source: oslo.config, `types.Number`.
    let readsEmpty: Bool
    let plain: @Sendable (Value) -> OptionValue
    /// Former names of the option, the newest first.
    private(set) var formerNames: [OptionName] = []
    /// The meaning, in a sentence: units, range, and the effect of leaving it out.
    private(set) var help = ""
    private(set) var isOfOlderGlance = false
    private(set) var isOwn = false

    init(
        _ group: String, _ name: String, _ fallback: Value, text: String?, expectation: String, readsEmpty: Bool = false,
        plain: @escaping @Sendable (Value) -> OptionValue, read: @escaping @Sendable ([String]) -> Value?
    ) {
        (self.group, self.name, self.fallback, self.fallbackText) = (group, name, fallback, text)
        (self.expectation, self.readsEmpty, self.plain, self.read) = (expectation, readsEmpty, plain, read)
    }

    /// The same option with a former name that files may still use; in the same group unless another is given.
    package func formerly(_ name: String, in group: String? = nil) -> Self {
        var option = self
        option.formerNames.append(OptionName(group ?? self.group, name))
        return option
    }

    /// The same option with the sentence that `config list` prints about it.
    package func help(_ text: String) -> Self {
        var option = self
        option.help = text
        return option
    }

    /// The same option, marked as one that Glance had before release 33 and dropped in 33.
    package func ofOlderGlance() -> Self {
        var option = self
        option.isOfOlderGlance = true
        return option
    }

    /// The same option, marked as one that Glance never had, in a group of Glance's.
    package func unknownToGlance() -> Self {
        var option = self
        option.isOwn = true
        return option
    }

    /// The option without its type.
    package var key: OptionKey {
        OptionKey(
            group: group, name: name, kind: expectation, fallback: fallbackText, formerNames: formerNames, help: help,
            isOfOlderGlance: isOfOlderGlance, isOwn: isOwn,
            value: { (configuration) throws(ConfigurationError) in plain(try configuration(self)) })
    }
}

/// An option without its type, for the list of all options.
package struct OptionKey: Sendable {
    package let group: String
    package let name: String
    /// A description of valid values.
    package let kind: String
    /// The default as text; nil if there is none.
    package let fallback: String?
    /// Former names that files may still use.
    package let formerNames: [OptionName]
    /// The meaning, in a sentence.
    package let help: String
    /// Whether Glance had the option before release 33 and dropped it in 33.
    package let isOfOlderGlance: Bool
    /// Whether Glance never had it, though it is in a group of Glance's.
    package let isOwn: Bool
    /// Reads its value from a configuration.
    package let value: @Sendable (Configuration) throws(ConfigurationError) -> OptionValue

    var id: OptionName { OptionName(group, name) }
}

/// A group of options, each a stored property. The declaration makes the option known; there is no second list.
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

/// An option with values of any type.
private protocol DeclaredOption {
    var key: OptionKey { get }
}

extension Option: DeclaredOption {}

/// The group and name of an option. Groups are compared without case; `-` and `_` in a name are the same, as in oslo.config.
package struct OptionName: Hashable, Sendable, Comparable {
    package let group: String
    package let name: String

    package init(_ group: String, _ name: String) {
        self.group = group.lowercased()
        self.name = String(name.map { $0 == "-" ? "_" : $0 })
    }

    /// The group as files write it.
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
    /// Names with a value each; the order is lost.
    case table([String: String])
}
