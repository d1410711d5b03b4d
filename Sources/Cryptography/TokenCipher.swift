internal import COpenSSL
internal import Synchronization
internal import Text

/// Encrypts and authenticates texts with a shared secret: AES-256-GCM. Only a process with the same secret can read or write them.
///
/// The key is derived from the secret and a salt by scrypt, so that passwords cannot be tried quickly against a text. As that takes
/// time, a process encrypts with one salt, and keeps the keys that it has derived.
///
/// A text is `2.` and the hexadecimal digits of salt, nonce, tag and encrypted bytes. Earlier releases wrote texts without the `2.`, with
/// the secret's SHA-256 as the key; they can still be decrypted.
package final class TokenCipher: Sendable {
    private let secret: [UInt8]
    /// The salt that this process encrypts with.
    private let salt: [UInt8]
    private let keys = Mutex<[[UInt8]: [UInt8]]>([:])

    private static let mark = "2."
    private static let saltLength = 16
    private static let nonceLength = 12
    private static let tagLength = 16
    private static let keyLength = 32
    /// The number of keys that are kept: one for each process whose texts this one decrypts.
    private static let mostKeys = 256

    /// - Parameter secret: of any length.
    package init(secret: String) {
        (self.secret, salt) = (Array(secret.utf8), Self.random(Self.saltLength))
    }

    /// Encrypts a text.
    ///
    /// - Parameter purpose: a label that `open` must repeat, so that a text cannot be used for another purpose.
    /// - Returns: `2.` and hexadecimal digits.
    package func close(_ text: String, for purpose: String) -> String {
        let nonce = Self.random(Self.nonceLength)
        var tag = [UInt8](repeating: 0, count: Self.tagLength)
        guard let closed = Self.crypt(Array(text.utf8), for: purpose, key(salted: salt), nonce, &tag, isClosing: true) else {
            fatalError("AES-GCM closes whatever it is given")
        }
        return Self.mark + (salt + nonce + tag + closed).hexadecimal
    }

    /// Decrypts a text.
    ///
    /// - Returns: nil unless it was encrypted with the same secret for the same purpose.
    package func open(_ text: String, for purpose: String) -> String? {
        let isOlder = !text.utf8.starts(with: Self.mark.utf8)
        let saltLength = isOlder ? 0 : Self.saltLength
        guard let bytes = [UInt8](hexadecimal: Substring(text.utf8.dropFirst(isOlder ? 0 : Self.mark.utf8.count))),
            bytes.count >= saltLength + Self.nonceLength + Self.tagLength
        else { return nil }
        let key = isOlder ? olderKey() : key(salted: Array(bytes.prefix(saltLength)))
        let nonce = Array(bytes.dropFirst(saltLength).prefix(Self.nonceLength))
        let rest = bytes.dropFirst(saltLength + Self.nonceLength)
        var tag = Array(rest.prefix(Self.tagLength))
        return Self.crypt(Array(rest.dropFirst(Self.tagLength)), for: purpose, key, nonce, &tag, isClosing: false)
            .flatMap { String(utf8: $0.span) }
    }

    static func random(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        precondition(RAND_bytes(&bytes, CInt(count)) == 1, "without random numbers nothing is secret")
        return bytes
    }

    // MARK: keys

    /// The cost of scrypt: 16 MiB and less than a tenth of a second. Source: RFC 7914, 2.
    private static let (cost, blockSize, lanes): (UInt64, UInt64, UInt64) = (1 << 14, 8, 1)

    private func key(salted salt: [UInt8]) -> [UInt8] {
        if let key = keys.withLock({ $0[salt] }) { return key }
        var key = [UInt8](repeating: 0, count: Self.keyLength)
        let done = secret.withUnsafeBytes { secret in
            EVP_PBE_scrypt(
                secret.baseAddress?.assumingMemoryBound(to: CChar.self), secret.count, salt, salt.count, Self.cost, Self.blockSize,
                Self.lanes, 64 << 20, &key, key.count)
        }
        precondition(done == 1, "scrypt fails only without memory")
        keys.withLock { keys in
            if keys.count >= Self.mostKeys { keys = keys.filter { $0.key == self.salt } }
            keys[salt] = key
        }
        return key
    }

    private func olderKey() -> [UInt8] {
        var (key, count) = ([UInt8](repeating: 0, count: Self.keyLength), UInt32(0))
        precondition(EVP_Digest(secret, secret.count, &key, &count, EVP_sha256(), nil) == 1, "EVP_Digest fails only without memory")
        return key
    }

    // MARK: the cipher

    /// - Parameter tag: computed by encryption, checked by decryption.
    /// - Returns: nil if the tag does not match the bytes.
    private static func crypt(
        _ bytes: [UInt8], for purpose: String, _ key: [UInt8], _ nonce: [UInt8], _ tag: inout [UInt8], isClosing: Bool
    ) -> [UInt8]? {
        let context = CipherContext()
        let about = Array(purpose.utf8)
        var made = [UInt8](repeating: 0, count: bytes.count)
        var (count, rest): (CInt, CInt) = (0, 0)
        let isDone =
            EVP_CipherInit_ex(context.raw, EVP_aes_256_gcm(), nil, key, nonce, isClosing ? 1 : 0) == 1
            && EVP_CipherUpdate(context.raw, nil, &count, about, CInt(about.count)) == 1
            && EVP_CipherUpdate(context.raw, &made, &count, bytes, CInt(bytes.count)) == 1
            && (isClosing || EVP_CIPHER_CTX_ctrl(context.raw, EVP_CTRL_AEAD_SET_TAG, CInt(tag.count), &tag) == 1)
            && EVP_CipherFinal_ex(context.raw, nil, &rest) == 1
            && (!isClosing || EVP_CIPHER_CTX_ctrl(context.raw, EVP_CTRL_AEAD_GET_TAG, CInt(tag.count), &tag) == 1)
        return isDone ? made : nil
    }
}

/// OpenSSL's context of an encryption or decryption.
final class CipherContext {
    let raw: OpaquePointer

    init() {
        guard let raw = EVP_CIPHER_CTX_new() else { fatalError("out of memory") }
        self.raw = raw
    }

    deinit { EVP_CIPHER_CTX_free(raw) }
}
