package import Domain
internal import Glibc
internal import HTTPClient
package import Logging
internal import Text
internal import Threading

/// A store that keeps each image as an object of a bucket, under the image's id, with locations as Glance's S3 driver writes them.
///
/// Data come in as a multipart upload whose id is in the upload's URL, or as a single PUT; `S3Upload` says what else lies in the bucket until
/// the data are confirmed. docs/stores.md says the same to operators.
package struct S3Store: ImageStore {
    /// Source of the options: glance_store, `_drivers/s3.py`.
    package struct Settings: Sendable {
        /// Whether a missing bucket is made.
        package var createsBucket = false
        /// Bytes of a part, where an image is not too large for such parts.
        package var partSize = 10 << 20
        /// Bytes of a part that the server copies; more where an image has too many of them.
        package var copyPartSize = 64 << 20
        /// Keys that the server lists in one answer.
        package var keysPerPage = 500
        /// Parts of an image that are sent at once, as far as memory allows.
        package var threads = 10
        /// Whether the server gets a checksum with each part, and keeps it.
        package var hasChecksums = false
        /// Seconds for which nginx may fetch data by a URL, which nobody else gets. Its cache fetches slice by slice while a client
        /// reads, so a download may take as long; one by a worker may, too (`Download.Limits`).
        package var urlValidity = 86_400
        /// Seconds for which a client that is sent to the server may begin to fetch data by a URL; until then, so may whoever learns it.
        package var redirectValidity = 120
        /// Whether nginx can fetch the data: it knows no proxies.
        package var isFetchable = true

        package init() {}
    }

    /// The store's name, for the label of its locations; nil for a single store without a name.
    private let name: String?
    let client: S3Client
    private let probe: S3Client
    let settings: Settings
    private let logger: Logger
    /// What the server said of objects that nginx can fetch, by their keys. Addresses and clocks change, so it is not kept for long.
    private let described = ExpiringCache<String, S3Object>(seconds: 300, most: 4096)

    /// Makes a store. The server is not asked.
    ///
    /// - Parameters:
    ///   - probe: a client with little patience, for the check of health.
    package init(name: String?, _ client: S3Client, probe: S3Client? = nil, _ settings: Settings = Settings(), logger: Logger) {
        (self.name, self.client, self.probe, self.settings, self.logger) = (name, client, probe ?? client, settings, logger)
    }

    // MARK: writing

    package func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter {
        guard id.isUUID else { throw Fault(.invalid, "Image id \(id) cannot name an object.") }
        let sizes = try S3PartSizes(of: settings.partSize, announced: size, store: client.store)
        func begun() throws(Fault) -> S3Upload {
            // A small image that is in the way is found when the upload is completed.
            if let size, size > Int64(settings.partSize), try head(id.text) != nil { throw .exists(in: client.store) }
            if let size, size <= Int64(sizes[1]), client.conditions.mayBeHeeded,
                let single = try S3Upload(single: id, token: token, hasChecksums: settings.hasChecksums, client)
            {
                return single
            }
            return try S3Upload(beginning: id, token: token, hasChecksums: settings.hasChecksums, client)
        }
        let upload: S3Upload
        do throws(Fault) {
            upload = try begun()
        } catch {
            guard settings.createsBucket, (error.cause as? S3Trouble)?.isMissingBucket == true else { throw error }
            try makeBucket()
            upload = try begun()
        }
        return S3BlobWriter(
            upload, sizes, copied: settings.copyPartSize, threads: settings.threads, label: name, logger: logger)
    }

    /// The location that an image's data have in this store.
    package func location(of image: ImageID) -> String { client.endpoint.location(of: image.text) }

    /// Source: glance_store, `_create_bucket`. Amazon wants no constraint for `us-east-1`; other servers have regions that they do not know.
    private func makeBucket() throws(Fault) {
        let region = client.endpoint.region
        let constraint = """
            <CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\
            <LocationConstraint>\(escapedForHTML(region))</LocationConstraint></CreateBucketConfiguration>
            """
        for body in region == "us-east-1" ? [[]] : [Array(constraint.utf8), []] {
            let reply = try client.send("PUT", nil, body: body)
            let trouble = S3Trouble(reply)
            if reply.status == 200 || ["BucketAlreadyOwnedByYou", "BucketAlreadyExists"].contains(trouble.code) { return }
            guard trouble.code == "InvalidLocationConstraint", !body.isEmpty else { throw trouble.fault(of: client.store) }
        }
    }

    // MARK: cleaning up

    package func discard(_ upload: Upload) throws(Fault) {
        try S3Upload(upload, client)?.takeBack()
    }

    package func discardPending(_ upload: Upload) throws(Fault) {
        try S3Upload(upload, client)?.takeBackPending()
    }

    package func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] {
        try S3Upload.marks(of: client).filter { $0.age > seconds }.map {
            Upload(image: $0.image, token: $0.token, pendingURL: S3Upload.url($0.image, $0.token, nil, client))
        }
    }

    package func remove(_ url: String) throws(Fault) {
        guard let key = client.endpoint.key(of: url) else { return }
        try remove(key, tag: nil)
    }

    package func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) {
        // As long as an object is there, no upload can put another in its place.
        guard let key = client.endpoint.key(of: url), let object = try head(key), try isMeant() else { return }
        try remove(key, tag: object.tag)
    }

    private func remove(_ key: String, tag: String?) throws(Fault) {
        try S3Object.remove(key, tag: tag, client)
    }

    // MARK: reading

    package func holds(_ url: String) -> Bool { client.endpoint.key(of: url) != nil }

    /// The URL without the keys that older releases of Glance wrote into it. Source: Glance, `_update_s3_location_credentials`.
    package func currentURL(of url: String, isLabelled: Bool) -> String? { ImageLocation(url: url).shownURL }

    package func bytes(at url: String) throws(Fault) -> Blob {
        guard let key = client.endpoint.key(of: url) else { throw noBytes() }
        described.forget(key)
        guard let object = try head(key) else { throw noBytes() }
        if settings.isFetchable, object.hasPlainTag { described.keep(object, for: key) }
        return blob(of: object)
    }

    package func rememberedBytes(at url: String, size: Int64) -> Blob? {
        guard let key = client.endpoint.key(of: url), let object = described[key], object.size == size, comparesTags(of: object) else {
            return nil
        }
        var blob = Blob(size: size, internalPath: nil) { offset throws(Fault) in
            let found = try bytes(at: url)
            guard found.size == size else { throw noBytes() }
            return try found.open(offset)
        }
        blob.remote = remote(object)
        blob.remote?.tag = object.tag
        return blob
    }

    private func noBytes() -> Fault { Fault(.notFound, "The image's data is not in the store.") }

    /// Whether the server gives data only if they have the tag that a request names, which it is asked once.
    private func comparesTags(of object: S3Object) -> Bool {
        do throws(Fault) {
            return try client.tagConditions.areHeeded { () throws(Fault) in try object.isComparedByTag(client) }
        } catch {
            logger.info("whether the store '\(client.store)' compares tags is not known yet: \(error)")
            return false
        }
    }

    private func blob(of object: S3Object) -> Blob {
        var blob = Blob(size: object.size, internalPath: nil) { [client] offset throws(Fault) in
            try S3Reader(object, from: offset, client)
        }
        if settings.isFetchable {
            blob.remote = remote(object)
            blob.remote?.urlForClient = { [client, settings] in
                client.presignedURL(of: object, validity: settings.redirectValidity)
            }
        }
        return blob
    }

    private func remote(_ object: S3Object) -> RemoteData {
        RemoteData(url: client.presignedURL(of: object, validity: settings.urlValidity), address: object.address)
    }

    private func head(_ key: String) throws(Fault) -> S3Object? { try S3Object(key, client) }
}

extension S3Store: HealthProbe {
    package var healthName: String { "store \(client.store)" }

    /// Lists nothing of the bucket, which of all requests needs the fewest rights and says the most about what is wrong, and then asks whether
    /// the key may write.
    package func checkHealth() throws(Fault) {
        try S3Object.checkBucket(probe)
        try S3Object.checkWritable(probe)
    }
}

extension Fault {
    static func exists(in store: String) -> Fault {
        Fault(.conflict, "The store '\(store)' has data of this image already, which no record refers to.")
    }
}

extension S3Store: RemoteStore {
    package var certificateAuthority: String? { client.certificateAuthority }
    package var verifiesCertificate: Bool { true }
}

extension S3Store: PlacedStore {
    /// Bucket and server stand in each location; hosts are compared whatever their case.
    package var place: [String: String?] { ["bucket": client.endpoint.bucket, "server": client.endpoint.host.lowercased()] }
}
