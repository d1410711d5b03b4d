internal import COpenSSL

/// An X.509 certificate.
package final class Certificate: @unchecked Sendable {
    private let raw: OpaquePointer

    /// The longest certificate that is read, in bytes.
    package static let longest = 64 * 1024

    /// - Parameter bytes: DER, or PEM, in which the first certificate counts.
    package init(_ bytes: [UInt8]) throws(SigningError) {
        guard bytes.count <= Self.longest, let raw = Self.read(bytes) else {
            throw SigningError("The data are no X.509 certificate.")
        }
        self.raw = raw
    }

    deinit { X509_free(raw) }

    private static func read(_ bytes: [UInt8]) -> OpaquePointer? {
        defer { ERR_clear_error() }
        return bytes.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            if let certificate = d2i_X509(nil, &start, buffer.count) { return certificate }
            guard let text = BIO_new_mem_buf(buffer.baseAddress, CInt(buffer.count)) else { return nil }
            defer { BIO_free(text) }
            // A file with a password is refused; nothing prompts for one.
            return PEM_read_bio_X509(text, nil, { _, _, _, _ in -1 }, nil)
        }
    }

    /// - Throws: if the certificate is not valid yet or has expired.
    package func checkIsOfToday() throws(SigningError) {
        guard X509_cmp_current_time(X509_get0_notBefore(raw)) < 0 else { throw SigningError("The certificate is not valid yet.") }
        guard X509_cmp_current_time(X509_get0_notAfter(raw)) > 0 else { throw SigningError("The certificate has expired.") }
    }

    /// The certificate as PEM.
    package var pem: String {
        guard let text = BIO_new(BIO_s_mem()) else { fatalError("out of memory") }
        defer { BIO_free(text) }
        let done = PEM_write_bio_X509(text, raw)
        precondition(done == 1, "a certificate that was read can be written")
        var bytes = [UInt8](repeating: 0, count: 2 * Self.longest)
        let count = BIO_read(text, &bytes, CInt(bytes.count))
        return String(decoding: bytes.prefix(Int(max(count, 0))), as: UTF8.self)
    }

    /// The public key, which the certificate owns.
    func key(for scheme: SignatureCheck.Scheme) throws(SigningError) -> OpaquePointer {
        guard let key = X509_get0_pubkey(raw) else { throw SigningError("The certificate's key is of a type that is not supported.") }
        let kind = EVP_PKEY_get_base_id(key)
        let isRight =
            switch scheme {
            case .rsaPSS: kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS
            case .dsa: kind == EVP_PKEY_DSA
            case .ecdsa(let curve): kind == EVP_PKEY_EC && Self.curve(of: key) == OBJ_sn2nid(curve)
            }
        guard isRight else { throw SigningError("The certificate's key is of another type than the signature.") }
        return key
    }

    /// OpenSSL's number of the key's curve; nil for a curve without a name.
    private static func curve(of key: OpaquePointer) -> CInt? {
        var (name, count) = ([CChar](repeating: 0, count: 80), 0)
        guard EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1 else { return nil }
        return OBJ_sn2nid(name)
    }
}
