internal import Domain
internal import Glibc

/// The folders in which images' files may lie: those of the stores, and those that `[vitrine] readable_folders` names.
///
/// A file counts by its real path, after all links and `..` are resolved. The path is that of the open descriptor, so that the file cannot
/// be exchanged between the check and the reading.
package struct ReadableFolders: Sendable {
    private let paths: [String]

    /// Makes a set of folders.
    ///
    /// - Parameter paths: absolute paths; `/` is every folder. They may be links, and need not exist.
    package init(_ paths: [String]) { self.paths = paths }

    /// An open file and its real path.
    struct OpenFile: ~Copyable {
        let descriptor: CInt
        let size: Int64
        let path: String

        deinit { close(descriptor) }
    }

    /// - Parameter path: a path that may contain links.
    /// - Returns: nil when there is no regular file.
    /// - Throws: `NotReadable` for a file in another folder; `.unavailable` for one that cannot be opened.
    func open(_ path: String) throws(Fault) -> OpenFile? {
        var info = stat()
        // Opening a device could have an effect.
        guard stat(path, &info) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw .store(errno, "finding an image's file") }
            return nil
        }
        guard info.st_mode & S_IFMT == S_IFREG else { return nil }
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .store(errno, "opening an image's file") }
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG, let real = Self.place(of: descriptor) else {
            close(descriptor)
            return nil
        }
        let file = OpenFile(descriptor: descriptor, size: Int64(info.st_size), path: real)
        guard contain(real) else { throw .elsewhere(path, real) }
        return file
    }

    /// Opens the folder of a file, in order to remove the file's name.
    ///
    /// - Returns: nil when there is no such folder.
    /// - Throws: `NotReadable` for another folder.
    func openFolder(_ path: String) throws(Fault) -> CInt? {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw .store(errno, "opening the folder \(path)") }
            return nil
        }
        guard let real = Self.place(of: descriptor), contain("\(real)/") else {
            close(descriptor)
            throw .elsewhere(path, path)
        }
        return descriptor
    }

    /// Whether a file lies in one of the folders.
    ///
    /// - Parameter real: its path without links.
    func contain(_ real: String) -> Bool {
        paths.contains { path in
            guard let folder = realpath(path, nil) else { return false }
            defer { free(folder) }
            let name = String(cString: folder)
            return name == "/" || real.utf8.starts(with: "\(name)/".utf8)
        }
    }

    /// The real path of an open file.
    private static func place(of descriptor: CInt) -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = bytes.withUnsafeMutableBytes { buffer in
            readlink("/proc/self/fd/\(descriptor)", buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}

/// The reason why a file is not read, for the log.
struct NotReadable: Error, CustomStringConvertible {
    let path: String
    let real: String

    var description: String {
        let way = path == real ? path : "\(path), which leads to \(real),"
        return "\(way) lies outside of the stores' folders and of [vitrine] readable_folders; name its folder there if it is to be used"
    }
}

extension Fault {
    /// The fault for a file in another folder; the caller decides what follows from it.
    fileprivate static func elsewhere(_ path: String, _ real: String) -> Fault {
        Fault(
            .unavailable, "The image's data lie outside of the folders that the service may read.",
            cause: NotReadable(path: path, real: real))
    }

    /// Whether the configuration keeps the service from reading the file, and not a disk.
    var isElsewhere: Bool { cause is NotReadable }
}
