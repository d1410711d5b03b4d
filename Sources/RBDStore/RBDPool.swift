internal import CRBD
internal import Glibc

/// The pool of a store, on a connection. Its calls obey librados' limits, so that any thread may make them.
struct RBDPool: @unchecked Sendable {
    let cluster: CephCluster
    let connection: CephConnection
    let name: String
    let io: UnsafeMutableRawPointer

    var calls: UnsafePointer<vitrine_ceph> { connection.calls }

    /// Finds the pool, on the cluster's connection.
    init(_ name: String, of cluster: CephCluster) throws(CephError) {
        let connection = try cluster.connection()
        (self.cluster, self.connection, self.name) = (cluster, connection, name)
        io = try cluster.run("opening the pool", on: connection) { () throws(CephError) in PoolContext(raw: try connection.pool(name)) }.raw
    }

    private struct PoolContext: @unchecked Sendable { let raw: UnsafeMutableRawPointer }

    /// Runs calls of librbd; see `CephCluster.run`.
    func run<Value: Sendable>(
        _ doing: String, patiences times: Double = 3, progress: CallProgress? = nil,
        _ body: @escaping @Sendable () throws(CephError) -> Value
    ) throws(CephError) -> Value {
        try cluster.run(doing, on: connection, patiences: times, progress: progress, body)
    }

    // MARK: images

    /// Opens an image by its id; nil if there is none. Others see that it is open for writing, and cannot remove it then.
    func open(id: String, snapshot: String? = nil, isReadOnly: Bool) throws(CephError) -> RBDImage? {
        var made: UnsafeMutableRawPointer?
        let open = isReadOnly ? calls.pointee.rbd_open_by_id_read_only : calls.pointee.rbd_open_by_id
        let result = open(io, id, &made, snapshot)
        if result == -ENOENT { return nil }
        try CephError.check(result, "opening an image")
        guard let raw = made else { throw CephError(code: ENOMEM, doing: "opening an image") }
        return try RBDImage(raw, isAtSnapshot: snapshot != nil, on: connection)
    }

    /// Makes an image and opens it.
    ///
    /// - Parameter order: an object of the image has `1 << order` bytes.
    /// - Throws: EEXIST.
    func create(_ name: String, size: Int64, order: Int) throws(CephError) -> RBDImage {
        var options: UnsafeMutableRawPointer?
        calls.pointee.rbd_image_options_create(&options)
        defer { calls.pointee.rbd_image_options_destroy(options) }
        _ = calls.pointee.rbd_image_options_set_uint64(options, CInt(vitrine_rbd_option_order), UInt64(order))
        // The other features are the cluster's defaults.
        _ = calls.pointee.rbd_image_options_set_uint64(
            options, CInt(vitrine_rbd_option_features_set), vitrine_rbd_feature_layering)
        try CephError.check(calls.pointee.rbd_create4(io, name, UInt64(size), options), "making an image")
        var made: UnsafeMutableRawPointer?
        try CephError.check(calls.pointee.rbd_open(io, name, &made, nil), "opening an image")
        guard let raw = made else { throw CephError(code: ENOMEM, doing: "opening an image") }
        return try RBDImage(raw, on: connection)
    }

    /// Gives an unfinished image its final name. librbd looks whether the name is free before it writes it, and not while: so the writers of
    /// one image go one after the other. A lock that stays after its holder's death ends by itself.
    ///
    /// - Throws: EEXIST, ENOENT.
    func rename(_ name: UnfinishedName) throws(CephError) {
        let (directory, lock) = ("rbd_directory", "vitrine.\(name.image)")
        var duration = timeval(tv_sec: Int(10 * cluster.settings.patience) + 10, tv_usec: 0)
        let locked = calls.pointee.rados_lock_exclusive(io, directory, lock, name.token, "", &duration, 0)
        try CephError.check(locked == -EBUSY ? -EEXIST : locked, "naming an image")
        defer { _ = calls.pointee.rados_unlock(io, directory, lock, name.token) }
        try CephError.check(calls.pointee.rbd_rename(io, name.text, name.image), "naming an image")
    }

    /// Removes an image without snapshots; one that is not there counts as removed.
    ///
    /// - Throws: ENOTEMPTY when it has snapshots, EBUSY when others have it open.
    func remove(_ name: String, _ progress: CallProgress) throws(CephError) {
        let result = calls.pointee.rbd_remove_with_progress(
            io, name,
            { _, _, progress in
                Unmanaged<CallProgress>.fromOpaque(progress!).takeUnretainedValue().step()
                return 0
            }, Unmanaged.passUnretained(progress).toOpaque())
        if result != -ENOENT { try CephError.check(result, "removing an image") }
    }

    /// Moves an image with snapshots to the pool's trash.
    func trash(_ name: String) throws(CephError) {
        let result = calls.pointee.rbd_trash_move(io, name, 0)
        if result != -ENOENT { try CephError.check(result, "moving an image to the trash") }
    }

    // MARK: librbd's own objects, whose form is that of every release since 2012

    /// The names and ids of the images whose names come behind a name, in the order of the names' bytes.
    ///
    /// - Parameter most: how many at the most; the answer may have 2 KiB for each.
    func images(after name: String, atMost most: Int) throws(CephError) -> [(name: String, id: String)] {
        var bytes = [UInt8](repeating: 0, count: most * 2500)
        let count = call(
            "dir_list", on: "rbd_directory", of: io,
            Self.bytes(UInt64(name.utf8.count), 4) + Array(name.utf8) + Self.bytes(UInt64(most), 8),
            &bytes)
        // A pool that never had an image.
        if count == -ENOENT { return [] }
        try CephError.check(count, "listing the images")
        // The number of pairs, then each name and id with the number of its bytes before it.
        var answer = bytes[..<Int(count)]
        func take(_ count: Int) throws(CephError) -> ArraySlice<UInt8> {
            guard answer.count >= count else { throw CephError(code: EBADMSG, doing: "listing the images") }
            defer { answer = answer.dropFirst(count) }
            return answer.prefix(count)
        }
        func text() throws(CephError) -> String { String(decoding: try take(Int(Self.number(try take(4)))), as: UTF8.self) }
        var images: [(name: String, id: String)] = []
        for _ in 0..<Self.number(try take(4)) { images.append((try text(), try text())) }
        return images
    }

    /// The id of the image of a name; nil if there is none.
    func imageID(_ name: String) throws(CephError) -> String? {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = bytes.withUnsafeMutableBytes { buffer in
            calls.pointee.rados_read(io, Self.idObject(name), buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count, 0)
        }
        if count == -ENOENT { return nil }
        try CephError.check(count, "looking for an image")
        let text = bytes[..<Int(count)].dropFirst(4)
        // An id is the number of its bytes, and the bytes.
        guard count > 4, Self.number(bytes[..<4]) == UInt64(text.count) else {
            throw CephError(code: EBADMSG, doing: "looking for an image")
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Removes a name that leads to an image which is gone, as the death of a process leaves it in the middle of a renaming.
    func removeName(_ name: String, of id: String) throws(CephError) {
        guard try imageID(name) == id else { return }
        let result = calls.pointee.rados_remove(io, Self.idObject(name))
        if result != -ENOENT { try CephError.check(result, "removing a name") }
    }

    private static func idObject(_ name: String) -> String { "rbd_id.\(name)" }
    private static func header(_ id: String) -> String { "rbd_header.\(id)" }

    /// The ids of an image's snapshots; nil if the image is gone.
    func snapshots(of id: String) throws(CephError) -> [UInt64]? {
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = call("get_snapcontext", on: Self.header(id), of: io, [], &bytes)
        if count == -ENOENT { return nil }
        try CephError.check(count, "looking for a snapshot")
        // The last id given, the number of ids, the ids.
        let answer = bytes[..<Int(count)]
        guard answer.count >= 12, answer.count - 12 == 8 * Int(Self.number(answer[8..<12])) else {
            throw CephError(code: EBADMSG, doing: "looking for a snapshot")
        }
        return stride(from: 12, to: answer.count, by: 8).map { Self.number(answer[$0..<$0 + 8]) }
    }

    /// Whether there is an image of this id with a snapshot of this name. The image is not opened, which takes several times as long.
    func hasSnapshot(_ name: String, of id: String) throws(CephError) -> Bool {
        for snapshot in try snapshots(of: id) ?? [] {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = call("get_snapshot_name", on: Self.header(id), of: io, Self.bytes(snapshot, 8), &bytes)
            // It was removed meanwhile.
            if count == -ENOENT { continue }
            try CephError.check(count, "asking for a snapshot's name")
            if bytes[..<Int(count)].dropFirst(4).elementsEqual(name.utf8) { return true }
        }
        return false
    }

    /// Whether there are clones that keep a snapshot from being removed, in any pool: those of the first version. Those of the second keep
    /// it in the trash, and do not mind.
    func hasClones(of id: String, snapshot: UInt64) throws(CephError) -> Bool {
        let own = calls.pointee.rados_ioctx_get_id(io)
        let key =
            Self.bytes(UInt64(bitPattern: own), 8) + Self.bytes(UInt64(id.utf8.count), 4) + Array(id.utf8) + Self.bytes(snapshot, 8)
        var isFound = false
        try connection.eachPool { pool throws(CephError) in
            guard !isFound else { return }
            var bytes = [UInt8](repeating: 0, count: 1 << 16)
            let count = call("get_children", on: "rbd_children", of: pool, key, &bytes)
            // No clones, or no right to ask: then the removal tells.
            if [-ENOENT, -EPERM, -EACCES, -EOPNOTSUPP].contains(count) { return }
            if count == -ERANGE { return isFound = true }
            try CephError.check(count, "looking for clones")
            isFound = count >= 4 && Self.number(bytes[..<4]) > 0
        }
        return isFound
    }

    /// Removes a key of an image's metadata, by the image's id and without opening the image. A key or an image that is not there counts as
    /// removed.
    func removeMetadata(_ key: String, of id: String) throws(CephError) {
        var nothing: [UInt8] = []
        let input = Self.bytes(UInt64(key.utf8.count), 4) + Array(key.utf8)
        let result = call("metadata_remove", on: Self.header(id), of: io, input, &nothing)
        if result != -ENOENT { try CephError.check(result, "removing an image's mark") }
    }

    private func call(
        _ method: String, on object: String, of pool: UnsafeMutableRawPointer, _ input: [UInt8], _ output: inout [UInt8]
    ) -> CInt {
        input.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { output in
                calls.pointee.rados_exec(
                    pool, object, "rbd", method, input.baseAddress?.assumingMemoryBound(to: CChar.self), input.count,
                    output.baseAddress?.assumingMemoryBound(to: CChar.self), output.count)
            }
        }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    private static func bytes(_ number: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    /// Seconds since an image's header was changed, which writing to the image does about once a minute; nil if the image is gone.
    func age(of id: String) throws(CephError) -> Int? { try age(ofObject: Self.header(id)) }

    /// Asks one OSD for one small object, whether it is there or not.
    func touch() throws(CephError) { _ = try age(ofObject: "rbd_directory") }

    /// Checks that the OSDs let this user write, by the removal of an object that does not exist: they look at the user's rights first, and
    /// nothing changes. A full pool lets it pass.
    func checkWritable() throws(CephError) {
        let result = calls.pointee.rados_remove(io, "rbd_data.vitrine.health")
        if result == -ENOENT { return }
        try CephError.check(result, "asking for the right to write")
    }

    private func age(ofObject name: String) throws(CephError) -> Int? {
        var (size, changed): (UInt64, time_t) = (0, 0)
        let result = calls.pointee.rados_stat(io, name, &size, &changed)
        if result == -ENOENT { return nil }
        try CephError.check(result, "asking the pool")
        return time(nil) - changed
    }
}
