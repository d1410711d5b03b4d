/// The limits of texts in images, which the database's columns set.
package enum ImageText {
    /// The most characters in a name of an image, an owner, a property, a tag or a member.
    package static let longestName = 255
    /// The most bytes in a property's value.
    package static let longestValue = 65535

    /// Whether the columns can store a text. They hold three bytes a character, so nothing beyond U+FFFF.
    package static func isStorable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value <= 0xFFFF && $0.value != 0 }
    }

    /// A message in a form that the columns can store: its first thousand characters.
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

    /// Checks a least disk in GB, or a least memory in MB.
    package static func check(least value: Int64, _ field: String) throws(Fault) {
        guard 0...Int64(Int32.max) ~= value else {
            throw Fault(.invalid, "\(field) must be from 0 to \(Int32.max), not \(value).")
        }
    }
}
