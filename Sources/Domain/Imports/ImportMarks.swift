/// The state of an image's imports, in properties that the service itself keeps. The first four are Glance's.
extension Image {
    /// The task that works on the image. It excludes every other task.
    package static let importTask = "os_glance_import_task"
    /// The stores that bytes are being copied to, separated by commas.
    package static let importingTo = "os_glance_importing_to_stores"
    /// The stores that the last import failed to copy bytes into.
    package static let failedImport = "os_glance_failed_import"
    /// The node that has the image's staged bytes.
    package static let stageHost = "os_glance_stage_host"
    /// The node of a Glance service that reads the bytes at the image's location to compute their digests.
    package static let hashHost = "os_glance_hash_op_host"
    /// The reason why the last import failed, for people.
    package static let importError = "os_glance_import_error"

    /// Whether a property is one of those, which no client may set through any API. Among other things they name the node that requests are
    /// forwarded to, with the caller's token.
    package static func isMark(_ name: String) -> Bool { name.hasPrefix("os_glance") }

    /// - Throws: `.forbidden` for the first property that clients may not set.
    package static func refuseMarks(in names: some Sequence<String>) throws(Fault) {
        if let name = names.first(where: isMark) { throw Fault(.forbidden, "Attribute '\(name)' is reserved.") }
    }

    /// Adds stores to a list and removes others from it. On a site with several stores the property stays when it is empty, as in
    /// Glance.
    package mutating func change(_ list: String, adding added: [String] = [], removing removed: [String] = []) {
        guard !added.isEmpty || !removed.isEmpty else { return }
        let stores = Set((self[property: list] ?? "").split(separator: ",").map(String.init)).union(added).subtracting(removed)
        self[internal: list] = stores.sorted().joined(separator: ",")
    }

    /// The node that one of these properties names, if it is not this one.
    package func node(by marks: [String], otherThan own: String?) -> String? {
        func withoutSlash(_ address: String?) -> Substring? { address.map { $0.hasSuffix("/") ? $0.dropLast() : $0[...] } }
        for mark in marks {
            if let node = self[property: mark], !node.isEmpty, withoutSlash(node) != withoutSlash(own) { return node }
        }
        return nil
    }

    /// Keeps the bytes in the staging area for another import.
    package mutating func returnToStaging(_ job: Job) {
        guard status == .importing else { return }
        status = .uploading
        self[internal: Image.stageHost] = job.node
    }

    /// Returns an image whose bytes did not arrive to the status queued. An image that has bytes stays as it is.
    package mutating func returnToQueue() {
        guard [.saving, .uploading, .importing].contains(status) else { return }
        status = .queued
        (size, virtualSize, checksum, hash) = (nil, nil, nil, nil)
    }
}
