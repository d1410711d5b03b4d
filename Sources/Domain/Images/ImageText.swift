/// What texts of images may hold. The database's columns decide.
package enum ImageText {
    /// Characters of a name: of an image, an owner, a property, a tag, a member.
    package static let longestName = 255
    /// Bytes of a property's value.
    package static let longestValue = 65535

    /// Whether the columns can hold it: characters beyond U+FFFF take four bytes, and they hold three.
    package static func isStorable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value <= 0xFFFF && $0.value != 0 }
    }

    /// A text for people as the columns can hold it: its first thousand characters.
    package static func storable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(1000).map { isStorable(String($0)) ? $0 : "?" }))
    }

    package static func check(_ text: String) throws(Fault) {
        guard isStorable(text) else {
            throw Fault(.invalid, "Characters beyond U+FFFF, and NUL, are not supported: '\(text.prefix(80))'.")
        }
    }

    package static func check(property name: String, _ value: String?) throws(Fault) {
        guard name.unicodeScalars.count <= longestName else {
            throw Fault(.invalid, "The name of property '\(name.prefix(80))…' is longer than \(longestName) characters.")
        }
        guard let value else { return try check(name) }
        guard value.utf8.count <= longestValue else {
            throw Fault(.invalid, "The value of property '\(name)' is longer than \(longestValue) bytes.")
        }
        try check(name)
        try check(value)
    }

    package static func check(tag: String) throws(Fault) {
        guard tag.unicodeScalars.count <= longestName else {
            throw Fault(.invalid, "The tag '\(tag.prefix(80))…' is longer than \(longestName) characters.")
        }
        try check(tag)
    }

    package static func check(member: String) throws(Fault) {
        guard member.unicodeScalars.count <= longestName else {
            throw Fault(.invalid, "The member '\(member.prefix(80))…' is longer than \(longestName) characters.")
        }
        try check(member)
    }

    /// GB of a least disk, or MB of a least memory.
    package static func check(least value: Int64, _ field: String) throws(Fault) {
        guard 0...Int64(Int32.max) ~= value else {
            throw Fault(.invalid, "\(field) must be from 0 to \(Int32.max), not \(value).")
        }
    }
}
