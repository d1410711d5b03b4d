/// Limits of a project. Nil is no limit. The names are those of Keystone's registered limits.
package struct ProjectLimits: Sendable, Equatable {
    /// Bytes in stores. An image counts once for each of its locations.
    package var imageSizeTotal: Int64?
    /// Bytes in the staging area.
    package var imageStageTotal: Int64?
    package var imageCountTotal: Int64?
    /// Images whose data are being uploaded or imported.
    package var imageCountUploading: Int64?

    package init(
        imageSizeTotal: Int64? = nil, imageStageTotal: Int64? = nil, imageCountTotal: Int64? = nil, imageCountUploading: Int64? = nil
    ) {
        self.imageSizeTotal = imageSizeTotal
        self.imageStageTotal = imageStageTotal
        self.imageCountTotal = imageCountTotal
        self.imageCountUploading = imageCountUploading
    }

    package static let none = ProjectLimits()
}

/// A project's usage of what is limited, in the same units.
package struct ProjectUsage: Sendable, Equatable {
    package let imageSizeTotal, imageStageTotal, imageCountTotal, imageCountUploading: Int64

    package init(imageSizeTotal: Int64, imageStageTotal: Int64, imageCountTotal: Int64, imageCountUploading: Int64) {
        self.imageSizeTotal = imageSizeTotal
        self.imageStageTotal = imageStageTotal
        self.imageCountTotal = imageCountTotal
        self.imageCountUploading = imageCountUploading
    }
}

/// What a request adds to a project's usage, with the project's limits. The catalog checks it in the transaction that makes the change,
/// one claim of a project at a time, so that two concurrent requests cannot exceed a limit together.
package struct QuotaClaim: Sendable, Equatable {
    package let project: String
    package var limits: ProjectLimits
    /// New images.
    package var images: Int64
    /// Bytes for stores; nil if the number is not known yet.
    package var bytes: Int64?
    /// Bytes for the staging area; nil as above.
    package var staged: Int64? = 0
    /// The most bytes for stores that may come, of which `bytes` is a part; nil if nobody says.
    package var most: Int64?

    package init(project: String, limits: ProjectLimits, images: Int64 = 0, bytes: Int64? = 0) {
        (self.project, self.limits, self.images, self.bytes) = (project, limits, images, bytes)
    }

    /// - Parameter used: the project's bytes, with those reserved by its running uploads.
    /// - Returns: the bytes that are left; nil without a limit.
    package func remaining(beside used: Int64) -> Int64? { limits.imageSizeTotal.map { $0 - used } }

    /// - Throws: `.tooLarge` if the claim exceeds the limit. An unknown number of bytes is accepted while the limit is not yet exceeded.
    package func check(bytesBeside used: Int64) throws(Fault) {
        guard let limit = limits.imageSizeTotal, !fits(bytesBeside: used) else { return }
        throw .overLimit("image_size_total", used: used, limit: limit, asked: bytes ?? 0, "bytes")
    }

    /// Whether the claim's bytes do not exceed the limit. An unknown number fits while the limit is not yet exceeded.
    package func fits(bytesBeside used: Int64) -> Bool { limits.imageSizeTotal.map { (bytes ?? 0) <= $0 - used } ?? true }

    /// Whether the limit is not exceeded, however many bytes come.
    package func fitsWhateverComes(bytesBeside used: Int64) -> Bool { limits.imageSizeTotal.map { (most ?? .max) <= $0 - used } ?? true }

    /// - Parameter used: the project's bytes in the staging area, with those reserved by running uploads to it.
    /// - Returns: the bytes that are left there; nil without a limit.
    package func stagingRoom(beside used: Int64) -> Int64? { limits.imageStageTotal.map { $0 - used } }

    /// - Throws: `.tooLarge` if the claim exceeds the limit of the staging area. An unknown number of bytes is accepted while the limit is
    ///   not yet exceeded.
    package func check(stagedBeside used: Int64) throws(Fault) {
        guard let limit = limits.imageStageTotal, (staged ?? 0) > limit - used else { return }
        throw .overLimit("image_stage_total", used: used, limit: limit, asked: staged ?? 0, "bytes")
    }

    /// - Throws: `.tooLarge` if the project would have too many images.
    package func check(imagesBeside used: Int64) throws(Fault) {
        guard let limit = limits.imageCountTotal, !fits(imagesBeside: used) else { return }
        throw .overLimit("image_count_total", used: used, limit: limit, asked: images, "images")
    }

    /// Whether the claim's images do not exceed the limit.
    package func fits(imagesBeside used: Int64) -> Bool { limits.imageCountTotal.map { images <= $0 - used } ?? true }

    /// - Parameter count: images whose data are on their way, with the one in question.
    /// - Throws: `.tooLarge` if they are too many.
    package func check(uploading count: Int64) throws(Fault) {
        guard let limit = limits.imageCountUploading, count > limit else { return }
        throw .overLimit("image_count_uploading", used: count - 1, limit: limit, asked: 1, "uploads")
    }
}

extension Fault {
    /// - Parameter asked: the amount that the request adds.
    package static func overLimit(_ name: String, used: Int64, limit: Int64, asked: Int64, _ unit: String) -> Fault {
        var fault = Fault(
            .tooLarge,
            "The project's limit \(name) would be exceeded. Used: \(used) \(unit), limit: \(limit), asked for: \(asked).")
        fault.isOverLimit = true
        return fault
    }
}
