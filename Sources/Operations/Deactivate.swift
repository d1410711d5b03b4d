package import Domain

extension ImageService {
    /// Deactivates an image: only administrators can read its data. A second call does nothing.
    package func deactivate(_ id: ImageID, by caller: Caller) throws(Fault) {
        try move(id, from: .active, to: .deactivated, .deactivate, by: caller)
    }

    /// Ends a deactivation. A second call does nothing.
    package func reactivate(_ id: ImageID, by caller: Caller) throws(Fault) {
        try move(id, from: .deactivated, to: .active, .reactivate, by: caller)
    }

    private func move(
        _ id: ImageID, from: ImageStatus, to: ImageStatus, _ rule: PolicyRule, by caller: Caller
    ) throws(Fault) {
        let image = try images.image(id, visibleTo: caller)
        try policy.require(rule, on: image, by: caller)
        if image.status == to { return }
        guard image.status == from else {
            throw Fault(.forbidden, "Not allowed to \(rule.rawValue) image in status '\(image.status.rawValue)'")
        }
        do throws(Fault) {
            try images.move(id, from: from, to: to)
        } catch {
            // The image was perhaps deleted a moment ago: then it is not found, rather than in another status.
            if error.kind == .conflict { _ = try images.image(id, visibleTo: caller) }
            throw error
        }
    }
}
