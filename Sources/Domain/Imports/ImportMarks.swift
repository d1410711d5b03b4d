/// What an image says of its imports, in properties that the service itself keeps. The first four are Glance's.
extension Image {
    /// The task that works on the image. Nobody else does while it is there.
    package static let importTask = "os_glance_import_task"
    /// Stores that bytes are on their way to, with commas between.
    package static let importingTo = "os_glance_importing_to_stores"
    /// Stores that the last import did not get bytes into.
    package static let failedImport = "os_glance_failed_import"
    /// The node that has the image's staged bytes.
    package static let stageHost = "os_glance_stage_host"
    /// The node of another image service that reads what lies at the image's location, to find its digests.
    package static let hashHost = "os_glance_hash_op_host"
    /// Why the last import failed, for people.
    package static let importError = "os_glance_import_error"

    /// Whether a property is one of those: no client sets it, by whatever API. They say, among others, to which node requests are sent
    /// on, with the token of whoever asks.
    package static func isMark(_ name: String) -> Bool { name.hasPrefix("os_glance") }

    /// - Throws: `.forbidden` for the first property that is no client's to set.
    package static func refuseMarks(in names: some Sequence<String>) throws(Fault) {
        if let name = names.first(where: isMark) { throw Fault(.forbidden, "Attribute '\(name)' is reserved.") }
    }

    /// Adds stores to a list of them, and takes others from it. Where there are several stores the property stays when it is empty, as
    /// Glance has it.
    package mutating func change(_ list: String, adding added: [String] = [], removing removed: [String] = []) {
        guard !added.isEmpty || !removed.isEmpty else { return }
        let stores = Set((self[property: list] ?? "").split(separator: ",").map(String.init)).union(added).subtracting(removed)
        self[internal: list] = stores.sorted().joined(separator: ",")
    }

    /// The node that one of these properties names, where that is another than this one.
    package func node(by marks: [String], otherThan own: String?) -> String? {
        func withoutSlash(_ address: String?) -> Substring? { address.map { $0.hasSuffix("/") ? $0.dropLast() : $0[...] } }
        for mark in marks {
            if let node = self[property: mark], !node.isEmpty, withoutSlash(node) != withoutSlash(own) { return node }
        }
        return nil
    }

    /// Leaves bytes where they are staged, to be imported by another order.
    package mutating func returnToStaging(_ job: Job) {
        guard status == .importing else { return }
        status = .uploading
        self[internal: Image.stageHost] = job.node
    }

    /// Gives an image back whose bytes did not come; one that has some stays as it is.
    package mutating func returnToQueue() {
        guard [.saving, .uploading, .importing].contains(status) else { return }
        status = .queued
        (size, virtualSize, checksum, hash) = (nil, nil, nil, nil)
    }
}
