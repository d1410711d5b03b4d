internal import Cryptography
internal import Domain
internal import ImageFormats
internal import Threading

/// Reads an image's data once and computes what is compared: MD5, the second digest, the format.
struct DataReading {
    /// The site's rules for formats, by a name that no other `Finding` comes with.
    typealias Rules = FormatRules

    /// What was found out about the data.
    struct Result {
        var size: Int64 = 0
        /// Nil when it is not compared.
        var checksum: String?
        /// Nil when it is not compared.
        var hash: String?
        /// Why the format is not the declared one, or unsafe; nil when it is right or not inspected.
        var refusal: String?
    }

    private let md5: Digest?
    private let hash: Digest?
    private let inspected: InspectedStream?
    private let format: String
    private let rules: FormatRules
    /// Whether the image's second digest is by an algorithm that is not known here.
    let hasUnknownAlgorithm: Bool

    private static let (bufferSize, buffers) = (512 * 1024, 4)

    init(of image: RecordedImage, by rules: FormatRules) {
        md5 = image.checksum == nil ? nil : Digest("md5")
        hash = image.hash.flatMap { Digest($0.algorithm) }
        hasUnknownAlgorithm = image.hash != nil && hash == nil
        // As at the upload, and as in Glance: only data of the container format bare has the disk format.
        inspected = image.containerFormat == "bare" && image.diskFormat != nil ? InspectedStream() : nil
        (format, self.rules) = (image.diskFormat ?? "", rules)
    }

    /// Whether there is anything to compare the data with.
    var isNeeded: Bool { md5 != nil || hash != nil || inspected != nil }

    /// Reads to the end; pieces go to the digests on threads of their own.
    ///
    /// - Parameter note: called with the number of bytes of each piece; may wait.
    /// - Returns: nil when the pulse's owner wants the thread to end.
    func read(_ stream: any ByteStream, _ pulse: Pulse, note: (Int) -> Void) throws(Fault) -> Result? {
        let tee = try StreamTee<Fault>(buffersOf: Self.bufferSize, count: Self.buffers, readers: readers, orThrow: Fault.noThread)
        defer { tee.cancel() }
        var result = Result()
        while true {
            let buffer = try tee.nextBuffer()
            var count = 0
            while count < buffer.count {
                guard !pulse.isEnding else { return nil }
                let read = try Self.piece(of: stream, into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
                guard read > 0 else { break }
                count += read
                pulse.beat(Int64(read))
                note(read)
            }
            guard count > 0 else { break }
            result.size += Int64(count)
            try tee.submit(count)
        }
        try tee.finish()
        result.checksum = md5?.finish()
        result.hash = hash?.finish()
        if let inspected, case .refused(let finding) = inspected.inspection.verdict(claimed: format, by: rules) {
            result.refusal = "\(finding.words) Format: \(finding.format), check: \(finding.check.rawValue), at byte \(finding.offset)."
        }
        return result
    }

    private static func piece(of stream: any ByteStream, into buffer: UnsafeMutableRawBufferPointer) throws(Fault) -> Int {
        do throws(StreamError) {
            return try stream.read(into: buffer)
        } catch {
            throw error.fault
        }
    }

    /// Separate constants: as elements of one array literal these closures crash the compiler (Swift 6.3.1).
    private var readers: [StreamTee<Fault>.Reader] {
        let (md5, hash, inspected) = (md5, hash, inspected)
        let summing: StreamTee<Fault>.Reader = { piece in
            md5?.update(piece)
            inspected?.inspect(piece)
        }
        guard let hash else { return [summing] }
        let hashing: StreamTee<Fault>.Reader = { hash.update($0) }
        return [summing, hashing]
    }
}
