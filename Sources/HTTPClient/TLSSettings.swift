/// Whom TLS takes for the server, and what it shows of ourselves.
package struct TLSSettings: Sendable, Equatable {
    /// A PEM file in place of the system's certificates.
    package var certificateAuthority: String?
    /// Any certificate will do, of any host.
    package var isBlind = false
    /// PEM files that prove who we are, to a server that wants to know; the key may stand in the certificate's file.
    package var certificate: String?
    package var key: String?

    package init(certificateAuthority: String? = nil) { self.certificateAuthority = certificateAuthority }
}
