internal import COpenSSL

/// Verifies a signature over bytes that arrive in pieces, with the key of a certificate. Used by one thread at a time.
package final class SignatureCheck: @unchecked Sendable {
    private let context: OpaquePointer

    /// - Parameters:
    ///   - hash: as OpenSSL spells it: `sha256`.
    ///   - scheme: the kind of key that the certificate must have.
    /// - Throws: if the certificate has another kind of key, or OpenSSL does not support the combination.
    package init(by certificate: Certificate, _ scheme: Scheme, over hash: String) throws(SigningError) {
        let key = try certificate.key(for: scheme)
        guard let context = EVP_MD_CTX_new() else { fatalError("out of memory") }
        self.context = context
        var keyContext: OpaquePointer?
        guard let algorithm = EVP_get_digestbyname(hash), EVP_DigestVerifyInit(context, &keyContext, algorithm, nil, key) == 1
        else { throw SigningError("The key of the certificate cannot check a signature over \(hash).") }
        guard scheme == .rsaPSS else { return }
        // The mask uses the same hash, which is OpenSSL's default.
        guard EVP_PKEY_CTX_set_rsa_padding(keyContext, RSA_PKCS1_PSS_PADDING) == 1,
            EVP_PKEY_CTX_set_rsa_pss_saltlen(keyContext, RSA_PSS_SALTLEN_AUTO) == 1
        else { throw SigningError("The key of the certificate is not one for RSA-PSS.") }
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds bytes.
    package func update(_ bytes: UnsafeRawBufferPointer) {
        let done = EVP_DigestVerifyUpdate(context, bytes.baseAddress, bytes.count)
        precondition(done == 1, "EVP_DigestVerifyUpdate fails only on a context that was never begun")
    }

    /// Whether the signature is one over these bytes. No bytes can be added afterwards.
    package func matches(_ signature: [UInt8]) -> Bool {
        // OpenSSL's error about a signature that does not match would stay in the thread's queue for the next caller.
        defer { ERR_clear_error() }
        return EVP_DigestVerifyFinal(context, signature, signature.count) == 1
    }

    /// A kind of key and its signature scheme.
    package enum Scheme: Equatable, Sendable {
        /// RSA with PSS; the salt may have any length.
        case rsaPSS
        case dsa
        /// ECDSA with a key of a curve, by its name in SEC 2: `secp384r1`.
        case ecdsa(curve: String)
    }
}

/// The reason why a signature cannot be verified. It contains nothing secret.
package struct SigningError: Error {
    package let reason: String

    init(_ reason: String) { self.reason = reason }
}
