internal import Domain
internal import HTTPClient
internal import Identity
internal import Logging
internal import Options
internal import OsloConfig
internal import OsloLog

extension CompositionRoot {
    /// The source of certificates of signed images; nil if none is configured.
    var certificates: (any CertificateSource)? {
        get throws { try parts.certificates { try makeCertificates() } }
    }

    private func makeCertificates() throws -> (any CertificateSource)? {
        if let folder = try configuration(options.signatures.certificateFolder) {
            guard folder.hasPrefix("/") else {
                throw ConfigurationError(place: "[vitrine] certificate_folder", reason: "is no absolute path")
            }
            return CertificateFolder(Self.withoutSlash(folder))
        }
        var trust = TLSSettings()
        trust.isBlind = try !configuration(options.signatures.barbicanIsVerified)
        trust.certificateAuthority = try configuration(options.signatures.barbicanCertificates)
        if trust.isBlind { log.logger("glance.signatures").warning("[barbican] verify_ssl is off: the key manager need not prove itself") }
        if let address = try configuration(options.signatures.barbicanEndpoint) {
            try Self.checkURL(address, at: "[barbican] barbican_endpoint")
            return Barbican(.address(address), trust: trust, bulkhead: try bulkhead("barbican"))
        }
        guard try identity == .keystone else { return nil }
        let interface = try configuration(options.signatures.barbicanInterface).name
        return Barbican(
            .catalog(try keystoneSession, interface: interface, region: try configuration(options.signatures.barbicanRegion)), trust: trust,
            bulkhead: try bulkhead("barbican"))
    }
}
