package import OsloConfig

extension Options {
    /// Options of the certificates that signatures of images are checked with. Source: castellan, `barbican_key_manager.py`.
    package struct Signatures: OptionDeclarations {
        package let barbicanEndpoint = Option<String?>.optionalText("barbican", "barbican_endpoint")
            .help("Address of the key manager; without it, the one in the catalog of the caller's token.")
        package let barbicanInterface = Option<Interface>.choice("barbican", "barbican_endpoint_type", default: .public)
            .help("Endpoint of the key manager that is taken from the catalog.")
        package let barbicanRegion = Option<String?>.optionalText("barbican", "barbican_region_name")
            .help("Region of that endpoint.")
        package let barbicanIsVerified = Option<Bool>.flag("barbican", "verify_ssl", default: true)
            .help("Whether the key manager's certificate is verified.")
        package let barbicanCertificates = Option<String?>.optionalText("barbican", "verify_ssl_path")
            .help("File of the certificate authority of the key manager's certificate.")
        package let certificateFolder = Option<String?>.optionalText("vitrine", "certificate_folder")
            .help("Folder of certificates, <uuid>.pem each, in place of a key manager.")
    }
}
