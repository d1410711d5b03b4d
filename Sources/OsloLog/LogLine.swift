internal import Text

/// Escapes, as JSON does (`\n`, `\u001b`), each character that would end the line, control a terminal or change the direction of the text: a
/// line may hold what a client wrote. The line is UTF-8; the strings of a JSON document keep their meaning.
package func escapeControls(in line: inout [UInt8]) {
    // Nearly all lines have nothing of the kind.
    guard line.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0xC2 || $0 == 0xE2 }) else { return }
    var escaped: [UInt8] = []
    escaped.reserveCapacity(line.count + 64)
    for scalar in String(decoding: line, as: UTF8.self).unicodeScalars {
        switch scalar.value {
        case 0x09: escaped += Array("\\t".utf8)
        case 0x0A: escaped += Array("\\n".utf8)
        case 0x0D: escaped += Array("\\r".utf8)
        // Control characters; separators of lines and paragraphs; marks and overrides of direction.
        case 0..<0x20, 0x7F...0x9F, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069:
            escaped += Array("\\u\([UInt8(scalar.value >> 8), UInt8(scalar.value & 0xFF)].hexadecimal)".utf8)
        default: escaped += Array(String(scalar).utf8)
        }
    }
    line = escaped
}
