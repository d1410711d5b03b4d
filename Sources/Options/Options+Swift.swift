package import OsloConfig

extension Options.StoreGroup {
    /// The options of a swift store. Source: glance_store, `_drivers/swift/store.py` and `utils.py`.
    package struct Swift: OptionDeclarations {
        package let file: Option<String?>
        package let reference: Option<String>
        package let address: Option<String?>
        package let version: Option<String>
        package let user, key: Option<String?>
        package let credential, credentialSecret: Option<String?>
        package let container: Option<String>
        package let createsContainers: Option<Bool>
        package let seed: Option<Int>
        package let largeObject, largeObjectChunk: Option<Int>
        package let region: Option<String?>
        package let endpoint: Option<String?>
        package let endpointType, serviceType: Option<String>
        package let certificates: Option<String?>
        package let isInsecure: Option<Bool>
        package let readRetries, renewal: Option<Int>
        package let isMultiTenant: Option<Bool>

        package init(_ group: String) {
            file = .optionalText(group, "swift_store_config_file")
                .help("File with the accounts of a swift store, a section each: auth_address, user and key, or an application credential.")
            reference = .text(group, "default_swift_reference", default: "ref1")
                .help("Account that takes new images: a section of swift_store_config_file, or the name of the only account.")
            address = .optionalText(group, "swift_store_auth_address")
                .help("URL of the service that gives tokens for Swift, where swift_store_config_file is not set.")
            version = .text(group, "swift_store_auth_version", default: "3")
                .help("Login to Swift: 3 for Keystone, 1 for the login of Swift itself and of Ceph's gateway; any other means 3.")
            user = .optionalText(group, "swift_store_user")
                .help("User of Swift, project:user, where swift_store_config_file is not set.")
            key = .optionalText(group, "swift_store_key").help("Password of swift_store_user.")
            credential = .optionalText(group, "swift_store_application_credential_id")
                .help("Id of Keystone's application credential for Swift, in place of user and key.")
            credentialSecret = .optionalText(group, "swift_store_application_credential_secret")
                .help("Secret of swift_store_application_credential_id.")
            container = .text(group, "swift_store_container", default: "glance")
                .help("Container of images, or the beginning of the names of several.")
            createsContainers = .flag(group, "swift_store_create_container_on_put", default: false)
                .help("Whether an upload makes a container that is missing.")
            seed = .int(group, "swift_store_multiple_containers_seed", default: 0, in: 0...32)
                .help("Characters of an image's id that end its container's name; 0 is one container for all.")
            largeObject = .int(group, "swift_store_large_object_size", default: 5 * 1024, in: 1...(1 << 30))
                .help("MiB from which an image has segments; at most the size of a segment counts.")
            largeObjectChunk = .int(group, "swift_store_large_object_chunk_size", default: 200, in: 1...(1 << 30))
                .help("MiB of a segment; at most 16 count, since one is in memory until Swift has confirmed it.")
            region = .optionalText(group, "swift_store_region").help("Region of Swift's endpoint in the catalog; any if it is not set.")
            endpoint = .optionalText(group, "swift_store_endpoint")
                .help("URL of Swift's account, without a container, in place of the one that the login tells.")
            endpointType = .text(group, "swift_store_endpoint_type", default: "publicURL")
                .help("Interface of Swift's endpoint in the catalog: publicURL, internalURL or adminURL.")
            serviceType = .text(group, "swift_store_service_type", default: "object-store").help("Type of Swift in the catalog.")
            certificates = .optionalText(group, "swift_store_cacert")
                .help("File of the certificate authorities for Swift and Keystone, in place of the system's.")
            isInsecure = .flag(group, "swift_store_auth_insecure", default: false)
                .help("Whether any certificate of Swift and Keystone is accepted.")
            readRetries = .int(group, "swift_store_retry_get_count", default: 0, in: 0...1000)
                .help("How often a download from Swift that was cut goes on from where it was.")
            renewal = .int(group, "swift_store_expire_soon_interval", default: 60, in: 0...86_400)
                .help("Seconds before its end when the token for Swift is renewed.")
            isMultiTenant = .flag(group, "swift_store_multi_tenant", default: false)
                .help("Must be false: images in accounts of their owners could not be removed or copied without the owners' tokens.")
        }
    }
}
