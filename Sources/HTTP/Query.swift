/// The query of a URL: decoded pairs in the order sent.
package struct Query: Sendable {
    package typealias Pair = (name: String, value: String)

    package let pairs: [Pair]

    /// - Returns: nil if a name or a value is not UTF-8, or contains NUL.
    package init?(_ text: Substring) {
        var pairs: [Pair] = []
        for part in text.utf8.split(separator: UInt8(ascii: "&")) {
            let sides = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = percentDecoded(Substring(sides[0]), plusIsSpace: true),
                let value = sides.count == 2 ? percentDecoded(Substring(sides[1]), plusIsSpace: true) : ""
            else { return nil }
            pairs.append((name, value))
        }
        self.pairs = pairs
    }

    package init(pairs: [Pair]) { self.pairs = pairs }

    /// The value that was given last; nil if there is none.
    package subscript(name: String) -> String? { pairs.last { $0.name == name }?.value }

    /// All values of a name, in the order sent.
    package func all(_ name: String) -> [String] { pairs.compactMap { $0.name == name ? $0.value : nil } }

    /// The pairs, encoded again, without those that are named.
    package func encoded(without left: String...) -> String {
        pairs.filter { !left.contains($0.name) }
            .map { "\(percentEncoded($0.name))=\(percentEncoded($0.value))" }
            .joined(separator: "&")
    }
}

/// Decodes `%XX`, once. A `%` without two hexadecimal digits behind it stands for itself, as in Python's `urllib.parse`.
///
/// - Returns: nil for bytes that are no UTF-8, and NUL.
package func percentDecoded(_ text: Substring, plusIsSpace: Bool = false) -> String? {
    // Bytes that were no UTF-8 have become U+FFFD (0xEFBFBD) on their way here.
    guard text.utf8.contains(where: { $0 == 0x25 || $0 == 0x2B || $0 == 0 || $0 == 0xEF }) else { return String(text) }
    if text.unicodeScalars.contains("\u{FFFD}") { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var rest = text.utf8
    while let byte = rest.popFirst() {
        switch byte {
        case 0: return nil
        case 0x25:
            guard let high = rest.first.flatMap(hexValue), let low = rest.dropFirst().first.flatMap(hexValue) else {
                bytes.append(byte)
                continue
            }
            guard high << 4 | low != 0 else { return nil }
            bytes.append(high << 4 | low)
            rest = rest.dropFirst(2)
        case 0x2B where plusIsSpace: bytes.append(0x20)
        default: bytes.append(byte)
        }
    }
    return String(validating: bytes, as: UTF8.self)
}

/// Encodes everything but RFC 3986's unreserved characters.
package func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: bytes.append(byte)
        default: bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

private func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
}
