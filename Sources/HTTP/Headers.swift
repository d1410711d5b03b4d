internal import Text

/// Header fields in order, whose names are compared without case. They are few, so a linear search is faster than a hash table.
package struct Headers: Sendable {
    package typealias Field = (name: String, value: String)

    package private(set) var fields: [Field] = []

    package init() {}

    /// The value of the first field with the name, or nil. Setting replaces all fields with the name; nil removes them.
    package subscript(name: String) -> String? {
        get { fields.first { $0.name.equalsIgnoringCase(name) }?.value }
        set {
            fields.removeAll { $0.name.equalsIgnoringCase(name) }
            if let newValue { fields.append((name, newValue)) }
        }
    }

    /// Appends a field, also if there is one with the name.
    package mutating func add(_ name: String, _ value: String) {
        fields.append((name, value))
    }

    /// The first field that must not be sent: its name is not a token, or its value could end the line and begin another. nginx would
    /// otherwise obey an `X-Accel-Redirect` in a value that a user chose.
    package var firstUnwritable: Field? {
        fields.first { field in
            field.name.utf8.isEmpty
                || !field.name.allBytes(isToken)
                || !field.value.allBytes { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
        }
    }
}

/// Whether a byte is allowed in a field's name. Source: RFC 9110, 5.6.2.
package func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "-"), 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "!#$%&'*+.^_`|~".utf8.contains(byte)
    }
}

extension String {
    /// Compares ASCII texts without case.
    fileprivate func equalsIgnoringCase(_ other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        var (one, other) = (self, other)
        return one.withUTF8 { one in other.withUTF8 { other in one.elementsEqual(other) { $0.lowercasedASCII == $1.lowercasedASCII } } }
    }
}

extension UInt8 {
    fileprivate var lowercasedASCII: UInt8 { 0x41...0x5A ~= self ? self | 0x20 : self }
}
