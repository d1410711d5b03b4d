internal import COpenSSL

/// Checks a signature over bytes that come piece by piece, with the key of a certificate. Held by one thread at a time.
package final class SignatureCheck: @unchecked Sendable {
    private let context: OpaquePointer

    /// - Parameters:
    ///   - hash: as OpenSSL calls it: `sha256`.
    ///   - scheme: what the certificate's key must be of.
    /// - Throws: where the certificate has another key, or OpenSSL does not take it.
    package init(by certificate: Certificate, _ scheme: Scheme, over hash: String) throws(SigningError) {
        let key = try certificate.key(for: scheme)
        guard let context = EVP_MD_CTX_new() else { fatalError("out of memory") }
        self.context = context
        var keyContext: OpaquePointer?
        guard let algorithm = EVP_get_digestbyname(hash), EVP_DigestVerifyInit(context, &keyContext, algorithm, nil, key) == 1
        else { throw SigningError("The key of the certificate cannot check a signature over \(hash).") }
        guard scheme == .rsaPSS else { return }
        // The mask is made with the same hash, which is OpenSSL's default.
        guard EVP_PKEY_CTX_set_rsa_padding(keyContext, RSA_PKCS1_PSS_PADDING) == 1,
            EVP_PKEY_CTX_set_rsa_pss_saltlen(keyContext, RSA_PSS_SALTLEN_AUTO) == 1
        else { throw SigningError("The key of the certificate is not one for RSA-PSS.") }
    }

    deinit { EVP_MD_CTX_free(context) }

    package func update(_ bytes: UnsafeRawBufferPointer) {
        let done = EVP_DigestVerifyUpdate(context, bytes.baseAddress, bytes.count)
        precondition(done == 1, "EVP_DigestVerifyUpdate fails only on a context that was never begun")
    }

    /// Whether the signature is one over just these bytes. Nothing more can be added afterwards.
    package func matches(_ signature: [UInt8]) -> Bool {
        // What it has to say of one that does not match would stay for the next who asks.
        defer { ERR_clear_error() }
        return EVP_DigestVerifyFinal(context, signature, signature.count) == 1
    }

    /// A kind of keys, and how they sign.
    package enum Scheme: Equatable, Sendable {
        /// RSA with PSS; the salt may have any length.
        case rsaPSS
        case dsa
        /// ECDSA with a key of a curve, by its name in SEC 2: `secp384r1`.
        case ecdsa(curve: String)
    }
}

/// Why a signature cannot be checked. Holds nothing secret.
package struct SigningError: Error {
    package let reason: String

    init(_ reason: String) { self.reason = reason }
}
