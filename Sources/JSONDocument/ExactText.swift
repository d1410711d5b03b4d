internal import Text

/// A text as a key that is compared byte by byte. `String` takes two texts as equal if Unicode calls them equivalent (`é` as one letter,
/// and as `e` with a combining accent); databases, files and peers do not.
package struct ExactText: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (one: ExactText, other: ExactText) -> Bool { one.text.isSame(as: other.text) }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Whether the texts have the same bytes, which is stricter than `==`.
    package func isSame(as other: String) -> Bool {
        // Most texts that are compared differ in length, which is known without a look at their bytes.
        guard utf8.count == other.utf8.count else { return false }
        var other = other
        return other.withUTF8 { hasBytes(UnsafeRawBufferPointer($0)) }
    }
}

extension StringProtocol {
    /// Whether the texts have the same bytes, which is stricter than `==`.
    package func isSame(as other: some StringProtocol) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }
}
