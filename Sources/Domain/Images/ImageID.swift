/// An image's permanent id, which is never given to another image: a UUID in the client's own case.
package struct ImageID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// Takes any text from a path or the database. A text that is not a UUID is found nowhere.
    package init(_ text: String) { self.text = text }

    /// A new random one (UUID version 4).
    package static func random(using generator: inout some RandomNumberGenerator) -> ImageID {
        let high = generator.next() & ~0xF000 | 0x4000
        let low = generator.next() & ~(0b11 << 62) | 0b10 << 62
        let bytes = [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (place, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(place) { text.append(UInt8(ascii: "-")) }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return ImageID(String(decoding: text, as: UTF8.self))
    }

    /// Whether the text is 8-4-4-4-12 hexadecimal digits. Only such an id may become part of a path.
    package var isUUID: Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.utf8.count) == [8, 4, 4, 4, 12]
            && text.utf8.allSatisfy { $0 == 0x2D || 0x30...0x39 ~= $0 || 0x41...0x46 ~= $0 || 0x61...0x66 ~= $0 }
    }

    package var description: String { text }
}
