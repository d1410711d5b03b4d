import Cryptography
import Synchronization
import Testing
import Threading

@Suite struct `A stream for several readers` {
    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 131_072, 262_144, 262_145, 3_000_000])
    func `reaches each of them whole`(_ size: Int) throws {
        let data = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let digests = ["md5", "sha512", "sha256"].map { Digest($0)! }
        let relay = try StreamTee<Refused>(
            buffersOf: 65_536, count: 4, readers: digests.map { digest in { digest.update($0) } }, orThrow: Self.refusal)
        try feed(data, to: relay)
        try relay.finish()
        let alone = ["md5", "sha512", "sha256"].map { name in
            let digest = Digest(name)!
            data.withUnsafeBytes { digest.update($0) }
            return digest.finish()
        }
        #expect(digests.map { $0.finish() } == alone)
    }

    @Test(arguments: [1, 10, 1000]) func `ends with the fault of a reader`(_ buffers: Int) throws {
        let read = Atomic(0)
        let content: StreamTee<Refused>.Reader = { _ in }
        let failing: StreamTee<Refused>.Reader = { (_) throws(Refused) in
            if read.add(1, ordering: .relaxed).newValue == min(buffers, 7) { throw Refused() }
        }
        let relay = try StreamTee<Refused>(buffersOf: 4096, count: 4, readers: [content, failing], orThrow: Self.refusal)
        #expect(throws: Refused.self) {
            try feed([UInt8](repeating: 1, count: 4096 * buffers), to: relay)
            try relay.finish()
        }
    }

    @Test func `is let go half-way`() throws {
        for buffers in 0..<6 {
            let read = Mutex(0)
            let relay = try StreamTee<Refused>(
                buffersOf: 4096, count: 4, readers: [{ bytes in read.withLock { $0 += bytes.count } }], orThrow: Self.refusal)
            try feed([UInt8](repeating: 1, count: 4096 * buffers), to: relay)
            relay.cancel()
            let before = read.withLock { $0 }
            #expect(before <= 4096 * buffers)
        }
    }

    struct Refused: Error {}
    private static func refusal(_: ThreadUnavailable) -> Refused { Refused() }

    private func feed(_ data: [UInt8], to relay: StreamTee<Refused>) throws(Refused) {
        var rest = data[...]
        while !rest.isEmpty {
            let buffer = try relay.nextBuffer()
            let piece = rest.prefix(buffer.count)
            buffer.copyBytes(from: piece)
            try relay.submit(piece.count)
            rest = rest.dropFirst(piece.count)
        }
    }
}

@Suite struct `A digest` {
    @Test func `is the one that everybody knows`() {
        let known = [
            "md5": "d41d8cd98f00b204e9800998ecf8427e", "sha1": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ]
        for (name, value) in known { #expect(Digest(name)?.finish() == value) }
        #expect(Digest("nothing") == nil)
        #expect(Digest("shake_128") == nil)
        #expect(Digest("shake128") == nil)
    }
}
