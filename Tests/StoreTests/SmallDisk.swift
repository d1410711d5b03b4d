import Foundation
import TestSupport

/// A temporary file system. Mounting one takes root, which CI is.
final class SmallDisk: Sendable {
    let folder: String

    /// One in memory.
    init(megabytes: Int) throws {
        folder = try Self.fresh()
        try Command("mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", folder]).succeeded()
    }

    /// One whose files can share blocks, in a file.
    init(sharing: Void) throws {
        folder = try Self.fresh()
        let image = "\(folder).xfs"
        // The smallest size that mkfs.xfs accepts. The file is sparse.
        try Command("truncate", ["-s", "300M", image]).succeeded()
        try Command("mkfs.xfs", ["-q", "-m", "reflink=1", image]).succeeded()
        try Command("mount", ["-o", "loop", image, folder]).succeeded()
        try FileManager.default.removeItem(atPath: image)
    }

    deinit { _ = try? Command("umount", ["-l", folder]) }

    /// - Parameter option: `ro` or `rw`.
    func remount(_ option: String) throws { try Command("mount", ["-o", "remount,\(option)", folder]).succeeded() }

    /// Bytes that may still be written.
    func freeBytes() -> Int64 {
        var info = statvfs()
        guard statvfs(folder, &info) == 0 else { return -1 }
        return Int64(info.f_bavail) * Int64(info.f_frsize)
    }

    private static func fresh() throws -> String {
        let folder = "\(TestFolder.root)/disk-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }
}
