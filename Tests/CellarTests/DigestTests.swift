import Digest
import Testing

@Suite struct `Digests side by side` {
    @Test(arguments: [0, 1, 262_143, 262_144, 262_145, 524_288, 1_048_576, 1_048_577, 3_000_000])
    func `equal digests one after another`(_ size: Int) throws {
        let data = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let together = try #require(ParallelDigests(["md5", "sha512", "sha256"]))
        var rest = data[...]
        while !rest.isEmpty {
            let buffer = together.nextBuffer()
            let piece = rest.prefix(buffer.count)
            buffer.copyBytes(from: piece)
            together.submit(piece.count)
            rest = rest.dropFirst(piece.count)
        }
        let alone = ["md5", "sha512", "sha256"].map { name in
            let digest = Digest(name)!
            data.withUnsafeBytes { digest.update($0) }
            return digest.finish()
        }
        #expect(together.finish() == alone)
    }

    @Test func `are those that everybody knows`() {
        let known = [
            "md5": "d41d8cd98f00b204e9800998ecf8427e", "sha1": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ]
        for (name, value) in known { #expect(Digest(name)?.finish() == value) }
        #expect(Digest("nothing") == nil)
        #expect(Digest("shake_128") == nil)
        #expect(Digest("shake128") == nil)
    }

    @Test func `end when they are let go half-way`() {
        for buffers in 0..<4 {
            let digests = ParallelDigests(["md5", "sha512"])!
            for _ in 0..<buffers { digests.submit(digests.nextBuffer().count) }
        }
    }
}
