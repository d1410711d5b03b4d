internal import Domain
internal import Files
internal import HTTPClient
internal import JSONDocument
internal import ObjectStores
internal import Options
internal import OsloConfig
internal import OsloLog
internal import Text

extension CompositionRoot {
    /// Makes an S3 store.
    ///
    /// - Parameter name: its name in `enabled_backends`; nil if it is the only store.
    /// - Returns: nil where `stores` names s3 beside others, and no server is configured.
    func makeS3Store(_ group: Options.StoreGroup, named name: String?) throws -> MadeStore? {
        let s3 = group.s3
        if name == nil, try isBesideOthers("s3"), try configuration(s3.host) == nil { return nil }
        func needed(_ option: OsloConfig.Option<String?>) throws -> String {
            guard let value = try configuration(option), !value.isEmpty else {
                throw ConfigurationError(place: "[\(group.name)] \(option.name)", reason: "is not set; an S3 store needs it")
            }
            return value
        }
        let (host, bucket) = (try needed(s3.host), try needed(s3.bucket))
        let endpoint = try makeS3Endpoint(group, host, bucket: bucket)
        let session = try configuration(s3.sessionToken).flatMap { $0.isEmpty ? nil : $0 }
        let signer = S3Signer(
            accessKey: try needed(s3.accessKey), secretKey: try needed(s3.secretKey), sessionToken: session, region: endpoint.region)
        let authority = try configuration(s3.certificates).flatMap { $0.isEmpty ? nil : $0 }
        if endpoint.isSecure { try checkAuthority(authority, "[\(group.name)] s3_store_cacert") }
        let proxies = try makeS3Proxies(group)
        func client(_ patience: S3Client.Patience) -> S3Client {
            S3Client(
                endpoint, signer, store: name ?? "s3", certificateAuthority: authority, proxies: proxies, patience: patience)
        }
        var settings = S3Store.Settings()
        settings.createsBucket = try configuration(s3.createsBucket)
        settings.partSize = min(try configuration(s3.chunkSize), 1 << 20) << 20
        settings.threads = try configuration(s3.threads)
        settings.hasChecksums =
            try configuration(s3.isIntegrityProtected) && configuration(s3.checksumCalculation) == .whenSupported
        settings.isFetchable = proxies.isEmpty
        let store = S3Store(
            name: name, client(.init()), probe: client(.short), settings, logger: log.logger("glance.store"))
        return (
            store,
            [
                "s3_store_large_object_size": .int(Int64(try configuration(s3.largeObjectSize)) << 20),
                "s3_store_large_object_chunk_size": .int(Int64(try configuration(s3.chunkSize)) << 20),
                "s3_store_thread_pools": .int(Int64(try configuration(s3.threads))),
            ]
        )
    }

    private func makeS3Endpoint(_ group: Options.StoreGroup, _ host: String, bucket: String) throws -> S3Endpoint {
        let s3 = group.s3
        let style: S3Endpoint.Style =
            switch try configuration(s3.urlFormat) {
            case .auto: .auto
            case .virtual: .virtual
            case .path: .path
            }
        do throws(S3Endpoint.Refusal) {
            return try S3Endpoint(host, bucket: bucket, region: try? configuration(s3.region), style: style)
        } catch {
            let option =
                switch error.part {
                case .host: s3.host
                case .bucket: s3.bucket
                case .region: s3.region
                }
            throw ConfigurationError(place: "[\(group.name)] \(option.name)", reason: "\(error)")
        }
    }

    /// Checks that a file of certificate authorities is there, since otherwise every server would seem to be another one.
    func checkAuthority(_ path: String?, _ place: String) throws {
        guard let path, fileText(of: path, isRepaired: true) == nil else { return }
        throw ConfigurationError(place: place, reason: "\(path) cannot be read")
    }

    private func makeS3Proxies(_ group: Options.StoreGroup) throws -> Proxies {
        guard try configuration(group.s3.usesProxy) else { return Proxies() }
        let option = "[\(group.name)] s3_store_proxy_host"
        guard let host = try configuration(group.s3.proxyHost), !host.isEmpty else {
            throw ConfigurationError(place: option, reason: "is not set, and s3_store_enable_proxy is")
        }
        var login = ""
        if let user = try configuration(group.s3.proxyUser), !user.isEmpty {
            login = "\(percentEncoded(user)):\(percentEncoded(try configuration(group.s3.proxyPassword) ?? ""))@"
        }
        let port = try configuration(group.s3.proxyPort)
        let place = try Self.host(host, port: port, at: option)
        do throws(ProxyError) {
            return try Proxies(named: ["all": "http://\(login)\(place)"])
        } catch {
            throw ConfigurationError(place: option, reason: "\(error)")
        }
    }
}
