internal import Domain
internal import Glibc
internal import Text

/// The mark of a store's folder: a word in a file of its own, the same for all machines that share the folder.
///
/// The folder is given as a descriptor, so that what is read is in the folder that was opened, whatever is mounted over it meanwhile.
enum FolderMark {
    static let name = ".vitrine-store"
    /// Bytes of a mark. One that we make has 32.
    private static let longest = 64

    /// - Returns: nil where the folder has none.
    /// - Throws: `.unavailable` when it cannot be read, or is no mark.
    static func read(in folder: CInt) throws(Fault) -> String? {
        let file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else {
            guard errno == ENOENT else { throw .store(errno, "reading \(name) of the store's folder") }
            return nil
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: longest + 2)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count >= 0 else { throw .store(errno, "reading \(name) of the store's folder") }
        // An operator's editor ends it with a line.
        var word = bytes[..<count]
        while let last = word.last, [0x0A, 0x0D, 0x20].contains(last) { word.removeLast() }
        let isWord = word.allSatisfy { $0 == 0x2D || $0 < 0x80 && isalnum(CInt($0)) != 0 }
        guard 1...longest ~= word.count, isWord else {
            throw .folder("\(name) of the store's folder is no mark: it holds one word of letters and digits, at most \(longest)")
        }
        return String(decoding: word, as: UTF8.self)
    }

    /// Marks a folder that has no mark. Of several who do, on whatever machine, the first counts for all.
    ///
    /// - Returns: the folder's mark.
    /// - Throws: a `StoreError` says why nothing can be written.
    static func write(_ mark: String, in folder: CInt) throws(Fault) -> String {
        let draft = "\(name).\(fresh())"
        let file = openat(folder, draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw .store(errno, "marking the store's folder") }
        defer {
            close(file)
            unlinkat(folder, draft, 0)
        }
        let text = Array("\(mark)\n".utf8)
        guard Glibc.write(file, text, text.count) == text.count, fsync(file) == 0 else { throw .store(errno, "marking the store's folder") }
        if linkat(folder, draft, folder, name, 0) != 0, errno != EEXIST {
            // A file system without links.
            guard [EPERM, EOPNOTSUPP, ENOSYS].contains(errno), renameat(folder, draft, folder, name) == 0 else {
                throw .store(errno, "marking the store's folder")
            }
        }
        guard fsync(folder) == 0 else { throw .store(errno, "syncing the store's folder") }
        guard let there = try read(in: folder) else { throw .folder("\(name) of the store's folder is gone as soon as it is written") }
        return there
    }

    /// 32 hexadecimal digits.
    static func fresh() -> String { randomName() }
}

/// Why a folder is not taken for that of the store, for the log.
struct WrongFolder: Error, CustomStringConvertible {
    let description: String
}

extension Fault {
    static func folder(_ reason: String) -> Fault {
        Fault(.unavailable, "The image store cannot be used now.", cause: WrongFolder(description: reason))
    }
}
