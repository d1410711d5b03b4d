/// Limits of metadata definitions. The columns limit texts; the others keep answers bounded.
package enum MetadefLimits {
    /// Most characters of a name, a prefix or a target.
    package static let longestName = 80
    /// Most bytes of a schema, a description or a list of required properties.
    package static let longestText = 65_535
    /// Most objects, properties, tags or resource types of a namespace.
    package static let mostItems = 1000
    /// Most resource types of all namespaces together.
    package static let mostResourceTypes = 10_000

    /// Whether the columns can hold a name. If not, nothing has it, and no query is needed.
    package static func isPossible(_ name: String) -> Bool {
        !name.isEmpty && name.unicodeScalars.count <= longestName && ImageText.isStorable(name)
    }

    package static func check(name: String, of what: String) throws(Fault) {
        guard !name.isEmpty else { throw Fault(.invalid, "The name of a \(what) must not be empty.") }
        guard name.unicodeScalars.count <= longestName else {
            throw Fault(.invalid, "The name of a \(what), '\(name.prefix(40))…', is longer than \(longestName) characters.")
        }
        try ImageText.check(name)
    }

    package static func check(text: String, of what: String) throws(Fault) {
        guard text.utf8.count <= longestText else { throw Fault(.invalid, "The \(what) is longer than \(longestText) bytes.") }
        try ImageText.check(text)
    }

    package static func check(count: Int, of kind: MetadefKind) throws(Fault) {
        guard count <= mostItems else {
            throw Fault(.tooLarge, "A namespace holds \(mostItems) \(kind.plural) at most, not \(count).")
        }
    }
}

extension MetadefKind {
    /// The kind's name in messages.
    package var noun: String {
        switch self {
        case .resourceType: "resource type association"
        case .property: "property"
        case .object: "object"
        case .tag: "tag"
        }
    }

    package var plural: String { self == .property ? "properties" : noun + "s" }
}
