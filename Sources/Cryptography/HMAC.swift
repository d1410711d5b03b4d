internal import COpenSSL
internal import Text

/// The HMAC-SHA-256 of a text, 32 bytes. Source: RFC 2104.
package func hmacSHA256(_ text: String, key: [UInt8]) -> [UInt8] {
    var (bytes, count, text) = ([UInt8](repeating: 0, count: 32), 0, text)
    let found = text.withUTF8 { text in
        EVP_Q_mac(nil, "HMAC", nil, "SHA256", nil, key, key.count, text.baseAddress, text.count, &bytes, bytes.count, &count)
    }
    precondition(found != nil && count == 32, "EVP_Q_mac fails only without memory or SHA-256")
    return bytes
}

extension Digest {
    /// The SHA-256 of bytes in hexadecimal.
    package static func sha256(of bytes: UnsafeRawBufferPointer) -> String {
        guard let digest = Digest("SHA256") else { preconditionFailure("OpenSSL has no SHA-256") }
        digest.update(bytes)
        return digest.finish()
    }

    /// The SHA-256 of bytes in hexadecimal.
    package static func sha256(of bytes: [UInt8]) -> String { bytes.withUnsafeBytes { sha256(of: $0) } }
}

extension Digest {
    /// A digest in base64, as HTTP headers have it.
    ///
    /// - Parameter text: the digest in hexadecimal.
    package static func base64(ofHexadecimal text: String) -> String {
        let digest = [UInt8](hexadecimal: text[...]) ?? []
        var encoded = [UInt8](repeating: 0, count: (digest.count + 2) / 3 * 4 + 1)
        let count = Int(EVP_EncodeBlock(&encoded, digest, CInt(digest.count)))
        return String(decoding: encoded[..<count], as: UTF8.self)
    }
}
