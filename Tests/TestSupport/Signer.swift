import Foundation

/// Signs images as Glance's documentation describes, with a certificate.
package struct Signer: Sendable {
    /// The certificate's id.
    package let certificate = UUID().uuidString.lowercased()
    package let kind: Kind
    private let folder: String

    package enum Kind: String, CaseIterable, Sendable {
        case rsa = "RSA-PSS"
        case dsa = "DSA"
        case secp384r1 = "ECC_SECP384R1"
        case secp521r1 = "ECC_SECP521R1"
        case sect409k1 = "ECC_SECT409K1"
        case sect409r1 = "ECC_SECT409R1"
        case sect571k1 = "ECC_SECT571K1"
        case sect571r1 = "ECC_SECT571R1"
    }

    /// - Parameter hasExpired: whether the certificate was valid until yesterday.
    package init(_ kind: Kind, hasExpired: Bool = false) throws {
        self.kind = kind
        folder = "\(TestFolder.root)/signer-\(certificate)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let (key, request) = ("\(folder)/key", "\(folder)/request")
        switch kind {
        case .rsa: try openssl("genrsa", "-out", key, "2048")
        case .dsa: try openssl("dsaparam", "-genkey", "-out", key, "2048")
        default: try openssl("ecparam", "-genkey", "-name", kind.rawValue.dropFirst(4).lowercased(), "-out", key)
        }
        try openssl("req", "-new", "-key", key, "-subj", "/CN=signer", "-out", request)
        try openssl("x509", "-req", "-in", request, "-signkey", key, "-days", hasExpired ? "-1" : "2", "-out", "\(folder)/certificate")
    }

    private func openssl(_ words: String...) throws { try Command("openssl", words).succeeded() }

    /// The certificate, as PEM.
    package var pem: String { get throws { try String(contentsOfFile: "\(folder)/certificate", encoding: .utf8) } }

    /// Puts the certificate where a service finds it.
    package func publish(in folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try pem.write(toFile: "\(folder)/\(certificate).pem", atomically: true, encoding: .utf8)
    }

    /// The properties of an image with these bytes.
    ///
    /// - Parameters:
    ///   - hash: `SHA-256`.
    ///   - options: of `openssl dgst`, instead of those for the key's type.
    package func properties(over bytes: [UInt8], _ hash: String = "SHA-256", options: [String]? = nil) throws -> [String: String] {
        let data = "\(folder)/data-\(UInt64.random(in: 0 ... .max))"
        try Data(bytes).write(to: URL(filePath: data))
        defer { try? FileManager.default.removeItem(atPath: data) }
        let options = options ?? (kind == .rsa ? ["-sigopt", "rsa_padding_mode:pss"] : [])
        let name = hash.replacing("-", with: "").lowercased()
        let signature = try Command("openssl", ["dgst", "-\(name)", "-sign", "\(folder)/key"] + options + [data]).succeeded().output
        return [
            "img_signature": Data(signature).base64EncodedString(), "img_signature_hash_method": hash,
            "img_signature_key_type": kind.rawValue, "img_signature_certificate_uuid": certificate,
        ]
    }
}

extension TestGlance {
    /// Creates an image with custom properties.
    package func hasImage(_ properties: [String: String], _ format: String = "raw", as person: Person = .alice) throws -> String {
        let fields = ["disk_format": format, "container_format": "bare"].merging(properties) { $1 }
        return try hasImage(as: person, String(decoding: try JSONEncoder().encode(fields), as: UTF8.self))
    }
}
