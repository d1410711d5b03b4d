internal import CRBD
internal import Glibc
internal import Synchronization
internal import Threading

/// A connection to a cluster. Its users hold it; with the last of them it is closed.
final class CephConnection: @unchecked Sendable {
    let calls: UnsafePointer<vitrine_ceph>
    let cluster: UnsafeMutableRawPointer
    /// The cluster's id, a UUID.
    let id: String
    private let pools = Mutex<[String: IOContext]>([:])

    /// A pool's context; it lives as long as its connection.
    private struct IOContext: @unchecked Sendable { let raw: UnsafeMutableRawPointer }

    /// Connects; the calls obey the settings' patience.
    init(_ settings: CephCluster.Settings, _ library: CephLibrary) throws(CephError) {
        calls = library.calls
        cluster = try Self.configured(settings, library)
        do throws(CephError) {
            try CephError.check(calls.pointee.rados_connect(cluster), "connecting to the cluster")
            var text = [CChar](repeating: 0, count: 64)
            try CephError.check(calls.pointee.rados_cluster_fsid(cluster, &text, text.count), "asking for the cluster's id")
            id = Self.text(text)
        } catch {
            calls.pointee.rados_shutdown(cluster)
            throw error
        }
        CephExit.note(self)
    }

    // It may be let go by a thread of librbd, which must not wait for itself.
    deinit { if let end = end() { try? Thread.start(end) } }

    private let isEnding = Atomic<Bool>(false)
    /// How many images are open.
    let images = Atomic<Int>(0)

    /// What closes the connection; nil if that has begun. Nobody may use it any more.
    func end() -> (@Sendable () -> Void)? {
        guard !isEnding.exchange(true, ordering: .sequentiallyConsistent) else { return nil }
        let (library, end) = (CephLibrary(calls: calls), End(cluster: cluster, pools: pools.withLock { $0.values.map(\.raw) }))
        return {
            for pool in end.pools { library.calls.pointee.rados_ioctx_destroy(pool) }
            library.calls.pointee.rados_shutdown(end.cluster)
            CephExit.noteEnd()
        }
    }

    // MARK: the ends of images

    /// An open image of librbd.
    struct OpenImage: @unchecked Sendable {
        let raw: UnsafeMutableRawPointer
        /// The time of the monotonic clock before which it must not be closed; nil for one that may be closed at any time.
        let earliest: Double?

        /// Seconds until it may be closed.
        var wait: Double { earliest.map { max(0, $0 - monotonicSeconds()) } ?? 0 }
    }

    private struct Closings {
        var waiting: [OpenImage] = []
        var isUnderWay = false
    }

    private let closings = Mutex(Closings())

    /// Closes an image, which waits for its transfers that are under way. One that must not be closed yet is closed later, behind those that
    /// wait for that already; one thread closes them, as long as there are any.
    ///
    /// - Parameter mayWait: false for a thread of librbd, which must not wait for itself; another closes the image.
    func close(_ image: OpenImage, mayWait: Bool) {
        guard image.wait == 0 else { return closeLater(image) }
        if mayWait { closeNow(image) } else { try? Thread.start { [self] in closeNow(image) } }
    }

    private func closeLater(_ image: OpenImage) {
        let isFirst = closings.withLock { closings in
            closings.waiting.append(image)
            defer { closings.isUnderWay = true }
            return !closings.isUnderWay
        }
        guard isFirst else { return }
        do throws(ThreadUnavailable) {
            // Until its end, the thread keeps the connection.
            try Thread.start { [self] in while let next = nextClosing() { closeNow(next) } }
        } catch {
            closings.withLock { $0.isUnderWay = false }
        }
    }

    private func nextClosing() -> OpenImage? {
        let next = closings.withLock { closings -> OpenImage? in
            if closings.waiting.isEmpty { closings.isUnderWay = false }
            return closings.waiting.isEmpty ? nil : closings.waiting.removeFirst()
        }
        if let wait = next?.wait, wait > 0 { usleep(UInt32(wait * 1e6)) }
        return next
    }

    private func closeNow(_ image: OpenImage) {
        _ = calls.pointee.rbd_close(image.raw)
        images.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    }

    private struct End: @unchecked Sendable {
        let cluster: UnsafeMutableRawPointer
        let pools: [UnsafeMutableRawPointer]
    }

    /// The id that the configuration file has; nil if it has none, or cannot be read.
    static func configuredID(_ settings: CephCluster.Settings, _ library: CephLibrary) -> String? {
        guard let cluster = try? configured(settings, library) else { return nil }
        defer { library.calls.pointee.rados_shutdown(cluster) }
        var text = [CChar](repeating: 0, count: 64)
        guard library.calls.pointee.rados_conf_get(cluster, "fsid", &text, text.count) >= 0 else { return nil }
        let id = Self.text(text)
        // Without an fsid in the file it is nothing but zeros.
        return id.contains { $0 != "0" && $0 != "-" } ? id : nil
    }

    private static func configured(
        _ settings: CephCluster.Settings, _ library: CephLibrary
    ) throws(CephError) -> UnsafeMutableRawPointer {
        let calls = library.calls
        var made: UnsafeMutableRawPointer?
        try CephError.check(calls.pointee.rados_create(&made, settings.user), "preparing a connection")
        guard let cluster = made else { throw CephError(code: ENOMEM, doing: "preparing a connection") }
        do throws(CephError) {
            try CephError.check(
                calls.pointee.rados_conf_read_file(cluster, settings.file), "reading Ceph's configuration file (rbd_store_ceph_conf)")
            for (option, value) in values(settings) {
                try CephError.check(calls.pointee.rados_conf_set(cluster, option, value), "setting \(option)")
            }
            // librbd writes from the caller's memory, and says that a write has ended when nothing reads that any more. A release without
            // the option copies.
            _ = calls.pointee.rados_conf_set(cluster, "rbd_disable_zero_copy_writes", "false")
        } catch {
            calls.pointee.rados_shutdown(cluster)
            throw error
        }
        return cluster
    }

    /// Ceph's own default of the limits is to wait for ever.
    private static func values(_ settings: CephCluster.Settings) -> [(String, String)] {
        let seconds = String(Int(settings.patience.rounded(.up)))
        return [
            ("client_mount_timeout", seconds), ("rados_mon_op_timeout", seconds),
            ("rados_osd_op_timeout", seconds),
            // After half of that librados asks where the OSDs are by now. By its defaults it does after 10 seconds, so that a call which is given
            // up sooner never learns that an OSD has started anew, and neither does any later one.
            ("objecter_timeout", String(min(10, settings.patience / 2))),
            ("objecter_tick_interval", String(min(5, settings.patience / 4))),
            // Data go by once and in large pieces: a cache would copy them and double the memory of a transfer.
            ("rbd_cache", "false"),
            // The service says itself what failed.
            ("log_to_stderr", "false"), ("err_to_stderr", "false"),
        ]
    }

    /// The text that ends with the first zero.
    static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: pools

    /// The context of a pool.
    ///
    /// - Throws: ENOENT if there is no such pool.
    func pool(_ name: String) throws(CephError) -> UnsafeMutableRawPointer {
        if let known = pools.withLock({ $0[name] }) { return known.raw }
        let made = IOContext(raw: try newPool(name))
        let kept = pools.withLock { pools in
            if let first = pools[name] { return first }
            pools[name] = made
            return made
        }
        if kept.raw != made.raw { calls.pointee.rados_ioctx_destroy(made.raw) }
        return kept.raw
    }

    private func newPool(_ name: String) throws(CephError) -> UnsafeMutableRawPointer {
        var made: UnsafeMutableRawPointer?
        try CephError.check(calls.pointee.rados_ioctx_create(cluster, name, &made), "opening the pool")
        guard let pool = made else { throw CephError(code: ENOMEM, doing: "opening the pool") }
        return pool
    }

    /// Calls a body with the context of each pool that this client may open.
    func eachPool(_ body: (UnsafeMutableRawPointer) throws(CephError) -> Void) throws(CephError) {
        var names = [CChar](repeating: 0, count: 1 << 16)
        let length = calls.pointee.rados_pool_list(cluster, &names, names.count)
        try CephError.check(length, "listing the pools")
        guard Int(length) <= names.count else { throw CephError(code: ERANGE, doing: "listing the pools") }
        for name in names[..<Int(length)].split(separator: 0) {
            guard let pool = try? newPool(Self.text(Array(name))) else { continue }
            defer { calls.pointee.rados_ioctx_destroy(pool) }
            try body(pool)
        }
    }

    /// Asks the monitors.
    ///
    /// - Parameter command: JSON.
    /// - Returns: the answer, at most 16 MiB.
    func askMonitors(_ command: String) throws(CephError) -> [UInt8] {
        var (output, status): (UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<CChar>?) = (nil, nil)
        var (length, statusLength) = (0, 0)
        let result = command.withCString { text in
            var text: UnsafePointer<CChar>? = text
            return calls.pointee.rados_mon_command(cluster, &text, 1, nil, 0, &output, &length, &status, &statusLength)
        }
        defer { for buffer in [output, status] where buffer != nil { calls.pointee.rados_buffer_free(buffer) } }
        try CephError.check(result, "asking the monitors")
        guard let output, length <= 16 << 20 else { throw CephError(code: EMSGSIZE, doing: "asking the monitors") }
        return Array(UnsafeRawBufferPointer(start: output, count: length))
    }
}
