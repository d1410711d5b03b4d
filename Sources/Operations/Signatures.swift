package import Domain
internal import Cryptography

extension ImageService {
    /// Fetches the certificate to check an image's signature with; nil for an image that is not signed.
    ///
    /// - Throws: `.invalid` for a signature that cannot be checked, whatever the data will be; `.unavailable` when the source of
    ///   certificates cannot be asked now.
    package func signingCertificate(of image: Image, for caller: Caller) throws(Fault) -> SigningCertificate? {
        guard let signature = try ImageSignature(of: image) else { return nil }
        guard let certificates else {
            throw Fault(.invalid, "The signature of the image cannot be checked: no key manager is known here.")
        }
        let bytes = try certificates.certificate(signature.certificate, for: caller)
        let pem: String
        do throws(SigningError) {
            pem = try Certificate(bytes).pem
        } catch {
            throw Fault(.invalid, "The signature of the image cannot be checked: \(error.reason)")
        }
        let certificate = SigningCertificate(id: signature.certificate, pem: pem)
        _ = try SignedStream(image, certificate)
        return certificate
    }

    /// Checks that an image may get its data by a location.
    ///
    /// - Throws: `.invalid` for a signed image: the data at a location is not read before the image is active.
    package func checkMayBeLocated(_ properties: [ImageProperty]) throws(Fault) {
        guard ImageSignature.isPart(of: properties) else { return }
        throw Fault(.invalid, "The signature of an image is checked when its data are uploaded or imported; it cannot get a location.")
    }

    /// Checks that an image may become active without data.
    ///
    /// - Throws: `.invalid` for a signed image.
    package func checkMayBeEmpty(_ properties: [ImageProperty]) throws(Fault) {
        guard ImageSignature.isPart(of: properties) else { return }
        throw Fault(.invalid, "The signature of an image is checked when its data are uploaded or imported; it cannot be made empty.")
    }
}

/// Checks an image's signature while its data passes.
struct SignedStream {
    private let check: SignatureCheck
    private let signature: ImageSignature

    /// - Returns: nil for an image that is not signed.
    /// - Throws: `.invalid` when the certificate is not the one that the signature names, is not valid today, or has another kind of key.
    init?(_ image: Image, _ certificate: SigningCertificate?) throws(Fault) {
        guard let signature = try ImageSignature(of: image) else { return nil }
        guard let certificate, certificate.id == signature.certificate else {
            throw Fault(.invalid, "The signature of the image cannot be checked: it has changed since its certificate was fetched.")
        }
        do throws(SigningError) {
            let certificate = try Certificate(Array(certificate.pem.utf8))
            try certificate.checkIsOfToday()
            check = try SignatureCheck(by: certificate, signature.key.scheme, over: signature.hash.name)
        } catch {
            throw Fault(.invalid, "The signature of the image cannot be checked: \(error.reason)")
        }
        self.signature = signature
    }

    func update(_ piece: UnsafeRawBufferPointer) { check.update(piece) }

    /// - Throws: `.invalid` for data that does not match the signature.
    func finish() throws(Fault) {
        guard check.matches(signature.value) else { throw Fault(.invalid, "The signature of the image does not match its data.") }
    }
}

extension ImageSignature.Hash {
    /// The name in OpenSSL.
    fileprivate var name: String { rawValue.replacing("-", with: "") }
}

extension ImageSignature.Key {
    fileprivate var scheme: SignatureCheck.Scheme {
        switch self {
        case .rsaPSS: .rsaPSS
        case .dsa: .dsa
        case .secp384r1, .secp521r1, .sect409k1, .sect409r1, .sect571k1, .sect571r1:
            .ecdsa(curve: rawValue.dropFirst("ECC_".count).lowercased())
        }
    }
}
