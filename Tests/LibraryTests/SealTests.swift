import Cryptography
import Testing

/// Texts that are stored encrypted in the database.
@Suite struct `A text of TokenCipher` {
    @Test(arguments: ["", "a token", "gAAAAA" + String(repeating: "x", count: 8000), "Ünï©ødé"])
    func `is opened by who has the secret, for its purpose`(_ text: String) {
        let closed = TokenCipher(secret: "s3cret").close(text, for: "image 1")
        #expect(TokenCipher(secret: "s3cret").open(closed, for: "image 1") == text)
        #expect(TokenCipher(secret: "s3cret").open(closed, for: "image 2") == nil)
        #expect(TokenCipher(secret: "other").open(closed, for: "image 1") == nil)
        #expect(text.isEmpty || !closed.contains(text))
        #expect(TokenCipher(secret: "s3cret").close(text, for: "image 1") != closed)
    }

    @Test func `is no text any more where a digit is another`() {
        let seal = TokenCipher(secret: "s3cret")
        let closed = Array(seal.close("a token", for: "it"))
        for place in closed.indices {
            var other = closed
            other[place] = closed[place] == "0" ? "1" : "0"
            #expect(seal.open(String(other), for: "it") == nil)
        }
        for text in ["", "0", "zz", String(closed.dropLast()), String(closed.dropLast(2)), String(closed) + "00", "é" + String(closed)] {
            #expect(seal.open(text, for: "it") == nil)
        }
    }

    @Test func `is opened where it was closed by an older release, whose key was the secret's SHA-256`() {
        // Made by Python's cryptography: SHA-256 of "s3cret", nonce, tag and bytes.
        let closed = "0102030405060708090a0b0cf0830f5135d6d9fba7b595a06abe8ff464b8046c97bbeb689d446e7cf69cbdeb"
        #expect(TokenCipher(secret: "s3cret").open(closed, for: "image 1") == "a token of Ünna")
        #expect(TokenCipher(secret: "s3cret").open(closed, for: "image 2") == nil)
        #expect(TokenCipher(secret: "other").open(closed, for: "image 1") == nil)
    }

    @Test func `is closed with a key of its process, whose salt it tells`() throws {
        let (one, other) = (TokenCipher(secret: "s3cret"), TokenCipher(secret: "s3cret"))
        let texts = [one.close("a", for: "it"), one.close("a", for: "it"), other.close("a", for: "it")]
        let salts = texts.map { $0.prefix(2 + 32) }
        #expect(texts.allSatisfy { $0.hasPrefix("2.") })
        #expect(salts[0] == salts[1] && salts[0] != salts[2])
        // Without its mark it is not a text of an older release.
        #expect(one.open(String(texts[0].dropFirst(2)), for: "it") == nil)
        for text in texts { #expect(other.open(text, for: "it") == "a") }
    }
}
