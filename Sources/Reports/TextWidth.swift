/// Columns that a text takes on a terminal.
///
/// Source: Unicode, "East Asian Width" (UAX #11): wide and full-width characters take two columns, combining ones none.
package func displayWidth(_ text: String) -> Int {
    // Most texts are ASCII.
    if text.utf8.allSatisfy({ 0x20...0x7E ~= $0 }) { return text.utf8.count }
    return text.reduce(0) { $0 + width(of: $1) }
}

/// The text if it fits a width, else its beginning with `…`.
package func shortened(_ text: String, to width: Int) -> String {
    guard displayWidth(text) > width else { return text }
    var (kept, used) = ("", 0)
    for character in text {
        let more = Reports.width(of: character)
        guard used + more <= width - 1 else { break }
        kept.append(character)
        used += more
    }
    return kept + "…"
}

/// The text with every character that controls a terminal, breaks a line or turns the direction of writing replaced by its escape, such as
/// `\n` or `\u{1b}`. Names of images are untrusted: an escape sequence in one must not reach a terminal.
package func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var clean = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\n": clean += "\\n"
        case "\r": clean += "\\r"
        case "\t": clean += "\\t"
        case _ where isControl(scalar): clean += "\\u{\(String(scalar.value, radix: 16))}"
        default: clean.unicodeScalars.append(scalar)
        }
    }
    return clean
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E, 0xA0...0x60B: return false
    // Marks, embeddings, overrides and isolates of the direction of writing; separators of lines and paragraphs; invisible operators.
    case 0x61C, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB: return true
    default: return scalar.properties.generalCategory == .control
    }
}

/// Columns of one character, as a reader sees it: a letter with its accents, a flag, an emoji of several parts.
private func width(of character: Character) -> Int {
    let scalars = character.unicodeScalars
    guard let first = scalars.first(where: { !takesNoColumn($0) }) else { return 0 }
    if isWide(first) || first.properties.isEmojiPresentation { return 2 }
    // A sign that is shown as an emoji because a selector follows it; two letters that are a flag.
    return scalars.contains("\u{FE0F}") || 0x1F1E6...0x1F1FF ~= first.value ? 2 : 1
}

private func takesNoColumn(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .control: true
    case .format: scalar.value != 0xAD
    default: 0x1160...0x11FF ~= scalar.value  // vowels and final consonants of Korean syllables
    }
}

private func isWide(_ scalar: Unicode.Scalar) -> Bool {
    let value = scalar.value
    guard value >= 0x1100 else { return false }
    return wideRanges.contains { $0 ~= value }
}

/// The blocks of wide and full-width characters; wide emoji beside them are known by a property of their own.
private let wideRanges: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F,
    0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF,
    0x1AFF0...0x1B2FF, 0x1F200...0x1F2FF, 0x20000...0x3FFFD,
]
