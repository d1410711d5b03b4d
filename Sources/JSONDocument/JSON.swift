/// A JSON value. Objects keep the order of their keys; of a key given twice the last value counts.
package indirect enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case int(Int64)
    /// A number with a fraction or an exponent.
    case double(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

/// The members of an object in order. Keys are the same where their bytes are. Source: RFC 8259, 8.3.
package struct JSONObject: Sendable, Equatable {
    package private(set) var keys: [String] = []
    private var values: [ExactText: JSON] = [:]

    package init() {}

    package subscript(key: String) -> JSON? {
        get { values[ExactText(key)] }
        set {
            let exact = ExactText(key)
            if values[exact] == nil {
                if newValue != nil { keys.append(key) }
            } else if newValue == nil {
                keys.removeAll { $0.isSame(as: key) }
            }
            values[exact] = newValue
        }
    }

    package var isEmpty: Bool { keys.isEmpty }

    package func forEach<Failure>(_ body: (String, JSON) throws(Failure) -> Void) throws(Failure) {
        for key in keys { try body(key, values[ExactText(key)]!) }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSON)...) {
        for (key, value) in elements { self[key] = value }
    }
}

extension JSON {
    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var int: Int64? { if case .int(let value) = self { value } else { nil } }
    package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(nilLiteral: ()) { self = .null }
    package init(dictionaryLiteral elements: (String, JSON)...) {
        var members = JSONObject()
        for (key, value) in elements { members[key] = value }
        self = .object(members)
    }
}
