/// An element of a short XML document: the answer of an S3 server. Attributes, comments and prefixes of names are left out.
///
/// The parser takes what such servers write, and refuses the rest: documents with a DOCTYPE, which could define entities, and those that are
/// deeper or have more elements than any answer.
package struct XMLElement: Sendable {
    package let name: String
    /// The text directly in the element, without white space around it.
    package private(set) var text = ""
    package private(set) var children: [XMLElement] = []

    private static let (deepest, most) = (16, 40_000)

    /// - Returns: nil for bytes that are no such document.
    package init?(parsing bytes: [UInt8]) {
        var scanner = XMLScanner(bytes)
        var (open, count): ([XMLElement], Int) = ([], 0)
        while let token = scanner.next() {
            switch token {
            case .open(let name):
                count += 1
                guard open.count < Self.deepest, count <= Self.most else { return nil }
                open.append(XMLElement(name: name))
            case .text(let text):
                guard !open.isEmpty else { continue }
                open[open.count - 1].text += text
            case .close(let name):
                guard var last = open.popLast(), last.name == name else { return nil }
                last.text = String(last.text.drop { $0.isWhitespace })
                while last.text.last?.isWhitespace == true { last.text.removeLast() }
                guard !open.isEmpty else {
                    self = last
                    return
                }
                open[open.count - 1].children.append(last)
            }
        }
        return nil
    }

    private init(name: String) { self.name = name }

    /// The text of the first child of a name.
    package subscript(name: String) -> String? { children.first { $0.name == name }?.text }

    /// The children of a name.
    package func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
}

/// Splits a document into the beginnings and ends of elements and the text between.
private struct XMLScanner {
    enum Token {
        case open(String)
        case text(String)
        case close(String)
    }

    private let bytes: [UInt8]
    private var place = 0
    /// The end of an element that has no content (`<a/>`).
    private var owed: String?

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next token; nil at the end, and where the document is not well formed.
    mutating func next() -> Token? {
        if let name = owed {
            owed = nil
            return .close(name)
        }
        while place < bytes.count {
            guard bytes[place] == UInt8(ascii: "<") else {
                let end = bytes[place...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
                defer { place = end }
                return Self.unescaped(bytes[place..<end]).map { .text($0) }
            }
            if skip("<?", to: "?>") || skip("<!--", to: "-->") { continue }
            guard !bytes[place...].starts(with: "<!".utf8), let end = bytes[place...].firstIndex(of: UInt8(ascii: ">")) else { return nil }
            let tag = bytes[(place + 1)..<end]
            place = end + 1
            if tag.first == UInt8(ascii: "/") { return Self.name(tag.dropFirst()).map { .close($0) } }
            guard let name = Self.name(tag) else { return nil }
            if tag.last == UInt8(ascii: "/") { owed = name }
            return .open(name)
        }
        return nil
    }

    private mutating func skip(_ start: String, to end: String) -> Bool {
        guard bytes[place...].starts(with: start.utf8) else { return false }
        place = bytes[place...].firstRange(of: end.utf8)?.upperBound ?? bytes.count
        return true
    }

    /// The name in a tag, without its prefix.
    private static func name(_ tag: ArraySlice<UInt8>) -> String? {
        let whole = tag.prefix { $0 > 0x20 && $0 != UInt8(ascii: "/") }
        let name = whole.lastIndex(of: UInt8(ascii: ":")).map { whole[($0 + 1)...] } ?? whole
        return 1...200 ~= name.count ? String(decoding: name, as: UTF8.self) : nil
    }

    private static func unescaped(_ text: ArraySlice<UInt8>) -> String? {
        guard text.contains(UInt8(ascii: "&")) else { return String(decoding: text, as: UTF8.self) }
        var (bytes, rest): ([UInt8], ArraySlice<UInt8>) = ([], text)
        while let mark = rest.firstIndex(of: UInt8(ascii: "&")) {
            bytes += rest[..<mark]
            guard let end = rest[mark...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else { return nil }
            guard let character = character(String(decoding: rest[(mark + 1)..<end], as: UTF8.self)) else { return nil }
            bytes += String(character).utf8
            rest = rest[(end + 1)...]
        }
        return String(decoding: bytes + rest, as: UTF8.self)
    }

    /// The character of an entity: one of XML's five, or a number.
    private static func character(_ entity: String) -> Unicode.Scalar? {
        let names: [String: Unicode.Scalar] = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'"]
        if let found = names[entity] { return found }
        guard entity.first == "#" else { return nil }
        let digits = entity.dropFirst()
        return (digits.first == "x" ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)).flatMap { Unicode.Scalar($0) }
    }
}
