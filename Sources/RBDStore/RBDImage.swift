internal import CRBD
internal import Glibc
internal import Synchronization
internal import Threading

/// An open image. It is closed with its last holder, if not before.
final class RBDImage: @unchecked Sendable {
    let connection: CephConnection
    /// The cluster's own id of the image, which a new name does not change.
    let id: String
    private let image: CephConnection.OpenImage
    private let use = Mutex(Use())

    private struct Use {
        /// The calls on the image that have not come back.
        var calls = 0
        var isClosed = false
    }

    /// librbd 16.2.15 has a fault where an image is opened at a snapshot: the thread that has reported the opening still takes a lock of the
    /// image, and crashes the process if that is closed by then. It needs microseconds for that, or as long as it stands still between them.
    private static let pause = 1.0

    init(_ raw: UnsafeMutableRawPointer, isAtSnapshot: Bool = false, on connection: CephConnection) throws(CephError) {
        self.connection = connection
        image = .init(raw: raw, earliest: isAtSnapshot ? monotonicSeconds() + Self.pause : nil)
        connection.images.wrappingAdd(1, ordering: .sequentiallyConsistent)
        var text = [CChar](repeating: 0, count: 64)
        let result = connection.calls.pointee.rbd_get_id(raw, &text, text.count)
        id = CephConnection.text(text)
        try CephError.check(result, "asking for an image's id")
    }

    /// Waits for the transfers that are under way, and closes the image; one that was just opened is closed later. While another call is on
    /// the image, as one that was given up and has not come back yet, the end of that closes it: librbd crashes or hangs when an image is
    /// closed under a call.
    func close() {
        let isFree = use.withLock { use in
            defer { use.isClosed = true }
            return !use.isClosed && use.calls == 0
        }
        if isFree { connection.close(image, mayWait: true) }
    }

    /// Calls librbd on the image.
    ///
    /// - Throws: ECANCELED if the image was closed.
    func call<Value>(
        _ doing: String, _ body: (_ image: UnsafeMutableRawPointer, _ calls: vitrine_ceph) throws(CephError) -> Value
    ) throws(CephError) -> Value {
        let isOpen = use.withLock { use in
            if !use.isClosed { use.calls += 1 }
            return !use.isClosed
        }
        guard isOpen else { throw CephError(code: ECANCELED, doing: doing) }
        defer {
            let isLast = use.withLock { use in
                use.calls -= 1
                return use.isClosed && use.calls == 0
            }
            if isLast { connection.close(image, mayWait: true) }
        }
        return try body(image.raw, connection.calls.pointee)
    }

    // The last holder may be a thread of librbd.
    deinit { if !use.withLock({ $0.isClosed }) { connection.close(image, mayWait: false) } }

    // MARK: calls, each of which may take long

    /// Makes a call that tells nothing but whether it went well.
    private func check(_ doing: String, _ body: (_ image: UnsafeMutableRawPointer, _ calls: vitrine_ceph) -> CInt) throws(CephError) {
        try call(doing) { image, calls throws(CephError) in try CephError.check(body(image, calls), doing) }
    }

    func size() throws(CephError) -> Int64 {
        var size: UInt64 = 0
        try check("asking for an image's size") { image, calls in calls.rbd_get_size(image, &size) }
        guard let size = Int64(exactly: size) else { throw CephError(code: EOVERFLOW, doing: "asking for an image's size") }
        return size
    }

    func resize(to size: Int64) throws(CephError) { try check("resizing an image") { $1.rbd_resize($0, UInt64(size)) } }

    func flush() throws(CephError) { try check("writing an image") { $1.rbd_flush($0) } }

    /// Makes a snapshot that clones can be made of.
    func snap(_ name: String) throws(CephError) {
        try check("making a snapshot") { $1.rbd_snap_create($0, name) }
        try check("protecting a snapshot") { $1.rbd_snap_protect($0, name) }
    }

    /// The id of a snapshot; nil if there is none of that name.
    func snapshotID(_ name: String) throws(CephError) -> UInt64? {
        try call("looking for a snapshot") { image, calls throws(CephError) in
            var id: UInt64 = 0
            let result = calls.rbd_snap_get_id(image, name, &id)
            if result == -ENOENT { return nil }
            try CephError.check(result, "looking for a snapshot")
            return id
        }
    }

    /// Removes a snapshot that may be protected; one that is not there counts as removed.
    ///
    /// - Throws: EBUSY when there are clones of it.
    func removeSnapshot(_ name: String) throws(CephError) {
        try call("removing a snapshot") { image, calls throws(CephError) in
            let freed = calls.rbd_snap_unprotect(image, name)
            // It was not protected, or is gone.
            if freed != -EINVAL, freed != -ENOENT { try CephError.check(freed, "releasing a snapshot") }
            let removed = calls.rbd_snap_remove(image, name)
            if removed != -ENOENT { try CephError.check(removed, "removing a snapshot") }
        }
    }

    func metadata(_ key: String) throws(CephError) -> String? {
        try call("reading an image's mark") { image, calls throws(CephError) in
            var value = [CChar](repeating: 0, count: 256)
            var length = value.count
            let result = calls.rbd_metadata_get(image, key, &value, &length)
            // A longer value is not this service's.
            if result == -ENOENT || result == -ERANGE { return nil }
            try CephError.check(result, "reading an image's mark")
            return CephConnection.text(value)
        }
    }

    func setMetadata(_ key: String, _ value: String) throws(CephError) {
        try check("marking an image") { $1.rbd_metadata_set($0, key, value) }
    }

    /// How many have the image open for writing, this process included.
    func watchers() throws(CephError) -> Int {
        try call("asking who uses an image") { image, calls throws(CephError) in
            var watchers = [vitrine_rbd_watcher](repeating: vitrine_rbd_watcher(), count: 16)
            var count = watchers.count
            let result = calls.rbd_watchers_list(image, &watchers, &count)
            if result == -ERANGE { return count }
            try CephError.check(result, "asking who uses an image")
            calls.rbd_watchers_list_cleanup(&watchers, count)
            return count
        }
    }
}
