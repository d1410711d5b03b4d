internal import Domain
internal import Glibc
internal import Text

/// The mark of a store's folder: a word in a file, the same for all machines that share the folder.
///
/// The folder is given as a descriptor, so that the mark is read in the folder that was opened, whatever is mounted over it meanwhile.
enum FolderMark {
    static let name = ".vitrine-store"
    /// The largest number of bytes of a mark. Marks that this service makes have 32.
    private static let longest = 64

    /// - Returns: nil when the folder has no mark.
    /// - Throws: `.unavailable` when the mark cannot be read, or is no single word.
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
        // An editor ends the line.
        var word = bytes[..<count]
        while let last = word.last, [0x0A, 0x0D, 0x20].contains(last) { word.removeLast() }
        let isWord = word.allSatisfy { $0 == 0x2D || $0 < 0x80 && isalnum(CInt($0)) != 0 }
        guard 1...longest ~= word.count, isWord else {
            throw .folder("\(name) of the store's folder is no mark: it holds one word of letters and digits, at most \(longest)")
        }
        return String(decoding: word, as: UTF8.self)
    }

    /// Marks a folder without a mark. Of several processes that do this, on any machine, the first one wins.
    ///
    /// - Returns: the folder's mark.
    /// - Throws: a fault with a `StoreError` that says why nothing can be written.
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
            // The file system has no links.
            guard [EPERM, EOPNOTSUPP, ENOSYS].contains(errno), renameat(folder, draft, folder, name) == 0 else {
                throw .store(errno, "marking the store's folder")
            }
        }
        guard fsync(folder) == 0 else { throw .store(errno, "syncing the store's folder") }
        guard let there = try read(in: folder) else { throw .folder("\(name) of the store's folder is gone as soon as it is written") }
        return there
    }

    /// Makes a random mark of 32 hexadecimal digits.
    static func fresh() -> String { randomName() }
}

/// The reason why a folder is not accepted as the store's, for the log.
struct WrongFolder: Error, CustomStringConvertible {
    let description: String
}

extension Fault {
    static func folder(_ reason: String) -> Fault {
        Fault(.unavailable, "The image store cannot be used now.", cause: WrongFolder(description: reason))
    }
}
