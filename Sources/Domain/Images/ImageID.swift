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
        // Each request without an id gets such a text, so it is written byte by byte, without texts in between.
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for place in 0..<16 {
            if place == 4 || place == 6 || place == 8 || place == 10 { text.append(UInt8(ascii: "-")) }
            let byte = UInt8(truncatingIfNeeded: (place < 8 ? high : low) >> (56 - 8 * (place % 8)))
            text.append(hexDigit(byte >> 4))
            text.append(hexDigit(byte & 15))
        }
        return ImageID(String(decoding: text, as: UTF8.self))
    }

    /// Whether the text is 8-4-4-4-12 hexadecimal digits. Only such an id may become part of a path.
    package var isUUID: Bool { Text.isUUID(text) }

    package var description: String { text }
}
