package import Domain
internal import Files

/// A source of certificates in a folder, `<UUID>.pem` each, for an installation without a key manager. Every caller may use them.
package struct CertificateFolder: CertificateSource {
    private let path: String

    /// Makes a source of a folder.
    package init(_ path: String) { self.path = path }

    package func certificate(_ id: String, for caller: Caller) throws(Fault) -> [UInt8] {
        guard ImageID(id).isUUID, let text = fileText(of: "\(path)/\(id).pem", isRepaired: true) else { throw .noCertificate(id) }
        return Array(text.utf8)
    }
}

extension Fault {
    static func noCertificate(_ id: String) -> Fault {
        Fault(.invalid, "The signature of the image cannot be checked: there is no certificate \(id), or you may not use it.")
    }
}
