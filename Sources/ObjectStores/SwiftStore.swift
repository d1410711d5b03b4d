package import Domain
package import HTTPClient
internal import Threading

/// A store that keeps images in containers of OpenStack Swift, or of Ceph's gateway.
///
/// A small image is one object. A larger one is segments and a manifest that names them by their prefix (a dynamic large object), as
/// Glance's driver writes it; each service reads and removes the objects of the other. See `docs/stores.md` for what lies in a
/// container.
///
/// Before the first byte, an empty object marks the upload (see `SwiftUpload`). The data get a visible name in one request, and only
/// while the marker is there; whoever takes an upload back removes the marker first.
package struct SwiftStore: ImageStore {
    let name: String?
    private(set) var settings: Settings
    let locations: SwiftLocations

    /// Options of Glance's driver. Source: glance_store, `_drivers/swift/store.py`.
    package struct Settings: Sendable {
        /// The accounts, by the names that locations give them.
        package var references: [String: SwiftLogin]
        /// The account that new images go to.
        package var mainReference: String
        package var container = "glance"
        /// The characters of an image's id that end its container's name; 0 for one container.
        package var seed = 0
        package var createsContainers = false
        /// The bytes from which an image has segments.
        package var largeObject: Int64 = 5 << 30
        /// The bytes of a segment, as the options want it; see `segmentSize`.
        package var largeObjectChunk = 200 << 20
        package var region: String?
        package var interface = "publicURL"
        package var serviceType = "object-store"
        /// The URL of the account, in place of the one that the login tells.
        package var endpoint: String?
        package var trust = TLSSettings()
        /// How often a download that was cut goes on.
        package var readRetries = 0
        /// The seconds before its end when a token is renewed.
        package var renewal = 60.0
        package var limits = Limits()

        /// Makes default settings.
        package init(references: [String: SwiftLogin], mainReference: String) {
            (self.references, self.mainReference) = (references, mainReference)
        }

        /// The bytes of a segment. One is kept until the server has confirmed it, to be sent again, while the next comes in: so the memory
        /// of an upload is twice that, and does not follow an option that may say gigabytes.
        var segmentSize: Int { max(1, leastSegment, min(largeObjectChunk, 16 << 20)) }
        /// The bytes that a segment must have so that an image does not have too many.
        fileprivate var leastSegment = 0
        /// The bytes of the largest segment.
        fileprivate static let mostOfSegment = 32 << 20
    }

    /// Limits; times are in seconds.
    package struct Limits: Sendable {
        /// To make a connection.
        package var connect = 5.0
        /// For a request without image data, and its answer.
        package var control = 30.0
        /// For a segment, of 16 MiB at most.
        package var segment = 120.0
        /// Until a listing shows all segments: containers of Swift list new objects after a while.
        package var listing = 30.0
        /// Of a server that sends nothing.
        package var silence = 20.0
        /// The most bytes of an image that are asked for at once: less than ten segments of 16 MiB.
        package var piece: Int64 = 128 << 20
        /// The most names in an answer of a listing.
        package var page = 1000

        /// Makes default limits.
        package init() {}
    }

    /// Makes a store. No server is asked.
    ///
    /// - Parameter name: the store's name, for the label of its locations; nil for a single store without a name.
    package init(name: String? = nil, _ settings: Settings) {
        (self.name, self.settings) = (name, settings)
        locations = SwiftLocations(settings, store: name ?? "swift")
    }

    // MARK: writing

    package func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter {
        guard id.isUUID, isUploadToken(token) else { throw Fault(.invalid, "Image id \(id) cannot name an object.") }
        guard size ?? 0 <= Self.mostBytes else { throw tooMuch() }
        let upload = SwiftUpload(container: locations.container(of: id), image: id.text, token: token)
        try checkContainer(upload.container, takes: size ?? 0)
        try putMark(upload, upload.marker)
        return SwiftBlobWriter(upload, of: sized(for: size ?? 0), announcing: size)
    }

    /// This store, with segments that are large enough for an image.
    private func sized(for size: Int64) -> SwiftStore {
        let most = Int64(SwiftUpload.mostSegments)
        var store = self
        store.settings.leastSegment = Int((size + most - 1) / most)
        return store
    }

    /// The bytes of the largest image.
    private static var mostBytes: Int64 { Int64(SwiftUpload.mostSegments) * Int64(Settings.mostOfSegment) }

    func tooMuch() -> Fault {
        let bytes = Int64(SwiftUpload.mostSegments) * Int64(settings.segmentSize)
        return Fault(
            .tooLarge,
            "The store '\(locations.main.store)' takes no image of more than \(Self.mostBytes) bytes, or \(bytes) where no size is announced."
        )
    }

    /// Checks that a container is there and has room, and makes it where the options say so.
    private func checkContainer(_ container: String, takes size: Int64) throws(Fault) {
        let account = locations.main
        let reply = try account.send(.init("HEAD", SwiftObject.path(container)))
        guard reply.status == 404 else {
            guard 200...299 ~= reply.status else { throw account.refusal(reply.status, "HEAD of the container") }
            guard let quota = reply.headers["X-Container-Meta-Quota-Bytes"].flatMap({ Int64($0) }),
                let used = reply.headers["X-Container-Bytes-Used"].flatMap({ Int64($0) }), quota - used < size
            else { return }
            throw account.refusal(413, "an upload of \(size) bytes: the container's quota is \(quota), \(used) are used")
        }
        guard settings.createsContainers else {
            throw Fault(
                .unavailable,
                "The store '\(account.store)' has no container for the image, and [glance_store] swift_store_create_container_on_put is off.",
                cause: SwiftTrouble(description: "the container '\(container)' is not there"))
        }
        let made = try account.send(.init("PUT", SwiftObject.path(container), body: []))
        guard 200...299 ~= made.status else { throw account.refusal(made.status, "PUT of a container") }
    }

    /// Writes a marker or a tombstone.
    func putMark(_ upload: SwiftUpload, _ mark: String) throws(Fault) {
        let account = locations.main
        let status = try account.send(.init("PUT", SwiftObject.path(upload.container, mark), body: [])).status
        guard 200...299 ~= status else { throw account.refusal(status, "PUT of a mark") }
    }

    /// The header of an image's object that says how many bytes were written.
    static let sizeField = "X-Object-Meta-Vitrine-Size"

    // MARK: finding

    package func holds(_ url: String) -> Bool { locations.object(at: url) != nil }

    package func bytes(at url: String) throws(Fault) -> Blob {
        guard let object = locations.object(at: url) else { throw noBytes() }
        let account = object.account
        let reply = try account.send(.init("HEAD", object.path))
        guard reply.status != 404 else {
            try checkThere(object)
            throw noBytes()
        }
        guard 200...299 ~= reply.status else { throw account.refusal(reply.status, "HEAD of an object") }
        guard let size = reply.headers["Content-Length"].flatMap({ Int64($0) }) else { throw account.away("HEAD tells no size") }
        if let written = reply.headers[Self.sizeField].flatMap({ Int64($0) }), written != size {
            throw account.away("\(object.name) has \(size) bytes of the \(written) that were written: segments are missing")
        }
        let entity = reply.headers["ETag"]
        var blob = Blob(size: size, internalPath: nil) { offset throws(Fault) in
            try SwiftReader(object, size: size, entity: entity, from: offset)
        }
        let access = try account.access()
        blob.remote = RemoteData(url: access.storage + object.path, token: access.token)
        return blob
    }

    private func noBytes() -> Fault { Fault(.notFound, "The store has no such data.") }
}

extension SwiftStore: HealthProbe {
    package var healthName: String { "store \(name ?? "swift")" }

    /// Checks whether the main account can be asked, and the container is there if there is one for all images. Other servers of Swift have
    /// the objects: one is asked for an object that need not be there.
    package func checkHealth() throws(Fault) {
        let account = locations.main
        let reply = try account.send(.init("HEAD", settings.seed == 0 ? SwiftObject.path(settings.container) : ""))
        if reply.status == 404, settings.createsContainers { return }
        guard reply.status != 404 else {
            throw account.noContainer()
        }
        guard 200...299 ~= reply.status else { throw account.refusal(reply.status, "HEAD of the container") }
        guard settings.seed == 0 else { return }
        // It needs the right to write. Of an object that does not exist nothing is kept, unlike with DELETE, which leaves a tombstone.
        let object = try account.send(.init("POST", SwiftObject.path(settings.container, SwiftUpload.folder + "health"), body: []))
        guard 200...299 ~= object.status || object.status == 404 else { throw account.refusal(object.status, "POST of an object") }
    }
}

extension SwiftStore: RemoteStore {
    package var certificateAuthority: String? { settings.trust.certificateAuthority }
    package var verifiesCertificate: Bool { !settings.trust.isBlind }
}

extension SwiftStore: PlacedStore {
    /// A location names a reference and a container, so every node must have every reference, with the same account behind it. The number of
    /// characters that end a container's name is no part: each node reads them all.
    package var place: [String: String?] {
        var parts: [String: String?] = ["container": settings.container]
        for (name, login) in settings.references {
            parts.updateValue(login.origin?.server, forKey: "server of the reference '\(name)'")
            parts.updateValue(login.project, forKey: "project of the reference '\(name)'")
        }
        return parts
    }

    /// The account of the reference that new images have.
    package var target: [String: String]? {
        guard let login = settings.references[settings.mainReference], let server = login.origin?.server, let project = login.project else {
            return nil
        }
        return ["container": settings.container, "server": server, "project": project]
    }
}
