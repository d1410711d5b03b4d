internal import COpenSSL
internal import Digest

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
        var tag = [UInt8](repeating: 0, count: Self.tagLength)
        guard let closed = crypt(Array(text.utf8), for: purpose, nonce, &tag, isClosing: true) else {
            fatalError("AES-GCM closes whatever it is given")
        }
        return (nonce + tag + closed).hexadecimal
    }

    /// - Returns: nil for what was not closed with the same secret for the same purpose.
    package func open(_ text: String, for purpose: String) -> String? {
        let digits = Array(text.utf8).map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count % 2 == 0, !digits.contains(nil) else { return nil }
        let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0]! << 4 | digits[$0 + 1]!) }
        guard bytes.count >= Self.nonceLength + Self.tagLength else { return nil }
        let (nonce, rest) = (Array(bytes.prefix(Self.nonceLength)), bytes.dropFirst(Self.nonceLength))
        var tag = Array(rest.prefix(Self.tagLength))
        return crypt(Array(rest.dropFirst(Self.tagLength)), for: purpose, nonce, &tag, isClosing: false)
            .flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// - Parameter tag: made by closing, and judged by opening.
    /// - Returns: nil where the tag is not that of these bytes.
    private func crypt(_ bytes: [UInt8], for purpose: String, _ nonce: [UInt8], _ tag: inout [UInt8], isClosing: Bool) -> [UInt8]? {
        let context = Context()
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

    private final class Context {
        let raw: OpaquePointer

        init() {
            guard let raw = EVP_CIPHER_CTX_new() else { fatalError("out of memory") }
            self.raw = raw
        }

        deinit { EVP_CIPHER_CTX_free(raw) }
    }
}
