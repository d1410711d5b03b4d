internal import COpenSSL

/// Closes texts so that only who has the same secret reads them, or can have written them: AES-256-GCM.
package struct Seal: Sendable {
    private let key: [UInt8]

    private static let nonceLength = 12
    private static let tagLength = 16

    /// - Parameter secret: of any length; the key is its SHA-256.
    package init(secret: String) {
        var (key, count) = ([UInt8](repeating: 0, count: 32), UInt32(0))
        var secret = secret
        let done = secret.withUTF8 { EVP_Digest($0.baseAddress, $0.count, &key, &count, EVP_sha256(), nil) }
        precondition(done == 1, "EVP_Digest fails only without memory")
        self.key = key
    }

    /// - Parameter purpose: what it is for; for nothing else it can be opened.
    /// - Returns: hexadecimal digits.
    package func close(_ text: String, for purpose: String) -> String {
        var nonce = [UInt8](repeating: 0, count: Self.nonceLength)
        precondition(RAND_bytes(&nonce, CInt(nonce.count)) == 1, "without random numbers nothing is secret")
        let context = Context()
        var (closed, tag) = ([UInt8](repeating: 0, count: text.utf8.count), [UInt8](repeating: 0, count: Self.tagLength))
        var (count, rest): (CInt, CInt) = (0, 0)
        let plain = Array(text.utf8)
        let about = Array(purpose.utf8)
        let done =
            EVP_EncryptInit_ex(context.raw, EVP_aes_256_gcm(), nil, key, nonce) == 1
            && EVP_EncryptUpdate(context.raw, nil, &count, about, CInt(about.count)) == 1
            && EVP_EncryptUpdate(context.raw, &closed, &count, plain, CInt(plain.count)) == 1
            && EVP_EncryptFinal_ex(context.raw, nil, &rest) == 1
            && EVP_CIPHER_CTX_ctrl(context.raw, EVP_CTRL_AEAD_GET_TAG, CInt(tag.count), &tag) == 1
        precondition(done, "AES-GCM fails only without memory")
        return (nonce + tag + closed).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// - Returns: nil for what was not closed with the same secret for the same purpose.
    package func open(_ text: String, for purpose: String) -> String? {
        let digits = Array(text.utf8).map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count % 2 == 0, !digits.contains(nil) else { return nil }
        let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0]! << 4 | digits[$0 + 1]!) }
        guard bytes.count >= Self.nonceLength + Self.tagLength else { return nil }
        let nonce = Array(bytes[..<Self.nonceLength])
        var tag = Array(bytes[Self.nonceLength..<Self.nonceLength + Self.tagLength])
        let closed = Array(bytes[(Self.nonceLength + Self.tagLength)...])
        let context = Context()
        var plain = [UInt8](repeating: 0, count: closed.count)
        var (count, rest): (CInt, CInt) = (0, 0)
        let about = Array(purpose.utf8)
        let isRight =
            EVP_DecryptInit_ex(context.raw, EVP_aes_256_gcm(), nil, key, nonce) == 1
            && EVP_DecryptUpdate(context.raw, nil, &count, about, CInt(about.count)) == 1
            && EVP_DecryptUpdate(context.raw, &plain, &count, closed, CInt(closed.count)) == 1
            && EVP_CIPHER_CTX_ctrl(context.raw, EVP_CTRL_AEAD_SET_TAG, CInt(tag.count), &tag) == 1
            && EVP_DecryptFinal_ex(context.raw, nil, &rest) == 1
        return isRight ? String(validating: plain, as: UTF8.self) : nil
    }

    private final class Context {
        let raw: OpaquePointer

        init() {
            guard let raw = EVP_CIPHER_CTX_new() else { fatalError("out of memory") }
            self.raw = raw
        }

        deinit { EVP_CIPHER_CTX_free(raw) }
    }
}
