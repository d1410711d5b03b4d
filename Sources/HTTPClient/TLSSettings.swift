/// Decides which server certificates are accepted, and which certificate the client shows.
package struct TLSSettings: Sendable, Equatable {
    /// A PEM file that replaces the system's certificates.
    package var certificateAuthority: String?
    /// Whether any certificate is accepted, for any host.
    package var isBlind = false
    /// PEM files with the client's certificate and key, for servers that ask for one; the certificate's file may contain the key.
    package var certificate: String?
    package var key: String?

    package init(certificateAuthority: String? = nil) { self.certificateAuthority = certificateAuthority }
}
