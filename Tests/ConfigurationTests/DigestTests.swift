import Cryptography
import JSONDocument
import TestSupport
import Testing

@Suite struct `Digests by name` {
    /// Names in addition to hashlib's list.
    static let names = [
        "SHA3_512", "SHA3-512", "sha3-512", "SHA512_256", "sha512-256", "SHA2-512/256", "BLAKE2B", "blake2b512", "BLAKE2b512", "blake2s256",
        "RIPEMD160",
        "rmd160", "md5_sha1", "RSA-SHA256", "ssl3-md5", "SSL3-SHA1", "whirlpool", "md4", "sha", "SHA", "Sha256", "shake128", "SHAKE-256",
        "null", "SHA-256",
        "SHA2-256", "sha-1", "", " ", "nosuch", "sha3_256 ", "id-rsassa-pkcs1-v1_5-with-sha3-224", "2.16.840.1.101.3.4.2.1",
        "KECCAK-KMAC-128", "sha512:sha1",
    ]

    @Test func `are those of hashlib, and refused where it refuses`() throws {
        let answers = try #require(try Oslo.answer("digests", .array(Self.names.map { .string($0) })).object)
        #expect(answers.keys.contains("sha3_512") && answers.keys.contains("blake2b") && answers.keys.count > Self.names.count + 10)
        for name in answers.keys {
            let digest = Digest(name)
            digest.map { digest in Array("hello".utf8).withUnsafeBytes { digest.update($0) } }
            #expect(digest?.finish() == answers[name]?.string, "\(name)")
        }
    }
}
