import Foundation
import Glibc
import Testing
import Text

@Suite struct `Percent-encoding` {
    @Test(arguments: [
        ("plain", "plain"), ("a%20b", "a b"), ("%2e%2E", ".."), ("100%", "100%"), ("%4", "%4"), ("%zz%41", "%zzA"), ("%%41", "%A"),
        ("%25%34%31", "%41"), ("a+b", "a+b"), ("%C3%BC", "ü"), ("ü", "ü"),
    ])
    func `is undone once, as Python's unquote does it`(_ text: String, _ expected: String) {
        #expect(percentDecoded(text[...]) == expected)
        #expect(percentDecodedBytes(text[...]) == Array(expected.utf8))
    }

    @Test func `makes a plus a blank in a query alone`() {
        #expect(percentDecoded("a+b%2B", plusIsSpace: true) == "a b+")
        #expect(percentDecodedBytes("a+b%2B", plusIsSpace: true) == Array("a b+".utf8))
    }

    @Test(arguments: ["%00", "a\0", "%FF", "%C3", "\u{FFFD}"])
    func `hides no NUL from C, and no bytes that are no text`(_ text: String) { #expect(percentDecoded(text[...]) == nil) }

    @Test func `leaves the judgement of bytes to who asks for bytes`() {
        #expect(percentDecodedBytes("%00%ff") == [0, 0xFF])
    }

    @Test func `leaves RFC 3986's unreserved characters and nothing else`() {
        #expect(percentEncoded("AZaz09-._~") == "AZaz09-._~")
        #expect(percentEncoded("a b/ü%+") == "a%20b%2F%C3%BC%25%2B")
    }

    @Test func `comes back whole`() {
        let text = String(String.UnicodeScalarView((1...0x2FF).compactMap(Unicode.Scalar.init)))
        #expect(percentDecoded(percentEncoded(text)[...]) == text)
    }
}

@Suite struct `A text in UTF-8` {
    @Test(arguments: [
        "", "a", "fifteen bytes..", "sixteen bytes...", "grüße aus Köln", "日本語", "😀", "e\u{301}", "NUL \0 within", "\u{FFFD}",
    ])
    func `is the text of its bytes`(_ text: String) {
        let bytes = Array(text.utf8)
        for read in read(bytes) { #expect(read.map { Array($0.utf8) } == bytes) }
    }

    /// A lone byte of a sequence, one that is too short or too long, half of a surrogate pair, a number past the last character.
    @Test(
        arguments: [[0x80], [0xC3], [0x61, 0xE2, 0x82], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF]] as [[UInt8]])
    func `is nothing else`(_ bytes: [UInt8]) { #expect(read(bytes) == [nil, nil]) }

    private func read(_ bytes: [UInt8]) -> [String?] { [String(utf8: bytes.span), bytes.withUnsafeBytes { String(utf8: $0) }] }
}

@Suite struct `A text in HTML` {
    @Test(arguments: [
        ("plain ü", "plain ü"), ("<a href=\"x\">'&'</a>", "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;&#x27;&lt;/a&gt;"), ("&lt;", "&amp;lt;"),
        ("<\u{301}\"\u{301}&\u{FE0F}", "&lt;\u{301}&quot;\u{301}&amp;\u{FE0F}"), ("", ""),
    ])
    func `is no markup`(_ text: String, _ expected: String) {
        #expect(Array(escapedForHTML(text).unicodeScalars) == Array(expected.unicodeScalars))
    }
}

@Suite struct `Hexadecimal digits` {
    @Test func `stand for bytes, there and back`() {
        let bytes = (0...255).map(UInt8.init)
        #expect(bytes.hexadecimal.hasPrefix("000102") && bytes.hexadecimal.hasSuffix("fdfeff"))
        #expect([UInt8](hexadecimal: bytes.hexadecimal[...]) == bytes)
        #expect([UInt8](hexadecimal: bytes.hexadecimal.uppercased()[...]) == bytes)
        #expect([UInt8](hexadecimal: "") == [])
    }

    @Test(arguments: ["0", "0g", "g0", "+1", " 1", "１２", "00ü"])
    func `are digits and nothing else`(_ text: String) { #expect([UInt8](hexadecimal: text[...]) == nil) }

    @Test func `make names that differ`() {
        let names = Set((0..<1000).map { _ in randomName() })
        #expect(names.count == 1000 && names.allSatisfy { $0.utf8.count == 32 && [UInt8](hexadecimal: $0[...]) != nil })
        #expect(bigEndianBytes(0x0102_0304_0506_07FF) == [1, 2, 3, 4, 5, 6, 7, 0xFF])
    }

    @Test(arguments: [
        ("01234567-89ab-cdef-ABCD-EF0123456789", true), ("0123456789abcdefABCDEF0123456789", false), ("", false),
        ("01234567-89ab-cdef-ABCD-EF012345678", false), ("01234567-89ab-cdef-ABCD-EF01234567890", false),
        ("0123456-789ab-cdef-ABCD-EF0123456789", false), ("01234567-89ab-cdef-ABCD-EF012345678g", false),
        ("01234567-89ab-cdef-ABCD-EF01234567ü", false), ("----------------------------------", false),
    ])
    func `are a UUID in one form alone`(_ text: String, _ expected: Bool) { #expect(isUUID(text) == expected) }
}

@Suite struct `Trimming` {
    @Test(arguments: [
        ("", ""), (" \t\r\n ", ""), ("a", "a"), (" a b ", "a b"), ("\u{3000}a\u{A0}", "a"), ("\r\na\r\n", "a"), ("a\u{200B}", "a\u{200B}"),
    ])
    func `takes Unicode's white space off both ends`(_ text: String, _ expected: String) {
        #expect(trimmed(text) == expected)
        #expect(trimmed(text[...]) == expected)
    }
}

@Suite struct `A civil time` {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00"), (951_782_400, "2000-02-29T00:00:00"), (1_795_421_220, "2026-11-23T08:07:00"),
        (-1, "1969-12-31T23:59:59"), (253_402_300_799, "9999-12-31T23:59:59"), (-62_135_596_800, "0001-01-01T00:00:00"),
    ])
    func `is so many seconds since 1970`(_ seconds: Int, _ text: String) {
        let time = CivilTime(seconds: seconds)
        #expect(time.text() == text)
        #expect(time.seconds == seconds)
        #expect(CivilTime(prefixOf: text) == time)
        #expect(CivilTime(prefixOf: text + ".000000Z") == time)
        #expect(time.text(between: " ", end: "Z") == text.replacing("T", with: " ") + "Z")
    }

    @Test func `counts on what is beyond the end of a month or a minute`() {
        #expect(CivilTime(seconds: CivilTime(year: 2026, month: 2, day: 30, second: 60).seconds).text() == "2026-03-02T00:01:00")
    }

    @Test(arguments: [
        "", "2026-11-23", "2026-11-23 08:07:00", "2026-13-23T08:07:00", "2026-11-32T08:07:00", "2026-11-23T24:07:00", "2026-11-23T08:60:00",
        "2026-11-23T08:07:61", "+026-11-23T08:07:00", "2026-11-23T08:07:0",
    ])
    func `is read in one form alone`(_ text: String) { #expect(CivilTime(prefixOf: text) == nil) }

    @Test func `has zeros in front of short numbers`() {
        #expect([7, 42, 123_456, 1_234_567].map { paddedDigits($0, 6) } == ["000007", "000042", "123456", "1234567"])
    }
}

@Suite struct `A few names` {
    private let names = FewNames(["id", "name", "size", "os_hidden"])

    @Test(arguments: ["id", "name", "size", "os_hidden"]) func `are found`(_ name: String) { #expect(names.contains(name)) }

    @Test(arguments: ["", "i", "ID", "nam", "names", "sizé", "os_hidde_", "os_hidden_and_more"])
    func `do not include another one`(_ name: String) { #expect(!names.contains(name)) }

    @Test func `may be none`() {
        let none = FewNames([])
        #expect(!none.contains("") && !none.contains("id"))
    }
}

@Suite struct `The bytes of a text` {
    static let texts = ["", "a", "b", "é", "e\u{301}", "fifteen letters", "more than fifteen letters", "more than fifteen Letters"]

    @Test(arguments: texts, texts) func `are told apart from others`(_ one: String, _ other: String) {
        Array(other.utf8).withUnsafeBytes { #expect(one.hasBytes($0) == (Array(one.utf8) == Array(other.utf8))) }
    }
}
