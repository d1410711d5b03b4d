internal import Text

/// An image's permanent id, which is never given to another image: a UUID in the client's own case.
package struct ImageID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// Takes any text from a path or the database. A text that is not a UUID is found nowhere.
    package init(_ text: String) { self.text = text }

    /// A new random one (UUID version 4).
    package static func random(using generator: inout some RandomNumberGenerator) -> ImageID {
        let high = generator.next() & ~0xF000 | 0x4000
        let low = generator.next() & ~(0b11 << 62) | 0b10 << 62
        let digits = [high, low].flatMap(bigEndianBytes).hexadecimal
        var rest = digits[...]
        let parts = [8, 4, 4, 4, 12].map { count in
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        return ImageID(parts.joined(separator: "-"))
    }

    /// Whether the text is 8-4-4-4-12 hexadecimal digits. Only such an id may become part of a path.
    package var isUUID: Bool { Text.isUUID(text) }

    package var description: String { text }
}
