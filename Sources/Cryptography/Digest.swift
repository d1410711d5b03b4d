internal import COpenSSL
internal import Text

/// A digest over bytes that arrive in pieces, computed by OpenSSL. Used by one thread at a time.
package final class Digest: @unchecked Sendable {
    private let context: OpaquePointer

    /// - Parameter name: as OpenSSL or Python's hashlib spells it: `md5`, `sha512`, `sha3_512`, `blake2b`.
    /// - Returns: nil for a name that OpenSSL does not know, or an algorithm without a fixed length (`shake_128`).
    package init?(_ name: String) {
        guard let algorithm = Self.algorithm(named: name) else { return nil }
        defer { EVP_MD_free(algorithm) }
        guard EVP_MD_get_flags(algorithm) & UInt(EVP_MD_FLAG_XOF) == 0, EVP_MD_get_size(algorithm) > 0 else { return nil }
        guard let context = EVP_MD_CTX_new() else { fatalError("out of memory") }
        self.context = context
        guard EVP_DigestInit_ex(context, algorithm, nil) == 1 else { return nil }
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Translates hashlib's own names, and looks the others up in OpenSSL. Source: `py_hashentries` of CPython's `_hashopenssl.c`.
    ///
    /// - Returns: an algorithm that the caller frees; nil for an unknown name.
    private static func algorithm(named name: String) -> OpaquePointer? {
        let own =
            switch name {
            case "blake2b": "blake2b512"
            case "blake2s": "blake2s256"
            case "sha512_224", "SHA512_224", "sha512_256", "SHA512_256", "sha3_224", "sha3_256", "sha3_384", "sha3_512":
                String(name.map { $0 == "_" ? "-" : $0 })
            default: name
            }
        return EVP_MD_fetch(nil, own, nil)
    }

    /// Adds bytes.
    package func update(_ bytes: UnsafeRawBufferPointer) {
        let done = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(done == 1, "EVP_DigestUpdate fails only on a context that was never begun")
    }

    /// The digest in hexadecimal. No bytes can be added afterwards.
    package func finish() -> String {
        var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        let done = EVP_DigestFinal_ex(context, &bytes, &count)
        precondition(done == 1, "EVP_DigestFinal_ex fails only on a context that was never begun")
        return bytes.prefix(Int(count)).hexadecimal
    }
}

extension Digest {
    /// The SHA-256 of a short text in hexadecimal. The algorithm is looked up once, because a look-up in OpenSSL takes longer than the
    /// digest.
    package static func sha256(of text: String) -> String {
        var (bytes, text) = ([UInt8](repeating: 0, count: 32), text)
        let done = text.withUTF8 { EVP_Digest($0.baseAddress, $0.count, &bytes, nil, Algorithm.sha256.pointer, nil) }
        precondition(done == 1, "EVP_Digest fails only without memory")
        return bytes.hexadecimal
    }

    private struct Algorithm: @unchecked Sendable {
        let pointer: OpaquePointer

        static let sha256: Algorithm = {
            guard let pointer = EVP_MD_fetch(nil, "SHA256", nil) else { fatalError("OpenSSL has no SHA-256") }
            return Algorithm(pointer: pointer)
        }()
    }
}
