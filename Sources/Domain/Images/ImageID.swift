/// The name of an image that never changes and is never given again: a UUID in the client's own case.
package struct ImageID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// Any text, as it came in a path or lies in the database. What is no image's id is simply not found.
    package init(_ text: String) { self.text = text }

    /// A new random one (UUID version 4).
    package static func random(using generator: inout some RandomNumberGenerator) -> ImageID {
        let high = generator.next() & ~0xF000 | 0x4000
        let low = generator.next() & ~(0b11 << 62) | 0b10 << 62
        func hex(_ value: UInt64, _ digits: Int) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: digits - text.count) + text
        }
        return ImageID(
            [
                hex(high >> 32, 8), hex(high >> 16 & 0xFFFF, 4), hex(high & 0xFFFF, 4), hex(low >> 48, 4),
                hex(low & 0xFFFF_FFFF_FFFF, 12),
            ].joined(separator: "-"))
    }

    /// 8-4-4-4-12 hexadecimal digits. Only such a name may become part of a path.
    package var isUUID: Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.utf8.count) == [8, 4, 4, 4, 12]
            && text.utf8.allSatisfy { $0 == 0x2D || 0x30...0x39 ~= $0 || 0x41...0x46 ~= $0 || 0x61...0x66 ~= $0 }
    }

    package var description: String { text }
}
