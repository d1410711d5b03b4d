import Cryptography
import TestSupport
import Testing

/// Texts that Glance encrypts with `metadata_encryption_key`, compared with Glance from PyPI.
@Suite struct `An encrypted text` {
    static let keys = ["0123456789abcdef", "0123456789abcdef01234567", "0123456789abcdef0123456789abcdÄ"]
    static let texts = [
        "", "file:///var/lib/glance/images/0", "swift+https://user:p%40ss@host:5000/v3/glance/id", "exactly 16 bytes", "Ünïcödé://✓",
        String(repeating: "long ", count: 5000),
    ]

    private static let both = """
        import json, sys
        from glance.common import crypt
        key, texts = sys.argv[1], json.loads(sys.argv[2])
        print(json.dumps({'theirs': [crypt.urlsafe_encrypt(key, t) for t in texts['plain']],
                          'blocks': [crypt.urlsafe_encrypt(key, t, 64) for t in texts['plain']],
                          'plain': [crypt.urlsafe_decrypt(key, t) for t in texts['ours']]}))
        """

    @Test(arguments: keys) func `is read by Glance, and Glance's is read`(_ key: String) throws {
        let cipher = try #require(TextCipher(key: key))
        let ours = Self.texts.map { cipher.encrypt($0) }
        let question: JSONValue = ["plain": .array(Self.texts.map { .string($0) }), "ours": .array(ours.map { .string($0) })]
        let answer = try PyPIGlance.answer(to: Self.both, [key, String(decoding: question.text, as: UTF8.self)])
        func texts(_ name: String) -> [String?] { answer[name]?.array?.map { $0.string } ?? [] }
        #expect(texts("plain") == Self.texts)
        #expect(texts("theirs").map { $0.flatMap(cipher.decrypt) } == Self.texts)
        // As older releases wrote them.
        #expect(texts("blocks").map { $0.flatMap(cipher.decrypt) } == Self.texts)
        #expect(zip(ours, texts("theirs")).allSatisfy { $0.utf8.count == $1?.utf8.count })
        #expect(Set(ours + Self.texts.map { cipher.encrypt($0) }).count == 2 * ours.count)
    }

    @Test func `takes a key of AES alone`() {
        for length in 0...40 {
            let key = String(repeating: "k", count: length)
            #expect((TextCipher(key: key) != nil) == [16, 24, 32].contains(length), "\(length)")
        }
    }

    @Test func `is nothing where it is not whole`() throws {
        let cipher = try #require(TextCipher(key: "0123456789abcdef"))
        let text = cipher.encrypt("file:///x")
        for other in [
            "", "=", "file:///x", String(text.dropLast()), String(text.dropFirst(4)), "\(text)====", " \(text)", "é\(text)", "AAAA",
        ] {
            #expect(cipher.decrypt(other) == nil, "\(other)")
        }
        #expect(cipher.decrypt(text) == "file:///x")
    }
}
