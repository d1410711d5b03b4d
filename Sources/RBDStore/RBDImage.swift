internal import CRBD
internal import Glibc
internal import Synchronization
internal import Threading

/// An open image. It is closed with its last holder, if not before.
final class RBDImage: @unchecked Sendable {
    let connection: CephConnection
    /// The cluster's own id of the image, which a new name does not change.
    let id: String
    let raw: UnsafeMutableRawPointer
    private let isClosed = Atomic<Bool>(false)

    var calls: UnsafePointer<vitrine_ceph> { connection.calls }

    init(_ raw: UnsafeMutableRawPointer, on connection: CephConnection) throws(CephError) {
        (self.connection, self.raw) = (connection, raw)
        connection.images.wrappingAdd(1, ordering: .sequentiallyConsistent)
        var text = [CChar](repeating: 0, count: 64)
        let result = connection.calls.pointee.rbd_get_id(raw, &text, text.count)
        id = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try CephError.check(result, "asking for an image's id")
    }

    /// Waits for what is under way, and ends it.
    func close() {
        guard !isClosed.exchange(true, ordering: .sequentiallyConsistent) else { return }
        _ = calls.pointee.rbd_close(raw)
        connection.images.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    }

    deinit {
        guard !isClosed.load(ordering: .sequentiallyConsistent) else { return }
        // The last holder may be a thread of librbd, which must not wait for itself.
        let end = End(raw: raw, connection: connection)
        try? Thread.start {
            _ = end.connection.calls.pointee.rbd_close(end.raw)
            end.connection.images.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        }
    }

    private struct End: @unchecked Sendable {
        let raw: UnsafeMutableRawPointer
        let connection: CephConnection
    }

    // MARK: calls, each of which may take long

    func size() throws(CephError) -> Int64 {
        var size: UInt64 = 0
        try CephError.check(calls.pointee.rbd_get_size(raw, &size), "asking for an image's size")
        guard let size = Int64(exactly: size) else { throw CephError(code: EOVERFLOW, doing: "asking for an image's size") }
        return size
    }

    func resize(to size: Int64) throws(CephError) {
        try CephError.check(calls.pointee.rbd_resize(raw, UInt64(size)), "resizing an image")
    }

    func flush() throws(CephError) { try CephError.check(calls.pointee.rbd_flush(raw), "writing an image") }

    /// Makes a snapshot that clones can be made of.
    func snap(_ name: String) throws(CephError) {
        try CephError.check(calls.pointee.rbd_snap_create(raw, name), "making a snapshot")
        try CephError.check(calls.pointee.rbd_snap_protect(raw, name), "protecting a snapshot")
    }

    /// The id of a snapshot; nil if there is none of that name.
    func snapshotID(_ name: String) throws(CephError) -> UInt64? {
        var id: UInt64 = 0
        let result = calls.pointee.rbd_snap_get_id(raw, name, &id)
        if result == -ENOENT { return nil }
        try CephError.check(result, "looking for a snapshot")
        return id
    }

    /// Removes a snapshot that may be protected; one that is not there counts as removed.
    ///
    /// - Throws: EBUSY when there are clones of it.
    func removeSnapshot(_ name: String) throws(CephError) {
        let freed = calls.pointee.rbd_snap_unprotect(raw, name)
        // It was not protected, or is gone.
        if freed != -EINVAL, freed != -ENOENT { try CephError.check(freed, "releasing a snapshot") }
        let removed = calls.pointee.rbd_snap_remove(raw, name)
        if removed != -ENOENT { try CephError.check(removed, "removing a snapshot") }
    }

    func metadata(_ key: String) throws(CephError) -> String? {
        var value = [CChar](repeating: 0, count: 256)
        var length = value.count
        let result = calls.pointee.rbd_metadata_get(raw, key, &value, &length)
        // A longer value is not this service's.
        if result == -ENOENT || result == -ERANGE { return nil }
        try CephError.check(result, "reading an image's mark")
        return String(decoding: value.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func setMetadata(_ key: String, _ value: String) throws(CephError) {
        try CephError.check(calls.pointee.rbd_metadata_set(raw, key, value), "marking an image")
    }

    /// How many have the image open for writing, this process included.
    func watchers() throws(CephError) -> Int {
        var watchers = [vitrine_rbd_watcher](repeating: vitrine_rbd_watcher(), count: 16)
        var count = watchers.count
        let result = calls.pointee.rbd_watchers_list(raw, &watchers, &count)
        if result == -ERANGE { return count }
        try CephError.check(result, "asking who uses an image")
        calls.pointee.rbd_watchers_list_cleanup(&watchers, count)
        return count
    }
}
