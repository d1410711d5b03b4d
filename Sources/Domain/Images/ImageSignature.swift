/// A signature over an image's bytes, as stored in its custom properties. Source: cursive, `signature_utils.py`.
package struct ImageSignature: Sendable {
    package let value: [UInt8]
    package let hash: Hash
    package let key: Key
    /// The certificate's id at the key manager; a UUID.
    package let certificate: String

    package enum Hash: String, Sendable, CaseIterable {
        case sha224 = "SHA-224"
        case sha256 = "SHA-256"
        case sha384 = "SHA-384"
        case sha512 = "SHA-512"
    }

    package enum Key: String, Sendable, CaseIterable {
        case rsaPSS = "RSA-PSS"
        case dsa = "DSA"
        case secp384r1 = "ECC_SECP384R1"
        case secp521r1 = "ECC_SECP521R1"
        case sect409k1 = "ECC_SECT409K1"
        case sect409r1 = "ECC_SECT409R1"
        case sect571k1 = "ECC_SECT571K1"
        case sect571r1 = "ECC_SECT571R1"
    }

    private enum Property: String {
        case value = "img_signature"
        case hash = "img_signature_hash_method"
        case key = "img_signature_key_type"
        case certificate = "img_signature_certificate_uuid"
    }

    /// - Returns: nil for an image that is not signed.
    /// - Throws: `.invalid` if some of the properties are missing, and for values that make no sense.
    package init?(of image: Image) throws(Fault) {
        guard image.isSigned else { return nil }
        func text(_ property: Property) throws(Fault) -> String {
            guard let text = image[property: property.rawValue] else {
                throw Self.refusal("\(property.rawValue) is missing; all four properties are needed, or none")
            }
            return text
        }
        guard let value = bytes(ofBase64: try text(.value)), !value.isEmpty else { throw Self.refusal("img_signature is no base64") }
        guard let hash = Hash(rawValue: try text(.hash)) else { throw Self.refusal(.hash, Hash.allCases.map(\.rawValue)) }
        guard let key = Key(rawValue: try text(.key)) else { throw Self.refusal(.key, Key.allCases.map(\.rawValue)) }
        certificate = try text(.certificate).lowercased()
        guard ImageID(certificate).isUUID else { throw Self.refusal("img_signature_certificate_uuid is no UUID") }
        (self.value, self.hash, self.key) = (value, hash, key)
    }

    private static func refusal(_ property: Property, _ known: [String]) -> Fault {
        refusal("\(property.rawValue) can be \(known.joined(separator: ", "))")
    }

    private static func refusal(_ reason: String) -> Fault { Fault(.invalid, "The signature of the image cannot be checked: \(reason).") }

    /// Whether any of the four properties is among these.
    package static func isPart(of properties: [ImageProperty]) -> Bool { properties.contains { Property(rawValue: $0.name) != nil } }
}

extension Image {
    /// Whether the image's bytes must be verified before anybody gets them.
    package var isSigned: Bool { ImageSignature.isPart(of: properties) }

    /// Checks that a client's change leaves a signature that was, or will be, verified. A signature is verified while the bytes arrive, so
    /// afterwards an image may keep the one that was verified or lose it as a whole. The signature of an image that is being imported may
    /// change; the import then fails.
    ///
    /// - Throws: `.conflict` for a signature that would never be verified.
    package func checkSignature(since before: Image) throws(Fault) {
        let signature = ImageSignature.properties(of: self)
        guard !signature.isEmpty, signature != ImageSignature.properties(of: before) else { return }
        let isAwaited = before.status == .queued || before.status == .uploading || before.status == .importing && before.isSigned
        guard isAwaited, status == before.status else {
            throw Fault(
                .conflict,
                "Image \(id) is \(before.status.rawValue), and nobody would check its data by this signature: properties img_signature… "
                    + "are set before the data come. Afterwards all four can be removed together.")
        }
    }

    /// - Parameter judged: the image as it was when its bytes were checked.
    /// - Throws: `.conflict` if the signature has changed since.
    package func checkIsStill(_ judged: Image) throws(Fault) {
        guard diskFormat == judged.diskFormat, containerFormat == judged.containerFormat,
            ImageSignature.properties(of: self) == ImageSignature.properties(of: judged)
        else { throw Fault(.conflict, "The formats or the signature of image \(id) were changed while its data were imported.") }
    }
}

extension ImageSignature {
    /// The signature properties that an image has, independent of their order.
    fileprivate static func properties(of image: Image) -> [String: String?] {
        let pairs = image.properties.filter { Property(rawValue: $0.name) != nil }.map { ($0.name, $0.value) }
        return Dictionary(pairs) { first, _ in first }
    }
}

/// The certificate that a signature is verified with, fetched with the rights of a caller who may read it.
package struct SigningCertificate: Sendable, Equatable {
    /// The id by which signatures name it.
    package let id: String
    package let pem: String

    package init(id: String, pem: String) { (self.id, self.pem) = (id, pem) }
}

/// Blanks and line ends are ignored: many programs wrap their base64 output.
///
/// - Returns: nil for what is not base64.
private func bytes(ofBase64 text: String) -> [UInt8]? {
    var (bytes, bits, count, padding) = ([UInt8](), UInt32(0), 0, 0)
    for character in text.utf8 {
        let value: UInt8
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): value = character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): value = 62
        case UInt8(ascii: "/"): value = 63
        case UInt8(ascii: "="):
            padding += 1
            continue
        case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): continue
        default: return nil
        }
        guard padding == 0 else { return nil }
        (bits, count) = (bits << 6 | UInt32(value), count + 1)
        if count % 4 == 0 { for shift in [16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: bits >> shift)) } }
    }
    switch (count % 4, padding) {
    case (0, 0): break
    case (2, 2): bytes.append(UInt8(truncatingIfNeeded: bits >> 4))
    case (3, 1): for shift in [10, 2] { bytes.append(UInt8(truncatingIfNeeded: bits >> shift)) }
    default: return nil
    }
    return bytes
}
