package import OsloConfig

extension Options {
    /// The options of an S3 store, in the group of the store. Source: glance_store, `_drivers/s3.py`, and before it was removed for a while,
    /// that of Glance Newton, which had the proxy.
    package struct S3StoreGroup: OptionDeclarations {
        package let host: Option<String?>
        package let region: Option<String?>
        package let accessKey: Option<String?>
        package let secretKey: Option<String?>
        package let sessionToken: Option<String?>
        package let bucket: Option<String?>
        package let createsBucket: Option<Bool>
        package let urlFormat: Option<S3URLFormat>
        package let largeObjectSize: Option<Int>
        package let chunkSize: Option<Int>
        package let threads: Option<Int>
        package let certificates: Option<String?>
        package let isIntegrityProtected: Option<Bool>
        package let checksumCalculation: Option<S3Checksums>
        package let usesProxy: Option<Bool>
        package let proxyHost: Option<String?>
        package let proxyPort: Option<Int>
        package let proxyUser: Option<String?>
        package let proxyPassword: Option<String?>

        package init(_ name: String) {
            host = .optionalText(name, "s3_store_host")
                .help("Server of an S3 store: a host, with a port where it needs one, or a URL; without a scheme it is http.")
            region = .optionalText(name, "s3_store_region_name")
                .help("Region of the bucket; without it the one in the name of a host of Amazon, us-east-1 otherwise.")
            accessKey = .optionalText(name, "s3_store_access_key")
                .help("Access key of an S3 store.")
            secretKey = .optionalText(name, "s3_store_secret_key")
                .help("Secret that belongs to the access key.")
            sessionToken = .optionalText(name, "s3_store_session_token").unknownToGlance()
                .help("Token that temporary keys of an S3 store have beside them; the service must start anew before it expires.")
            bucket = .optionalText(name, "s3_store_bucket")
                .help("Bucket of an S3 store; nothing outside it is read, written or removed.")
            createsBucket = .flag(name, "s3_store_create_bucket_on_put", default: false)
                .help("Whether a bucket that does not exist is made when the first image comes.")
            urlFormat = .choice(name, "s3_store_bucket_url_format", default: .auto)
                .help(
                    "Where requests name the bucket: in the host's name (virtual), in the path, or (auto) in the host's name at Amazon alone."
                )
            largeObjectSize = .int(name, "s3_store_large_object_size", default: 100, in: 0...Int.max >> 20)
                .help("Only what GET /v2/info/stores/detail says: every image is written in parts, so that a stale writer cannot finish.")
            chunkSize = .int(name, "s3_store_large_object_chunk_size", default: 10, in: 5...Int.max >> 20)
                .help("Mebibytes of a part; 28 at most, and more where an image would have over 10,000 parts.")
            threads = .int(name, "s3_store_thread_pools", default: 10, in: 1...1000)
                .help("Most parts of one image that are sent at once; all that are in memory have 56 MiB at most.")
            certificates = .optionalText(name, "s3_store_cacert")
                .help("File of the certificate authorities for the S3 server, in place of the system's.")
            isIntegrityProtected = .flag(name, "s3_store_enable_data_integrity_protection", default: false)
                .help("Whether s3_store_request_checksum_calculation counts.")
            checksumCalculation = .choice(name, "s3_store_request_checksum_calculation", default: .whenRequired)
                .help("Whether (when_supported) the server gets the SHA-256 of each part, compares it and keeps it.")
            usesProxy = .flag(name, "s3_store_enable_proxy", default: false).ofOlderGlance()
                .help("Whether the S3 server is asked by way of a proxy; nginx then sends no data of it, the workers do.")
            proxyHost = .optionalText(name, "s3_store_proxy_host").ofOlderGlance()
                .help("Host of that proxy.")
            proxyPort = .int(name, "s3_store_proxy_port", default: 8080, in: 1...65_535).ofOlderGlance()
                .help("Port of that proxy.")
            proxyUser = .optionalText(name, "s3_store_proxy_user").ofOlderGlance()
                .help("User at that proxy.")
            proxyPassword = .optionalText(name, "s3_store_proxy_password").ofOlderGlance()
                .help("Password at that proxy.")
        }
    }

    /// Values of `s3_store_bucket_url_format`.
    package enum S3URLFormat: String, CaseIterable, Sendable {
        case auto, virtual, path
    }

    /// Values of `s3_store_request_checksum_calculation`.
    package enum S3Checksums: String, CaseIterable, Sendable {
        case whenRequired = "when_required"
        case whenSupported = "when_supported"
    }
}
