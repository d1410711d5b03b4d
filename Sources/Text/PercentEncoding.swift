/// Decodes `%XX`, once. A `%` without two hexadecimal digits behind it stands for itself. Source: Python, `urllib.parse.unquote`.
///
/// - Parameter plusIsSpace: as in a query. Source: Python, `unquote_plus`.
/// - Returns: bytes, which need be no UTF-8 and may hold NUL; the caller says what becomes of such.
package func percentDecodedBytes(_ text: Substring, plusIsSpace: Bool = false) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var rest = text.utf8
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), let high = rest.first.flatMap(hexValue), let low = rest.dropFirst().first.flatMap(hexValue) {
            bytes.append(high << 4 | low)
            rest = rest.dropFirst(2)
        } else {
            bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        }
    }
    return bytes
}

/// Decodes a part of a URL that a client sent.
///
/// - Returns: nil for bytes that are no UTF-8, and NUL.
package func percentDecoded(_ text: Substring, plusIsSpace: Bool = false) -> String? {
    // Bytes that were no UTF-8 have become U+FFFD (0xEFBFBD) on their way here.
    let whole = String(text)
    if whole.allBytes({ $0 != 0x25 && $0 != 0x2B && $0 != 0 && $0 != 0xEF }) { return whole }
    if text.unicodeScalars.contains("\u{FFFD}") { return nil }
    let bytes = percentDecodedBytes(text, plusIsSpace: plusIsSpace)
    return bytes.contains(0) ? nil : String(utf8: bytes.span)
}

/// Encodes everything but RFC 3986's unreserved characters.
package func percentEncoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: bytes.append(byte)
        default: bytes += percentEscape(of: byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// `%XX` with capital letters, as RFC 3986 (2.1) wants them.
package func percentEscape(of byte: UInt8) -> [UInt8] {
    func capital(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10 }
    return [UInt8(ascii: "%"), capital(byte >> 4), capital(byte & 15)]
}
