package import Domain
package import ImageFormats
package import Logging
package import Threading

/// Finds out what is to be known of an image's bytes while they go by, each of its readers on a thread of its own.
package struct ContentInspector {
    private let digests: DigestPair
    /// Nil where nothing is asked of the format.
    private let inspection: InspectedStream?
    /// Nil where the image is not signed.
    private let signed: SignedStream?
    private let image: Image
    private let rules: FormatRules

    /// - Parameters:
    ///   - image: what the bytes are said to be. Only what is in no container is looked into. Source: Glance.
    ///   - certificate: of `signingCertificate`.
    /// - Throws: `.unexpected` for an algorithm that nobody knows, `.invalid` for a signature that cannot be checked.
    package init(
        of image: Image, _ algorithm: String, _ rules: FormatRules, signedBy certificate: SigningCertificate?
    ) throws(Fault) {
        guard let digests = DigestPair(algorithm) else {
            throw Fault(.unexpected, "The hashing algorithm \(algorithm) is not known.")
        }
        (self.digests, self.image, self.rules) = (digests, image, rules)
        signed = try SignedStream(image, certificate)
        inspection = image.containerFormat == "bare" ? InspectedStream() : nil
    }

    package var readers: [StreamTee<Fault>.Reader] {
        let (inspection, signed) = (inspection, signed)
        let readers = digests.readers { inspection?.inspect($0) }
        guard let signed else { return readers }
        let checking: StreamTee<Fault>.Reader = { signed.update($0) }
        return readers + [checking]
    }

    /// - Throws: `.unsupportedMedia` for bytes that are not what the image is said to be, or not safe; `.invalid` for others than
    ///   those that were signed.
    package func finish(size: Int64, _ logger: Logger) throws(Fault) -> MeasuredBytes {
        let virtualSize = try inspection.map { (stream) throws(Fault) in try judge(stream.inspection, logger) } ?? nil
        try signed?.finish()
        let (hash, checksum) = digests.finish()
        return MeasuredBytes(size: size, virtualSize: virtualSize, checksum: checksum, hash: hash)
    }

    private func judge(_ inspection: Inspection, _ logger: Logger) throws(Fault) -> Int64? {
        switch inspection.verdict(claimed: image.diskFormat ?? "", by: rules) {
        case .refused(let finding):
            throw Fault(
                .unsupportedMedia,
                "The image data is refused: \(finding.words) Format: \(finding.format), check: \(finding.check.rawValue), at byte \(finding.offset)."
            )
        case .accepted(let virtualSize, let warnings):
            for warning in warnings { logger.warning("image \(image.id) is taken although: \(warning.words)") }
            // As in Glance: an empty disk is as good as none.
            return virtualSize == 0 ? nil : virtualSize
        }
    }
}

/// An inspector, held by one thread at a time.
private final class InspectedStream: @unchecked Sendable {
    private var inspector = FormatInspector()

    func inspect(_ piece: UnsafeRawBufferPointer) { inspector.inspect(piece) }
    var inspection: Inspection { inspector.inspection() }
}
