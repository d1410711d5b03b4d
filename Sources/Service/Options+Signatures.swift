internal import OsloConfig

/// Where the certificates are that images' signatures are checked with. Source: castellan, `barbican_key_manager.py`.
extension Options {
    /// Of the key manager; nil where the catalog of the caller's token has it.
    static let barbicanEndpoint = Option<String?>.optionalText("barbican", "barbican_endpoint")
    static let barbicanInterface = Option<Interface>.choice("barbican", "barbican_endpoint_type", default: .public)
    static let barbicanRegion = Option<String?>.optionalText("barbican", "barbican_region_name")
    static let barbicanIsVerified = Option<Bool>.flag("barbican", "verify_ssl", default: true)
    static let barbicanCertificates = Option<String?>.optionalText("barbican", "verify_ssl_path")
    /// A folder of certificates, called by their UUIDs, in place of a key manager.
    static let certificateFolder = Option<String?>.optionalText("vitrine", "certificate_folder")

    static let signatures: [OptionKey] = [
        barbicanEndpoint.key, barbicanInterface.key, barbicanRegion.key, barbicanIsVerified.key, barbicanCertificates.key,
        certificateFolder.key,
    ]
}
