/// A source of the certificates that image signatures are checked with: a key manager or a folder.
package protocol CertificateSource: Sendable {
    /// Reads a certificate.
    ///
    /// - Parameter id: a UUID.
    /// - Returns: the stored certificate, DER or PEM, of at most 64 KiB.
    /// - Throws: `.invalid` for a certificate that does not exist or that the caller may not read; `.unavailable` when the source cannot be
    ///   asked now.
    func certificate(_ id: String, for caller: Caller) throws(Fault) -> [UInt8]
}
