internal import Text

/// A JSON value. Objects keep the order of their keys; if a key occurs twice, the last value counts.
package enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case int(Int64)
    /// A number with a fraction or an exponent.
    case double(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

/// The members of an object, in order. Keys are compared byte by byte. Source: RFC 8259, 8.3.
package struct JSONObject: Sendable, Equatable {
    private var members: [Member] = []
    /// The index of each member; nil while there are few members.
    private var places: [ExactText: Int]?

    private struct Member: Sendable {
        let key: String
        var value: JSON
    }

    /// Up to this number of members, a linear search is faster than a hash table.
    private static let few = 32

    package init() {}

    /// The keys, in order.
    package var keys: [String] { members.map(\.key) }

    package subscript(key: String) -> JSON? {
        get { place(of: key).map { members[$0].value } }
        set {
            switch (place(of: key), newValue) {
            case (nil, nil): break
            case (let place?, let value?): members[place].value = value
            case (nil, let value?):
                members.append(Member(key: key, value: value))
                places?[ExactText(key)] = members.count - 1
                if places == nil && members.count > Self.few { notePlaces() }
            case (let place?, nil):
                members.remove(at: place)
                if places != nil { notePlaces() }
            }
        }
    }

    private func place(of key: String) -> Int? {
        if let places { return places[ExactText(key)] }
        var key = key
        return key.withUTF8 { key in
            let key = UnsafeRawBufferPointer(key)
            // By index: a member that is passed to a closure is copied, with its value. Most keys differ in length.
            return members.indices.first { members[$0].key.utf8.count == key.count && members[$0].key.hasBytes(key) }
        }
    }

    private mutating func notePlaces() {
        var places: [ExactText: Int] = [:]
        for (place, member) in members.enumerated() { places[ExactText(member.key)] = place }
        self.places = places
    }

    package var isEmpty: Bool { members.isEmpty }

    /// Calls `body` with each key and value, in order.
    package func forEach<Failure>(_ body: (String, JSON) throws(Failure) -> Void) throws(Failure) {
        for member in members { try body(member.key, member.value) }
    }

    package static func == (one: JSONObject, other: JSONObject) -> Bool {
        one.members.elementsEqual(other.members) { $0.key.isSame(as: $1.key) && $0.value == $1.value }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSON)...) {
        for (key, value) in elements { self[key] = value }
    }
}

extension JSON {
    /// The value, if it is a string.
    package var string: String? { if case .string(let value) = self { value } else { nil } }
    /// The value, if it is true or false.
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The value, if it is an integer.
    package var int: Int64? { if case .int(let value) = self { value } else { nil } }
    /// The value, if it is an array.
    package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    /// The value, if it is an object.
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
