/// The digit of a number below 16, in lower case. Inlined, since the JSON writer and the digests call it for each byte.
@inlinable
package func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x61 + value - 10 }

/// The number that a digit stands for, in either case; nil for another byte.
@inlinable
package func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x41...0x46: digit - 0x41 + 10
    case 0x61...0x66: digit - 0x61 + 10
    default: nil
    }
}

extension Sequence<UInt8> {
    /// Two digits a byte, in lower case.
    @inlinable
    package var hexadecimal: String {
        var text: [UInt8] = []
        text.reserveCapacity(2 * underestimatedCount)
        for byte in self {
            text.append(hexDigit(byte >> 4))
            text.append(hexDigit(byte & 15))
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension [UInt8] {
    /// The bytes that two digits each stand for, in either case; nil for an odd number of digits, or another character.
    package init?(hexadecimal digits: Substring) {
        let digits = Array(digits.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        self.init()
        reserveCapacity(digits.count / 2)
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard let high = hexValue(digits[place]), let low = hexValue(digits[place + 1]) else { return nil }
            append(high << 4 | low)
        }
    }
}

/// A random name of 32 hexadecimal digits, that of no other upload, lease or folder.
package func randomName() -> String {
    [UInt64.random(in: .min ... .max), .random(in: .min ... .max)].flatMap(bigEndianBytes).hexadecimal
}

/// The bytes of a number, the highest first.
package func bigEndianBytes(_ number: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) } }

/// Whether a text is 8-4-4-4-12 hexadecimal digits, in either case.
package func isUUID(_ text: String) -> Bool {
    text.utf8.count == 36
        && text.utf8.enumerated().allSatisfy { place, byte in
            [8, 13, 18, 23].contains(place) ? byte == UInt8(ascii: "-") : hexValue(byte) != nil
        }
}
