internal import JSONDocument

/// Copies images and their records between servers and folders.
///
/// An error of one image does not stop the others, and a second run copies what is missing.
package struct Replicator {
    /// The options of the operator.
    package struct Settings: Sendable {
        /// Bytes that are written at once.
        package var chunk = 65_536
        /// Fields that are ignored; Glance's default of `--dontreplicate`.
        package var dropped = DroppedFields("created_at date deleted_at location updated_at")
        /// Whether only records are copied, without data.
        package var isMetadataOnly = false

        package init() {}
    }

    /// A report about the progress.
    package enum News: Sendable {
        /// Bytes of all images.
        case total(Int64)
        /// Bytes that were copied.
        case bytes(Int64)
        /// Bytes that need not be copied.
        case skipped(Int64)
        /// What was done with an image.
        case done(String)
        /// An error of an image, or a difference.
        case trouble(String)
    }

    private let settings: Settings
    private let tell: (News) -> Void

    package init(_ settings: Settings, tell: @escaping (News) -> Void) { (self.settings, self.tell) = (settings, tell) }

    /// The number of bytes of a server's images, and of images with data.
    package func size(of server: ImageServer) throws(ReplicationError) -> (bytes: Int64, images: Int) {
        let active = try server.list().filter(\.isActive)
        return (active.reduce(0) { $0 + $1.size }, active.count)
    }

    /// Reports the images and fields that the second server does not have, or has with other values.
    package func compare(_ source: ImageServer, _ target: ImageServer) throws(ReplicationError) {
        for entry in try source.list() {
            guard let image = try source.image(entry.id) else { continue }
            guard let copy = try target.image(entry.id) else {
                if entry.isActive {
                    let name = image.document["name"]?.string ?? "--unnamed--"
                    tell(.trouble("Image \(image.id) (\"\(name)\") entirely missing from the destination"))
                }
                continue
            }
            for difference in image.differences(of: copy, settings.dropped) {
                tell(
                    .trouble(
                        """
                        \(image.id): field \(difference.name) differs (source is \(Self.text(difference.value)), destination is \
                        \(difference.other.map(Self.text) ?? "undefined"))
                        """))
            }
        }
    }

    /// - Returns: the number of images that failed.
    package func copy(_ source: ImageServer, _ target: ImageServer) throws(ReplicationError) -> Int {
        try each(try source.list()) { entry throws(ReplicationError) in
            guard let image = try source.image(entry.id) else { return }
            let isWanted = image.status == "active" && !settings.isMetadataOnly
            try bring(image, to: target, isSpokenOf: image.status == "active") {
                guard isWanted else { return nil }
                return { () throws(ReplicationError) in
                    let (bytes, _, length) = try source.data(of: image, from: 0)
                    guard let length else { throw ReplicationError(.image, "\(image.title): its size is not known") }
                    return checked(image, length, bytes)
                }
            }
        }
    }

    /// - Returns: the number of images that failed.
    package func dump(_ source: ImageServer, to folder: DumpFolder) throws(ReplicationError) -> Int {
        try each(try source.list()) { entry throws(ReplicationError) in
            guard let image = try source.image(entry.id) else { return }
            let isWanted = image.status == "active" && !settings.isMetadataOnly
            let have = folder.dataSize(of: image.id)
            let isMissing = isWanted && (have == nil || image.size.map { $0 != have } == true)
            if isMissing {
                try folder.write(image, chunk: settings.chunk, note: { tell(.bytes($0)) }) { offset throws(ReplicationError) in
                    try source.data(of: image, from: offset)
                }
            } else {
                tell(.skipped(entry.size))
                if folder.hasMetadata(of: image.id) { return }
            }
            try folder.write(metadataOf: image)
            tell(.done("\(image.title) is dumped"))
        }
    }

    /// - Returns: the number of images that failed.
    package func load(_ folder: DumpFolder, into target: ImageServer) throws(ReplicationError) -> Int {
        let entries = try folder.ids().map { ImageServer.Entry(id: $0, size: folder.dataSize(of: $0) ?? 0, isActive: true) }
        return try each(entries) { entry throws(ReplicationError) in
            let image = try folder.image(entry.id)
            let length = settings.isMetadataOnly ? nil : folder.dataSize(of: image.id)
            try bring(image, to: target, isSpokenOf: true) {
                guard let length else { return nil }
                return { () throws(ReplicationError) in checked(image, length, try folder.bytes(of: image.id)) }
            }
        }
    }

    // MARK: one image

    private typealias Opening = () throws(ReplicationError) -> CheckedBytes

    /// Creates an image at a server, or updates it.
    ///
    /// - Parameters:
    ///   - isSpokenOf: whether to report that there are no data to create it with.
    ///   - data: nil if there are none.
    private func bring(
        _ image: ReplicatedImage, to target: ImageServer, isSpokenOf: Bool, data: () -> Opening?
    ) throws(ReplicationError) {
        let copy = try target.image(image.id)
        switch copy?.status {
        case "active", "deactivated":
            tell(.skipped(image.size ?? 0))
            guard let copy else { return }
            let differences = image.differences(of: copy, settings.dropped)
            if differences.contains(where: \.isChangeable) {
                try target.change(image, ReplicatedImage.patch(differences))
                tell(.done("\(image.title): its record at \(target.name) is updated"))
            }
            // A field that this side has no value for cannot differ.
            let others = differences.filter { ["size", "checksum", "os_hash_value"].contains($0.name) && $0.value != .null }
            guard others.isEmpty else {
                throw ReplicationError(
                    .image, "\(image.title): \(target.name) has other data for it; delete the image there and copy it again")
            }
        case nil, "queued":
            guard let open = data() else {
                tell(.skipped(image.size ?? 0))
                if isSpokenOf { tell(.done("\(image.title) is not created: it has no data here")) }
                return
            }
            let bytes = try open()
            if copy == nil { try target.create(image, settings.dropped) }
            try target.upload(image, bytes)
            tell(.done("\(image.title) is copied"))
        case let status?:
            tell(.skipped(image.size ?? 0))
            throw ReplicationError(
                .image, "\(image.title): it is being changed at \(target.name), where its status is '\(status)'; skipped")
        }
    }

    private func checked(_ image: ReplicatedImage, _ length: Int64, _ bytes: any ImageBytes) -> CheckedBytes {
        CheckedBytes(image, length: image.size ?? length, from: bytes) { tell(.bytes($0)) }
    }

    /// Runs `body` for each image, and counts errors. An error of a server or folder ends the run.
    private func each(
        _ entries: [ImageServer.Entry], _ body: (ImageServer.Entry) throws(ReplicationError) -> Void
    ) throws(ReplicationError) -> Int {
        tell(.total(entries.reduce(0) { $0 + $1.size }))
        var failures = 0
        for entry in entries {
            do throws(ReplicationError) {
                try body(entry)
            } catch {
                guard error.kind == .image else { throw error }
                failures += 1
                tell(.trouble(error.description))
            }
        }
        return failures
    }

    private static func text(_ value: JSON) -> String { value.string ?? String(decoding: value.text, as: UTF8.self) }
}
