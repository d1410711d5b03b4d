internal import COpenSSL

/// Encrypts texts of a database as Glance does: AES in CBC mode with a random IV in front, as URL-safe base64.
///
/// Nothing tells whether an encrypted text was changed, and a wrong key gives any bytes: whoever decrypts looks whether what comes is what
/// he expects. For texts of our own there is `TokenCipher`.
///
/// Source: `glance/common/crypt.py`; a zero byte ends the text, and what is behind it fills the last block.
package struct TextCipher: Sendable {
    private let key: [UInt8]

    /// Bytes of a block, and of the IV.
    private static let block = 16

    /// - Parameter key: of 16, 24 or 32 bytes; nil comes of others.
    package init?(key: String) {
        guard [16, 24, 32].contains(key.utf8.count) else { return nil }
        self.key = Array(key.utf8)
    }

    /// No two encrypted texts are the same.
    package func encrypt(_ text: String) -> String {
        var bytes = Array(text.utf8) + [0]
        // Source: Glance, which looks for the last zero byte: none of these may be one.
        while bytes.count % Self.block != 0 { bytes.append(.random(in: 1...255)) }
        let iv = TokenCipher.random(Self.block)
        guard let encrypted = crypt(bytes, iv, isEncrypting: true) else { fatalError("AES-CBC encrypts whatever is whole blocks") }
        return Self.base64(of: iv + encrypted)
    }

    /// - Returns: nil for what is no encrypted text, or, for all that can be known, not one of this key's.
    package func decrypt(_ text: String) -> String? {
        guard let bytes = Self.bytes(ofBase64: text), bytes.count >= 2 * Self.block, bytes.count % Self.block == 0,
            let decrypted = crypt(Array(bytes[Self.block...]), Array(bytes[..<Self.block]), isEncrypting: false),
            let end = decrypted.lastIndex(of: 0)
        else { return nil }
        return String(validating: decrypted[..<end], as: UTF8.self)
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
            // OpenSSL would leave out blanks and line ends.
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
