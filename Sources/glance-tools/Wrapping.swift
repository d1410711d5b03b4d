/// Breaks a text into lines up to a width; all but the first are indented by two blanks. Source: Python's `textwrap`, which oslo's table
/// uses: a word may be broken behind a hyphen between letters, and anywhere if it is longer than a line.
func wrapped(_ text: String, to width: Int) -> [String] {
    var pieces = text.split(whereSeparator: \.isWhitespace).flatMap { [" "[...]] + hyphenated($0) }.dropFirst()
    var lines: [String] = []
    while !pieces.isEmpty {
        let indent = lines.isEmpty ? "" : "  "
        let room = width - indent.count
        if !lines.isEmpty, pieces.first == " " { pieces.removeFirst() }
        var line = ""
        while let piece = pieces.first, line.count + piece.count <= room { line += pieces.removeFirst() }
        if let piece = pieces.first, piece.count > room {
            var fitting = piece.prefix(room - line.count)
            if let hyphen = fitting.lastIndex(of: "-"), fitting[..<hyphen].contains(where: { $0 != "-" }) { fitting = fitting[...hyphen] }
            line += fitting
            pieces[pieces.startIndex] = piece[fitting.endIndex...]
        }
        while line.last == " " { line.removeLast() }
        lines.append(indent + line)
    }
    return lines
}

/// The parts of a word that may be on different lines.
private func hyphenated(_ word: Substring) -> [Substring] {
    var (parts, rest) = ([Substring](), word)
    let letters = Array(word)
    for (place, letter) in letters.enumerated() where letter == "-" && place >= 2 && place + 2 < letters.count {
        guard letters[place - 2].isLetter, letters[place - 1].isLetter, letters[place + 1].isLetter,
            letters[place + 2].isLetter || letters[place + 2] == "-" && place + 3 < letters.count && letters[place + 3].isLetter
        else { continue }
        let end = word.index(word.startIndex, offsetBy: place + 1)
        parts.append(rest[..<end])
        rest = rest[end...]
    }
    return parts + [rest]
}
