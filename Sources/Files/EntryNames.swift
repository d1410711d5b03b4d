internal import Glibc

/// The names of all that is in a folder, in no order, without `.` and `..`; nil when it cannot be read, for the reason in `errno`.
package func entryNames(in folder: String) -> [String]? {
    guard let handle = opendir(folder) else { return nil }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
        let name = name(of: UnsafeRawPointer(entry))
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}

/// A name in a folder, with what its entry tells of it.
package struct FolderName: Sendable {
    package let name: String
    /// Whether the entry says that it is a folder, or a symbolic link. Some file systems do not say.
    package let isFolder, isLink: Bool
}

/// Passes the names of all that is in a folder to a closure, a number at a time, until it returns false; memory does not grow with the
/// folder.
///
/// - Returns: false when the folder cannot be read, for the reason in `errno`.
package func forEachEntry(in folder: String, atOnce count: Int, _ body: (_ names: [FolderName]) -> Bool) -> Bool {
    guard let handle = opendir(folder) else { return false }
    defer { closedir(handle) }
    var names: [FolderName] = []
    while true {
        errno = 0
        guard let entry = readdir(handle) else { break }
        let (kind, name) = (entry.pointee.d_type, name(of: UnsafeRawPointer(entry)))
        guard name != "." && name != ".." else { continue }
        names.append(FolderName(name: name, isFolder: kind == UInt8(DT_DIR), isLink: kind == UInt8(DT_LNK)))
        guard names.count == count else { continue }
        guard body(names) else { return true }
        names = []
    }
    guard errno == 0 else { return false }
    if !names.isEmpty { _ = body(names) }
    return true
}

/// The name in a `dirent`, of which glibc has only the first `d_reclen` bytes: the 256 that `d_name` is declared with may go past
/// the end of its buffer. Source: readdir(3).
private func name(of entry: UnsafeRawPointer) -> String {
    let start = MemoryLayout<dirent>.offset(of: \.d_name)!
    let length = Int(entry.load(fromByteOffset: MemoryLayout<dirent>.offset(of: \.d_reclen)!, as: UInt16.self))
    let bytes = UnsafeRawBufferPointer(start: entry + start, count: length - start)
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
}
