internal import Domain
internal import Operations
internal import Threading

extension Importer {
    /// Copies an image's data into other stores: as a whole file or on the engine's side where a store can do that, else as a stream. Either
    /// way the copy has the image's digests: what a store takes whole does not pass through this process, so the copy is read back.
    ///
    /// - Throws: a fault that names the store whose data is damaged.
    func copy(_ image: Image, into targets: ImportTargets, _ run: JobRun) throws(Fault) {
        guard let (location, bytes) = try service.found(image) else { throw Fault(.notFound, "The image has no data in any store.") }
        let source = CopySource(bytes, of: image, in: service.stores.store(of: location))
        try take(location.url, of: source, into: targets, run)
        guard targets.wantsStream else { return }
        let check = try source.check()
        let copyStream = StreamCopy(limits: service.limits, announced: bytes.size)
        _ = try copyIntoTargets(copyStream, from: try source.open(), of: bytes.size, beside: check?.readers ?? [], into: targets, run)
        try check?.finish(source.words)
    }

    private func take(_ url: String, of source: CopySource, into targets: ImportTargets, _ run: JobRun) throws(Fault) {
        let size = source.bytes.size
        let progress = Progress(run.job, jobs, total: size * Int64(targets.count), service.logger)
        // The image exists, so its size is allowed, whatever the limit is by now.
        var limits = service.limits
        limits.size = size
        let reading = StreamCopy(limits: limits, announced: size)
        var damage: Fault?
        var done: Int64 = 0
        do throws(Fault) {
            try targets.take(dataAt: url, fileAt: source.bytes.path, size: size) { count in
                done = count
                progress.note(count)
                return run.isCancelled || damage != nil
            } verify: { reader throws(Fault) in
                func look(at reader: any ByteStream, _ words: String) throws(Fault) {
                    guard let check = try source.check() else { return }
                    _ = try reading.run(from: reader, to: check.readers, isSlowAllowed: true) { _ throws(Fault) in
                        try run.check()
                        progress.note(done + size)
                    }
                    try check.finish(words)
                }
                do throws(Fault) {
                    try look(at: reader, "the copy")
                } catch {
                    if run.isCancelled { throw error }
                    // Reads the source to find out which of the two is damaged, so that the message names the right one. A damaged source
                    // is not copied to any store.
                    do throws(Fault) {
                        try look(at: try source.open(), source.words)
                    } catch {
                        damage = error
                        throw error
                    }
                    throw error
                }
            }
        } catch {
            throw damage ?? error
        }
        if let damage { throw damage }
    }
}

/// The source of a copy.
private struct CopySource {
    let bytes: Blob
    private let digests: [ImageHash]
    private let place: String

    /// - Parameter store: the store's name; nil for a store without a name.
    init(_ bytes: Blob, of image: Image, in store: String?) {
        (self.bytes, digests) = (bytes, image.digests)
        place = store.map { "store '\($0)'" } ?? "a store without a name"
    }

    var words: String { "the image's data in \(place)" }

    /// The check of the image's digests; nil when it has none.
    func check() throws(Fault) -> DigestCheck? { digests.isEmpty ? nil : try DigestCheck(digests) }

    func open() throws(Fault) -> any ByteStream {
        do throws(Fault) {
            return Reader(try bytes.open(0), words)
        } catch {
            throw .unreadable(words, error)
        }
    }

    /// A reader whose faults name the data.
    private final class Reader: ByteStream {
        private let reader: any ByteStream
        private let words: String

        init(_ reader: any ByteStream, _ words: String) { (self.reader, self.words) = (reader, words) }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
            do throws(StreamError) {
                return try reader.read(into: buffer)
            } catch {
                throw .failed(.unreadable(words, error.fault))
            }
        }
    }
}

extension Fault {
    /// - Parameter words: the name of the data in messages.
    fileprivate static func unreadable(_ words: String, _ fault: Fault) -> Fault {
        Fault(fault.kind, "It was not possible to read \(words): \(fault.message)", cause: fault.cause)
    }
}

extension Image {
    /// All digests of the image that are known.
    fileprivate var digests: [ImageHash] {
        [hash, checksum.map { ImageHash(algorithm: "md5", value: $0) }].compactMap(\.self)
    }
}
