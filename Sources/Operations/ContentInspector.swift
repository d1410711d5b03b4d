package import Domain
package import ImageFormats
package import Logging
package import Threading

/// Inspects an image's data while it passes: digests, format and signature. Its readers run on threads of their own.
package struct ContentInspector {
    private let digests: DigestPair
    /// Nil when the format is not inspected.
    private let inspection: InspectedStream?
    /// Nil when the image is not signed.
    private let signed: SignedStream?
    private let image: Image
    private let rules: FormatRules

    /// Prepares the inspection.
    ///
    /// - Parameters:
    ///   - image: the declared formats. Only data of the container format `bare` is inspected, as in Glance.
    ///   - certificate: the result of `signingCertificate`.
    /// - Throws: `.unexpected` for an unknown digest algorithm, `.invalid` for a signature that cannot be checked.
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

    /// The readers of the stream tee; each runs on a thread of its own.
    package var readers: [StreamTee<Fault>.Reader] {
        let (inspection, signed) = (inspection, signed)
        let readers = digests.readers { inspection?.inspect($0) }
        guard let signed else { return readers }
        let checking: StreamTee<Fault>.Reader = { signed.update($0) }
        return readers + [checking]
    }

    /// Ends the inspection after the last byte.
    ///
    /// - Throws: `.unsupportedMedia` for data that does not have the declared format, or is unsafe; `.invalid` for data that does not match
    ///   the signature.
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
            for warning in warnings { logger.warning("image \(image.id) is accepted despite a finding: \(warning.words)") }
            // As in Glance, an empty disk counts as one of unknown size.
            return virtualSize == 0 ? nil : virtualSize
        }
    }
}

/// A format inspector; one thread at a time uses it.
final class InspectedStream: @unchecked Sendable {
    private var inspector = FormatInspector()

    func inspect(_ piece: UnsafeRawBufferPointer) { inspector.inspect(piece) }
    var inspection: Inspection { inspector.inspection() }
}
