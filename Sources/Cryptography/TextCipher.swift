internal import COpenSSL
internal import Text

/// Encrypts texts in a database as Glance does: AES in CBC mode with a random IV in front, as URL-safe base64.
///
/// The format has no authentication: a changed text or a wrong key may decrypt to any bytes, so the caller must check that the result is
/// plausible. `TokenCipher` is for texts that only this program reads.
///
/// Source: `glance/common/crypt.py`. A zero byte ends the text; what follows it fills the last block.
package struct TextCipher: Sendable {
    private let key: [UInt8]

    /// Bytes of a block and of the IV.
    private static let block = 16

    /// - Parameter key: 16, 24 or 32 bytes; nil is returned for any other length.
    package init?(key: String) {
        guard [16, 24, 32].contains(key.utf8.count) else { return nil }
        self.key = Array(key.utf8)
    }

    /// Encrypts a text. Each call gives another result, because the IV is random.
    package func encrypt(_ text: String) -> String {
        var bytes = Array(text.utf8) + [0]
        // Glance looks for the last zero byte, so the filling must not contain one.
        while bytes.count % Self.block != 0 { bytes.append(.random(in: 1...255)) }
        let iv = TokenCipher.random(Self.block)
        guard let encrypted = crypt(bytes, iv, isEncrypting: true) else { fatalError("AES-CBC encrypts whatever is whole blocks") }
        return Self.base64(of: iv + encrypted)
    }

    /// - Returns: nil for a text that was evidently not encrypted with this key.
    package func decrypt(_ text: String) -> String? {
        guard let bytes = Self.bytes(ofBase64: text), bytes.count >= 2 * Self.block, bytes.count % Self.block == 0,
            let decrypted = crypt(Array(bytes[Self.block...]), Array(bytes[..<Self.block]), isEncrypting: false),
            let end = decrypted.lastIndex(of: 0)
        else { return nil }
        let text = decrypted[..<end]
        return String(utf8: text.span)
    }

    private func crypt(_ bytes: [UInt8], _ iv: [UInt8], isEncrypting: Bool) -> [UInt8]? {
        let context = CipherContext()
        let cipher =
            switch key.count {
            case 16: EVP_aes_128_cbc()
            case 24: EVP_aes_192_cbc()
            default: EVP_aes_256_cbc()
            }
        var made = [UInt8](repeating: 0, count: bytes.count + Self.block)
        var (count, rest): (CInt, CInt) = (0, 0)
        let isDone =
            EVP_CipherInit_ex(context.raw, cipher, nil, key, iv, isEncrypting ? 1 : 0) == 1
            && EVP_CIPHER_CTX_set_padding(context.raw, 0) == 1
            && EVP_CipherUpdate(context.raw, &made, &count, bytes, CInt(bytes.count)) == 1
            && EVP_CipherFinal_ex(context.raw, nil, &rest) == 1
        return isDone && Int(count) == bytes.count ? Array(made[..<bytes.count]) : nil
    }

    // MARK: base64 with `-` and `_`

    private static func base64(of bytes: [UInt8]) -> String {
        var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
        let count = Int(EVP_EncodeBlock(&text, bytes, CInt(bytes.count)))
        let safe = text[..<count].map { byte in
            switch byte {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            default: byte
            }
        }
        return String(decoding: safe, as: UTF8.self)
    }

    private static func bytes(ofBase64 text: String) -> [UInt8]? {
        var unsafe: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "-"): unsafe.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): unsafe.append(UInt8(ascii: "/"))
            // Without this check, OpenSSL would skip blanks and line ends.
            case UInt8(ascii: "="), 0x30...0x39, 0x41...0x5A, 0x61...0x7A: unsafe.append(byte)
            default: return nil
            }
        }
        guard !unsafe.isEmpty, unsafe.count % 4 == 0 else { return nil }
        let padding = unsafe.suffix(2).count { $0 == UInt8(ascii: "=") }
        var bytes = [UInt8](repeating: 0, count: unsafe.count / 4 * 3)
        guard EVP_DecodeBlock(&bytes, unsafe, CInt(unsafe.count)) == bytes.count else { return nil }
        return Array(bytes[..<(bytes.count - padding)])
    }
}
