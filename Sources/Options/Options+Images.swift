package import Identity
package import OsloConfig

extension Options {
    /// Options of how images are kept, and of their protected properties.
    package struct Images: OptionDeclarations {
        package let hashingAlgorithm = Option<String>.text("DEFAULT", "hashing_algorithm", default: "sha512")
            .help("Algorithm of os_hash_value, beside the MD5 checksum: any that Python's hashlib has.")
        package let metadataEncryptionKey = Option<String?>.optionalText("DEFAULT", "metadata_encryption_key")
            .help("Key of 16, 24 or 32 bytes that encrypts the URLs of locations in the database, as Glance does it.")
        package let verifyLocations = Option<Bool>.flag("vitrine", "verify_locations", default: true)
            .help("Whether the data of a location that a PATCH adds are read and compared with the digests that it names.")
        package let propertyProtectionFile = Option<String?>.optionalText("DEFAULT", "property_protection_file")
            .help("File that says who may create, read, update and delete which custom properties; a mistake in it stops the start.")
        package let propertyProtectionFormat = Option<PropertyProtectionFile.Format>.choice(
            "DEFAULT", "property_protection_rule_format", default: .roles
        )
        .help("Whether that file names roles or policy rules.")
    }
}
