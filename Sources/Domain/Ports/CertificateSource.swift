/// Where the certificates are that images' signatures are checked with: a key manager, or a folder.
package protocol CertificateSource: Sendable {
    /// - Parameter id: a UUID.
    /// - Returns: the certificate as it is kept, DER or PEM, of at most 64 KiB.
    /// - Throws: `.invalid` for one that there is not, or that the caller may not have; `.unavailable` when it cannot be asked for now.
    func certificate(_ id: String, for caller: Caller) throws(Fault) -> [UInt8]
}
