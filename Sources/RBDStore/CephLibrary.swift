internal import CRBD
internal import Glibc

/// The functions of librados and librbd, loaded when the first RBD store is made: the service does not need Ceph's libraries otherwise.
package struct CephLibrary: @unchecked Sendable {
    let calls: UnsafePointer<vitrine_ceph>

    /// Loads the libraries, once a process: at the first call.
    package static func load() throws(CephLibraryMissing) -> CephLibrary { try loaded.get() }

    private static let loaded: Result<CephLibrary, CephLibraryMissing> = {
        var missing: UnsafePointer<CChar>?
        guard let calls = vitrine_ceph_load(&missing) else {
            return .failure(
                CephLibraryMissing(name: missing.map { String(cString: $0) } ?? "", reason: dlerror().map { String(cString: $0) }))
        }
        // librbd's threads take a block for each piece that comes from the cluster, and others free it. The pieces of a stream (2 MiB) come from
        // the heaps: as blocks of their own they cost a download a third of its rate.
        vitrine_blocks_apart(3 << 20)
        return .success(CephLibrary(calls: calls))
    }()

    /// Has the process need less memory, and more time, in copies from pool to pool: a third less than with larger blocks in the heaps.
    func keepSmallBlocksApart() { vitrine_blocks_apart(1 << 20) }
}

/// A library or a function of Ceph's that is not there.
package struct CephLibraryMissing: Error, CustomStringConvertible {
    /// The file's or function's name.
    package let name: String
    let reason: String?

    package var description: String {
        "stores of the type rbd need Ceph's libraries, and \(name) cannot be loaded\(reason.map { " (\($0))" } ?? ""); "
            + "install the packages librados2 and librbd1"
    }
}
