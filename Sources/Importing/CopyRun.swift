internal import Domain
internal import Operations
internal import Threading

extension Importer {
    /// Copies the bytes that an image has: whole files where a store can take them, else as a stream. Either way what lies in a store
    /// afterwards has the image's digests, or the copy is none: of a whole file, whose bytes did not come by here, what the store has
    /// taken is read back.
    ///
    /// - Throws: a fault that names the store whose bytes are damaged.
    func copy(_ image: Image, into sinks: ImportTargets, _ work: Work) throws(Fault) {
        guard let (location, bytes) = try service.found(image) else { throw Fault(.notFound, "The image has no data in any store.") }
        let source = CopySource(bytes, of: image, in: service.stores.store(of: location))
        if let path = bytes.path { try take(path, of: source, into: sinks, work) }
        guard sinks.wantsStream else { return }
        let check = try source.check()
        let copyStream = StreamCopy(limits: service.limits, announced: bytes.size)
        _ = try run(copyStream, from: try source.open(), of: bytes.size, beside: check?.readers ?? [], into: sinks, work)
        try check?.finish(source.words)
    }

    private func take(_ path: String, of source: CopySource, into sinks: ImportTargets, _ work: Work) throws(Fault) {
        let size = source.bytes.size
        let progress = Progress(work.job, jobs, total: size * Int64(sinks.count), service.logger)
        // What the image has is no more than it may have, whatever the limit is by now.
        var limits = service.limits
        limits.size = size
        let reading = StreamCopy(limits: limits, announced: size)
        var damage: Fault?
        var done: Int64 = 0
        do throws(Fault) {
            try sinks.take(fileAt: path, size: size) { count in
                done = count
                progress.note(count)
                return work.isCancelled || damage != nil
            } verify: { reader throws(Fault) in
                func look(at reader: any ByteStream, _ words: String) throws(Fault) {
                    guard let check = try source.check() else { return }
                    _ = try reading.run(from: reader, to: check.readers, isSlowAllowed: true) { _ throws(Fault) in
                        try work.check()
                        progress.note(done + size)
                    }
                    try check.finish(words)
                }
                do throws(Fault) {
                    try look(at: reader, "the copy")
                } catch {
                    if work.isCancelled { throw error }
                    // Which of the two is damaged is found out, so that the right one is named. Of a damaged source nobody gets a copy.
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

/// What an image is copied from.
private struct CopySource {
    let bytes: Blob
    private let digests: [ImageHash]
    private let place: String

    /// - Parameter store: nil for one without a name.
    init(_ bytes: Blob, of image: Image, in store: String?) {
        (self.bytes, digests) = (bytes, image.digests)
        place = store.map { "store '\($0)'" } ?? "a store without a name"
    }

    var words: String { "the image's data in \(place)" }

    /// Nil for an image of which no digest is known.
    func check() throws(Fault) -> DigestCheck? { digests.isEmpty ? nil : try DigestCheck(digests) }

    func open() throws(Fault) -> any ByteStream {
        do throws(Fault) {
            return Reader(try bytes.open(0), words)
        } catch {
            throw .unreadable(words, error)
        }
    }

    /// Bytes whose fault says which ones they are.
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
    /// - Parameter words: what the bytes are called.
    fileprivate static func unreadable(_ words: String, _ fault: Fault) -> Fault {
        Fault(fault.kind, "It was not possible to read \(words): \(fault.message)", cause: fault.cause)
    }
}

extension Image {
    /// All that is known of what its bytes must be.
    fileprivate var digests: [ImageHash] {
        [hash, checksum.map { ImageHash(algorithm: "md5", value: $0) }].compactMap(\.self)
    }
}
