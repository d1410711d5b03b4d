internal import _StringProcessing

/// Validates values against the part of JSON Schema that the Images API uses for its documents.
///
/// Supported: `type`, `enum`, `maxLength`, `minLength`, `pattern`, `minimum`, `maximum`, `items`, `uniqueItems`, `properties`,
/// `additionalProperties`, `required`, `allOf`, and `$ref` to a name under `definitions`. Source: JSON Schema draft 4, validation.
package struct JSONSchema: Sendable {
    package let name: String
    package let document: JSONObject

    package init(name: String, _ document: JSONObject) {
        self.name = name
        self.document = document
    }

    /// A value and the rule that it breaks.
    package struct Violation: Error {
        package let schema: String
        /// The place of the value: the names of the members that lead to it.
        package let path: [String]
        package let value: JSON
        package let rule: String

        /// A text for the client. A long value is shortened.
        package var explanation: String {
            let shown = String(decoding: value.text.prefix(200), as: UTF8.self)
            let place = path.isEmpty ? "" : " at '\(path.joined(separator: "/"))'"
            return "Provided object does not match schema '\(schema)': \(shown) \(rule)\(place)."
        }
    }

    /// - Throws: the first rule that the value breaks.
    package func check(_ value: JSON) throws(Violation) {
        try check(value, document, [])
    }

    private func check(_ value: JSON, _ schema: JSONObject, _ path: [String]) throws(Violation) {
        func fail(_ rule: String) -> Violation { Violation(schema: name, path: path, value: value, rule: rule) }

        if let reference = schema["$ref"]?.string {
            let definition = document["definitions"]?.object?[String(reference.dropFirst("#/definitions/".count))]?.object
            if let definition { try check(value, definition, path) }
            return
        }
        for part in schema["allOf"]?.array?.compactMap(\.object) ?? [] { try check(value, part, path) }
        if let type = schema["type"] {
            let names = type.array?.compactMap(\.string) ?? [type.string ?? ""]
            guard names.contains(where: value.isOfType) else {
                throw fail("is not of type \(names.map { "'\($0)'" }.joined(separator: ", "))")
            }
        }
        if let choices = schema["enum"]?.array, !choices.contains(value) {
            throw fail("is not one of \(String(decoding: JSON.array(choices).text, as: UTF8.self))")
        }
        switch value {
        case .string(let text):
            if let most = schema["maxLength"]?.int, text.unicodeScalars.count > most { throw fail("is longer than \(most) characters") }
            if let least = schema["minLength"]?.int, text.unicodeScalars.count < least { throw fail("is shorter than \(least) characters") }
            if let pattern = schema["pattern"]?.string, let regex = try? Regex(pattern), (try? regex.firstMatch(in: text)) == nil {
                throw fail("does not match '\(pattern)'")
            }
        case .int(let number):
            if let least = schema["minimum"]?.int, number < least { throw fail("is less than the minimum of \(least)") }
            if let most = schema["maximum"]?.int, number > most { throw fail("is greater than the maximum of \(most)") }
        case .array(let elements):
            if let items = schema["items"]?.object {
                for (index, element) in elements.enumerated() { try check(element, items, path + [String(index)]) }
            }
            if schema["uniqueItems"]?.bool == true, Set(elements.map { $0.text }).count != elements.count {
                throw fail("has non-unique elements")
            }
        case .object(let members):
            for required in schema["required"]?.array?.compactMap(\.string) ?? [] where members[required] == nil {
                throw fail("has no '\(required)', which is a required property")
            }
            try members.forEach { (key, member) throws(Violation) in
                if let known = schema["properties"]?.object?[key]?.object {
                    try check(member, known, path + [key])
                } else if let other = schema["additionalProperties"]?.object {
                    try check(member, other, path + [key])
                } else if schema["additionalProperties"]?.bool == false {
                    throw fail("has '\(key)', and additional properties are not allowed")
                }
            }
        case .null, .bool, .double: break
        }
    }
}

extension JSON {
    fileprivate func isOfType(_ name: String) -> Bool {
        switch self {
        case .null: name == "null"
        case .bool: name == "boolean"
        case .int: name == "integer" || name == "number"
        case .double: name == "number"
        case .string: name == "string"
        case .array: name == "array"
        case .object: name == "object"
        }
    }
}
