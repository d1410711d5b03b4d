internal import Domain
internal import Glibc

/// The folders that images' files may lie in: those of the stores, and those that `[vitrine] readable_folders` names.
///
/// What counts is where a file really lies, once all links and `..` on its way are followed, and that is asked of what is open already, so
/// that nothing can be put in its place between the look and the reading.
package struct ReadableFolders: Sendable {
    private let paths: [String]

    /// - Parameter paths: absolute ones; `/` is every folder. They may be links, and need not be there.
    package init(_ paths: [String]) { self.paths = paths }

    /// A file that is open, and where it really lies.
    struct OpenFile: ~Copyable {
        let descriptor: CInt
        let size: Int64
        let path: String

        deinit { close(descriptor) }
    }

    /// - Parameter path: that may lead over links.
    /// - Returns: nil where no regular file is.
    /// - Throws: `NotReadable` for what lies elsewhere; `.unavailable` for what cannot be opened.
    func open(_ path: String) throws(Fault) -> OpenFile? {
        var info = stat()
        // Opening a device may do something.
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

    /// Opens the folder that a file's name stands in, for taking the name away.
    ///
    /// - Returns: nil where there is no such folder.
    /// - Throws: `NotReadable` for a folder elsewhere.
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

    private func contain(_ real: String) -> Bool {
        paths.contains { path in
            guard let folder = realpath(path, nil) else { return false }
            defer { free(folder) }
            let name = String(cString: folder)
            return name == "/" || real.utf8.starts(with: "\(name)/".utf8)
        }
    }

    /// Where that lies which a descriptor has open.
    private static func place(of descriptor: CInt) -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = bytes.withUnsafeMutableBytes { buffer in
            readlink("/proc/self/fd/\(descriptor)", buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}

/// Why a file is left alone, for the log.
struct NotReadable: Error, CustomStringConvertible {
    let path: String
    let real: String

    var description: String {
        let way = path == real ? path : "\(path), which leads to \(real),"
        return "\(way) lies outside of the stores' folders and of [vitrine] readable_folders; name its folder there if it is to be used"
    }
}

extension Fault {
    /// What is done about it says whoever asked.
    fileprivate static func elsewhere(_ path: String, _ real: String) -> Fault {
        Fault(
            .unavailable, "The image's data lie outside of the folders that the service may read.",
            cause: NotReadable(path: path, real: real))
    }

    /// The configuration keeps the service from it, and no disk.
    var isElsewhere: Bool { cause is NotReadable }
}
