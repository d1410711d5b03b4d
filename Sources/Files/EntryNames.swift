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

/// The name in a `dirent`, of which glibc has only the first `d_reclen` bytes: the 256 that `d_name` is declared with may go past
/// the end of its buffer. Source: readdir(3).
private func name(of entry: UnsafeRawPointer) -> String {
    let start = MemoryLayout<dirent>.offset(of: \.d_name)!
    let length = Int(entry.load(fromByteOffset: MemoryLayout<dirent>.offset(of: \.d_reclen)!, as: UInt16.self))
    let bytes = UnsafeRawBufferPointer(start: entry + start, count: length - start)
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
}
