/// Header fields in order, names compared without case. Few enough that a walk beats a hash.
package struct Headers: Sendable {
    package typealias Field = (name: String, value: String)

    package private(set) var fields: [Field] = []

    package init() {}

    /// The first field of that name, or nil. Setting replaces every field of the name; nil removes them.
    package subscript(name: String) -> String? {
        get { fields.first { $0.name.equalsIgnoringCase(name) }?.value }
        set {
            fields.removeAll { $0.name.equalsIgnoringCase(name) }
            if let newValue { fields.append((name, newValue)) }
        }
    }

    package mutating func add(_ name: String, _ value: String) {
        fields.append((name, value))
    }

    /// The first field that could end its line and begin another, or whose name is no token: such a field may never be
    /// written to the web server, which would read `X-Accel-Redirect` from a value that a user chose.
    package var firstUnwritable: Field? {
        fields.first { field in
            field.name.utf8.isEmpty
                || !field.name.utf8.allSatisfy(isToken)
                || !field.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
        }
    }
}

/// Whether a byte may stand in a field's name. Source: RFC 9110, 5.6.2.
package func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "-"), 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "!#$%&'*+.^_`|~".utf8.contains(byte)
    }
}

extension String {
    /// Equality of ASCII text whatever its case.
    fileprivate func equalsIgnoringCase(_ other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8) { $0.lowercasedASCII == $1.lowercasedASCII }
    }
}

extension UInt8 {
    fileprivate var lowercasedASCII: UInt8 { 0x41...0x5A ~= self ? self | 0x20 : self }
}
