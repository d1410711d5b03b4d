/// A text without the white space at both ends.
///
/// White space is Unicode's, a character at a time, as Python's `strip` has it. Other dialects stay where they are read: the bytes of a
/// VMDK descriptor (ASCII alone, as QEMU has it), and integers (a scalar at a time, as Python's `int` has it).
package func trimmed(_ text: some StringProtocol) -> String {
    guard let first = text.firstIndex(where: { !$0.isWhitespace }), let last = text.lastIndex(where: { !$0.isWhitespace }) else {
        return ""
    }
    return String(text[first...last])
}
