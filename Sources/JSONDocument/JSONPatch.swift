internal import Text

/// A list of changes to a document, in one of the two dialects of the Images API.
///
/// Source: RFC 6902 for `application/openstack-images-v2.1-json-patch`, an early draft of it for v2.0.
package struct JSONPatch: Sendable {
    /// How a change is written.
    package enum Dialect: Sendable {
        /// `{"add": "/name", "value": …}`: the verb is the key of its path.
        case v2_0
        /// `{"op": "add", "path": "/name", "value": …}`
        case v2_1
    }

    /// The verbs that the Images API supports.
    package enum Verb: String, Sendable, CaseIterable {
        case add, replace, remove
    }

    /// One change.
    package struct Operation: Sendable {
        package let verb: Verb
        /// The pointer's segments, decoded and trimmed.
        package let path: [String]
        /// Nil for `remove`.
        package let value: JSON?
    }

    package let dialect: Dialect
    package let operations: [Operation]

    /// Reads a list of changes.
    package init(_ document: JSON, dialect: Dialect) throws(JSONPatchError) {
        guard let changes = document.array else { throw JSONPatchError("The request body must be a list of operation objects.") }
        self.dialect = dialect
        var operations: [Operation] = []
        for change in changes {
            guard let change = change.object else { throw JSONPatchError("Each operation must be an object.") }
            operations.append(try Operation(change, dialect))
        }
        self.operations = operations
    }
}

/// The reason why a list of changes is not valid, as a text for the client.
package struct JSONPatchError: Error {
    package let reason: String
    init(_ reason: String) { self.reason = reason }
}

extension JSONPatch.Operation {
    fileprivate init(_ change: JSONObject, _ dialect: JSONPatch.Dialect) throws(JSONPatchError) {
        let pointer: JSON?
        switch dialect {
        case .v2_0:
            let verbs = JSONPatch.Verb.allCases.filter { change[$0.rawValue] != nil }
            guard verbs.count == 1 else {
                throw JSONPatchError("An operation must name exactly one of add, replace and remove.")
            }
            verb = verbs[0]
            pointer = change[verb.rawValue]
        case .v2_1:
            guard let name = change["op"]?.string else { throw JSONPatchError("Unable to find 'op' in JSON Schema change.") }
            guard let verb = JSONPatch.Verb(rawValue: name) else {
                throw JSONPatchError("Invalid operation: `\(name)`. It must be one of the following: add, replace, remove.")
            }
            self.verb = verb
            pointer = change["path"]
        }
        guard let pointer = pointer?.string else { throw JSONPatchError("Unable to find 'path' in JSON Schema change.") }
        path = try Self.segments(of: pointer)
        guard verb != .remove else {
            value = nil
            return
        }
        guard let value = change["value"] else {
            throw JSONPatchError("Operation \"\(verb.rawValue)\" requires a member named \"value\".")
        }
        self.value = value
    }

    /// Splits a pointer. Like Glance, it allows doubled slashes only at the start.
    private static func segments(of pointer: String) throws(JSONPatchError) -> [String] {
        guard pointer.first == "/" else { throw JSONPatchError("Pointer `\(pointer)` does not start with \"/\".") }
        guard pointer.count == 1 || pointer.last != "/" else { throw JSONPatchError("Pointer `\(pointer)` ends with \"/\".") }
        let parts = pointer.drop { $0 == "/" }.split(separator: "/", omittingEmptySubsequences: false)
        let doubled = pointer.dropFirst().split(separator: "/", omittingEmptySubsequences: false).dropFirst().contains {
            $0.allSatisfy(\.isWhitespace)
        }
        guard !doubled || parts == [""] else { throw JSONPatchError("Pointer `\(pointer)` contains adjacent \"/\".") }
        var segments: [String] = []
        for part in parts {
            guard let segment = decoded(part) else {
                throw JSONPatchError("Pointer `\(pointer)` contains \"~\" not part of a recognized escape sequence.")
            }
            segments.append(segment)
        }
        return segments
    }

    private static func decoded(_ segment: Substring) -> String? {
        var text = ""
        var rest = segment
        while let character = rest.popFirst() {
            switch character {
            case "~":
                switch rest.popFirst() {
                case "0": text.append("~")
                case "1": text.append("/")
                default: return nil
                }
            default: text.append(character)
            }
        }
        return trimmed(text)
    }
}
