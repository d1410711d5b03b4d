/// How much a project may have. Nil is any amount. Source: spec policy-and-auth §6; the names are Keystone's registered limits.
package struct ProjectLimits: Sendable, Equatable {
    /// Bytes in stores. An image counts once for each of its locations.
    package var imageSizeTotal: Int64?
    /// Bytes in the staging area.
    package var imageStageTotal: Int64?
    package var imageCountTotal: Int64?
    /// Images whose data are on their way.
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

/// What a project has of that which is limited, in the same units.
package struct ProjectUsage: Sendable, Equatable {
    package let imageSizeTotal, imageStageTotal, imageCountTotal, imageCountUploading: Int64

    package init(imageSizeTotal: Int64, imageStageTotal: Int64, imageCountTotal: Int64, imageCountUploading: Int64) {
        self.imageSizeTotal = imageSizeTotal
        self.imageStageTotal = imageStageTotal
        self.imageCountTotal = imageCountTotal
        self.imageCountUploading = imageCountUploading
    }
}

/// What a project wants besides what it has, and what it may have. The catalog judges it in the same step as what is done, alone
/// with the project, so that two who ask at once cannot pass a limit together.
package struct QuotaClaim: Sendable, Equatable {
    package let project: String
    package var limits: ProjectLimits
    /// New images.
    package var images: Int64
    /// Bytes for stores; nil where nobody knows yet how many come.
    package var bytes: Int64?
    /// Bytes for the staging area; nil as above.
    package var staged: Int64? = 0

    package init(project: String, limits: ProjectLimits, images: Int64 = 0, bytes: Int64? = 0) {
        (self.project, self.limits, self.images, self.bytes) = (project, limits, images, bytes)
    }

    /// - Parameter used: bytes that the project has and that its uploads under way have been promised.
    /// - Returns: bytes that are left; nil for any number.
    package func remaining(beside used: Int64) -> Int64? { limits.imageSizeTotal.map { $0 - used } }

    /// - Throws: `.tooLarge` when the claim does not fit. Bytes that are not known yet fit while the limit is not passed already.
    package func check(bytesBeside used: Int64) throws(Fault) {
        guard let limit = limits.imageSizeTotal, (bytes ?? 0) > limit - used else { return }
        throw .overLimit("image_size_total", used: used, limit: limit, asked: bytes ?? 0, "bytes")
    }

    /// - Parameter used: bytes of the project in the staging area, and those that are promised to what comes in there.
    /// - Returns: bytes that are left there; nil for any number.
    package func stagingRoom(beside used: Int64) -> Int64? { limits.imageStageTotal.map { $0 - used } }

    /// - Throws: `.tooLarge` when the claim does not fit into the staging area. Bytes that are not known yet fit while the limit is
    ///   not passed already.
    package func check(stagedBeside used: Int64) throws(Fault) {
        guard let limit = limits.imageStageTotal, (staged ?? 0) > limit - used else { return }
        throw .overLimit("image_stage_total", used: used, limit: limit, asked: staged ?? 0, "bytes")
    }

    /// - Throws: `.tooLarge` for more images than the project may have.
    package func check(imagesBeside used: Int64) throws(Fault) {
        guard let limit = limits.imageCountTotal, images > limit - used else { return }
        throw .overLimit("image_count_total", used: used, limit: limit, asked: images, "images")
    }

    /// - Parameter count: images whose data are on their way, the one that this is about among them.
    /// - Throws: `.tooLarge` when they are more than may be.
    package func check(uploading count: Int64) throws(Fault) {
        guard let limit = limits.imageCountUploading, count > limit else { return }
        throw .overLimit("image_count_uploading", used: count - 1, limit: limit, asked: 1, "uploads")
    }
}

extension Fault {
    /// - Parameter asked: besides what is used.
    package static func overLimit(_ name: String, used: Int64, limit: Int64, asked: Int64, _ unit: String) -> Fault {
        var fault = Fault(
            .tooLarge,
            "The project's limit \(name) would be exceeded. Used: \(used) \(unit), limit: \(limit), asked for: \(asked).")
        fault.isOverLimit = true
        return fault
    }
}
