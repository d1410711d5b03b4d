/// VMDK's descriptor: lines of text, each of which must be of a known kind.
///
/// It is stricter than oslo.utils, which takes the first occurrence of `createType` even in a comment, accepts extents in other files, and
/// accepts a backing file in `parentFileNameHint`.
struct VMDKDescriptor {
    struct Problem {
        let check: Finding.Check
        /// The position in the descriptor in bytes.
        let offset: Int
        let words: String
    }

    /// The `createType` in lower case.
    private(set) var createType: String?
    private(set) var problems: [Problem] = []
    private var extents = 0

    private static let access = ["rw", "rdonly", "noaccess"]

    /// - Parameter bytes: the descriptor up to its end or the first NUL.
    init(_ bytes: [UInt8]) {
        let text = bytes.prefix { $0 != 0 }.lowercased
        if text.isEmpty {
            refuse(at: 0, "No descriptor found.")
            return
        }
        if let wrong = text.firstIndex(where: { !$0.isText }) {
            refuse(at: wrong, "The descriptor is no text.")
            return
        }
        // QEMU searches for this everywhere, even in comments.
        if text.contains("parentfilenamehint") { refuse(.parent, at: 0, "The image has a parent.") }
        for line in text.split(separator: UInt8(ascii: "\n")) where problems.isEmpty { read(line) }
        guard problems.isEmpty else { return }
        if createType == nil { refuse(at: 0, "The descriptor tells no createType.") }
        if extents == 0 { refuse(at: 0, "No extents found.") }
    }

    private mutating func read(_ untrimmed: ArraySlice<UInt8>) {
        let line = untrimmed.trimmed
        guard let first = line.first, first != UInt8(ascii: "#"), !line.starts(with: "ddb".utf8) else { return }
        let key = line.prefix { $0 != UInt8(ascii: "=") }
        let words = line.split(maxSplits: 3) { $0.isBlank }
        if key.endIndex < line.endIndex && !key.contains(where: \.isBlank) {
            readField(key, line[(key.endIndex + 1)...])
        } else if Self.access.contains(where: { words[0].elementsEqual($0.utf8) }) {
            extents += 1
            if line.contains(UInt8(ascii: "/")) { return refuse(at: line.startIndex, "An extent names a file elsewhere.") }
            if words.count < 4 || !words[2].elementsEqual("sparse".utf8) {
                refuse(at: line.startIndex, "An extent is not in this file.")
            }
        } else {
            refuse(at: line.startIndex, "The descriptor has a line of an unknown kind.")
        }
    }

    private mutating func readField(_ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
        if key.elementsEqual("createtype".utf8) {
            if createType != nil { return refuse(at: key.startIndex, "The descriptor tells createType twice.") }
            guard value.count < 66 else { return refuse(at: key.startIndex, "The descriptor's createType is too long.") }
            createType = String(decoding: value.filter { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
        } else if key.elementsEqual("parentcid".utf8), !value.elementsEqual("ffffffff".utf8) {
            refuse(.parent, at: key.startIndex, "The image has a parent.")
        }
    }

    private mutating func refuse(_ check: Finding.Check = .descriptor, at offset: Int, _ words: String) {
        problems.append(Problem(check: check, offset: offset, words: words))
    }

    /// Whether QEMU takes a text for a descriptor: its first line that is neither blank nor a comment is a version.
    static func isProbed(_ text: [UInt8]) -> Bool {
        let line = text.lowercased.split(separator: UInt8(ascii: "\n")).lazy.map(\.trimmed).first {
            !$0.isEmpty && $0.first != UInt8(ascii: "#")
        }
        return line.map { ["version=1", "version=2", "version=3"].map { Array($0.utf8) }.contains(Array($0)) } ?? false
    }
}

extension UInt8 {
    var isBlank: Bool { self == UInt8(ascii: " ") || 0x09...0x0D ~= self }
    /// Whether it is printable ASCII or white space.
    var isText: Bool { 0x20...0x7E ~= self || 0x09...0x0D ~= self }
}

extension Collection<UInt8> {
    /// The bytes with ASCII capitals in lower case.
    var lowercased: [UInt8] { map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0 } }
}

extension [UInt8] {
    /// Whether the text occurs anywhere.
    func contains(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { wanted in
            var start = startIndex
            while let found = self[start...].firstIndex(of: wanted[0]) {
                if self[found...].starts(with: wanted) { return true }
                start = found + 1
            }
            return false
        }
    }
}

extension ArraySlice<UInt8> {
    var trimmed: ArraySlice<UInt8> {
        let start = drop(while: \.isBlank)
        guard let last = start.lastIndex(where: { !$0.isBlank }) else { return [] }
        return start[...last]
    }
}
