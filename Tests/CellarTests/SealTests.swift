import Cryptography
import Testing

/// Texts that wait in the database for nobody else to read.
@Suite struct `A sealed text` {
    @Test(arguments: ["", "a token", "gAAAAA" + String(repeating: "x", count: 8000), "Ünï©ødé"])
    func `is opened by who has the secret, for its purpose`(_ text: String) {
        let closed = Seal(secret: "s3cret").close(text, for: "image 1")
        #expect(Seal(secret: "s3cret").open(closed, for: "image 1") == text)
        #expect(Seal(secret: "s3cret").open(closed, for: "image 2") == nil)
        #expect(Seal(secret: "other").open(closed, for: "image 1") == nil)
        #expect(text.isEmpty || !closed.contains(text))
        #expect(Seal(secret: "s3cret").close(text, for: "image 1") != closed)
    }

    @Test func `is no text any more where a digit is another`() {
        let seal = Seal(secret: "s3cret")
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
}
