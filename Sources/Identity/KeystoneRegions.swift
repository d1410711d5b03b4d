internal import Cryptography
package import Domain

/// The image services of other regions, by the catalog of a token; and the encryption of tokens that are kept in the database.
package struct KeystoneRegions: OtherRegions {
    private let session: KeystoneSession
    private let seal: TokenCipher

    /// Makes regions of a session.
    ///
    /// - Parameter session: the service's own session, whose secret also encrypts tokens.
    package init(_ session: KeystoneSession) {
        self.session = session
        seal = TokenCipher(secret: "vitrine " + session.access.proof.secret)
    }

    package func sealed(_ token: CallerToken, for image: ImageID) -> String { seal.close(token.text, for: image.text) }

    package func opened(_ text: String, for image: ImageID) throws(Fault) -> CallerToken {
        guard let token = seal.open(text, for: image.text) else {
            throw Fault(
                .unexpected, "The token of the caller who ordered the import cannot be decrypted: the service's own password has changed.")
        }
        return CallerToken(token)
    }

    package func imageService(in region: String, interface: String, for token: CallerToken) throws(Fault) -> String {
        guard let address = try session.catalog(of: token).endpoint(of: "image", interface: interface, region: region) else {
            throw Fault(.invalid, "Your catalog has no \(interface) image service in region '\(region)'.")
        }
        return KeystoneCatalog.withoutVersion(address, ["/v1", "/v2"])
    }
}

extension KeystoneAccess.Proof {
    fileprivate var secret: String {
        switch self {
        case .password(let password, _): password
        case .applicationCredential(_, let secret), .applicationCredentialNamed(_, _, let secret): secret
        }
    }
}
