internal import Files
internal import Glibc
internal import Threading

/// The files of a log: the one that is written, and those that it was rotated to.
struct SendLogFiles {
    /// The path of the file that is written.
    let path: String

    private var folder: String { path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "." }
    private var name: String { path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path }

    /// The number of rotated files that are looked at, the newest.
    private static let limit = 64

    /// Opens the file that is written; nil when it cannot be opened, for the reason in `errno`.
    func current() -> SendLogFile? { SendLogFile(path) }

    /// Opens all files, the oldest first, and the one that is written last. Packed ones are left out.
    func all() -> [SendLogFile] {
        let suffixes = entryNames(in: folder)?.compactMap { entry in entry.hasPrefix(name) ? entry.dropFirst(name.count) : nil }
        // A folder that cannot be listed may still let its files be opened by name.
        let rotated = suffixes?.filter(Self.isOfRotation) ?? (1...9).map { ".\($0)" }
        let files = rotated.compactMap { SendLogFile(path + $0) }.sorted { $0.modified < $1.modified }
        return files.suffix(Self.limit) + [current()].compactMap(\.self)
    }

    /// Whether a file's name ends as logrotate has it: `.1`, or `-20261129` and the like.
    private static func isOfRotation(_ suffix: Substring) -> Bool {
        guard let mark = suffix.utf8.first, mark == UInt8(ascii: ".") || mark == UInt8(ascii: "-"), 2...24 ~= suffix.utf8.count else {
            return false
        }
        return suffix.utf8.dropFirst().allSatisfy { 0x30...0x39 ~= $0 || $0 == UInt8(ascii: "-") }
    }
}

/// An open file of a log. It is closed when nobody has it any more.
final class SendLogFile {
    let path: String
    let inode: UInt
    /// The size in bytes, and the time of the last change in seconds since 1970, when the file was opened.
    let (size, modified): (Int, Double)
    private let descriptor: CInt
    /// The place up to which the lines are counted.
    private(set) var offset = 0
    /// What the file began with up to there: a file that is truncated and written anew begins with another line.
    private(set) var head = SendLogHead()

    /// Opens a file; nil when it cannot be opened, for the reason in `errno`, or is no regular file.
    init?(_ path: String) {
        // A pipe of this name must not make the thread wait.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            errno = EINVAL
            return nil
        }
        (self.path, self.descriptor) = (path, descriptor)
        (inode, size) = (UInt(status.st_ino), Int(status.st_size))
        modified = status.st_mtim.seconds
    }

    deinit { close(descriptor) }

    /// Reads bytes from a place on.
    ///
    /// - Returns: the number of bytes; negative when they cannot be read, for the reason in `errno`.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        readPiece(of: descriptor, into: buffer, at: Int64(offset))
    }

    /// Reads bytes of a short range; fewer when the file ends before, or cannot be read.
    func bytes(at offset: Int, count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
            length = max(0, read(into: UnsafeMutableRawBufferPointer(buffer), at: offset))
        }
    }

    /// Moves on to a place up to which everything is counted.
    func advance(to offset: Int) {
        self.offset = offset
        if head.length < SendLogHead.longest { head = SendLogHead(of: bytes(at: 0, count: min(offset, SendLogHead.longest))) }
    }

    /// Goes on behind what is counted already, also of lines that are too long to be looked at.
    func skip(_ count: Int) { offset += count }

    /// Whether the file still has what is counted: it was not truncated.
    var isContinued: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_size >= offset && begins(with: head)
    }

    func begins(with head: SendLogHead) -> Bool {
        head.length == 0 || SendLogHead(of: bytes(at: 0, count: head.length)) == head
    }

    /// Whether the file has what was counted up to a position.
    func has(_ position: SendLogPosition) -> Bool {
        guard size >= position.offset else { return false }
        guard let head = position.head, head.length > 0 else { return inode == position.inode }
        return begins(with: head)
    }
}

/// The beginning of a file of the log: its length and a digest of it. Lines have a time and a random number, so no two files have one.
struct SendLogHead: Equatable {
    let length: Int
    let digest: UInt64

    /// The number of bytes that are looked at.
    static let longest = 512

    init() { (length, digest) = (0, Self.start) }

    init(length: Int, digest: UInt64) { (self.length, self.digest) = (length, digest) }

    /// Source: FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
    init(of bytes: [UInt8]) {
        length = bytes.count
        digest = bytes.reduce(Self.start) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    private static let start: UInt64 = 0xCBF2_9CE4_8422_2325
}

/// The place up to which a log is counted, as the database has it: `inode offset length:digest:time`. The release before wrote and reads
/// the first two.
struct SendLogPosition {
    let inode: UInt
    let offset: Int
    /// Nil where the release before wrote the position.
    let head: SendLogHead?
    /// The time of the last line that was counted, in seconds since 1970; nil where nobody noted it.
    let moment: Double?

    init(of file: SendLogFile, moment: Double?) {
        (inode, offset, head, self.moment) = (file.inode, file.offset, file.head, moment)
    }

    /// Reads a position.
    ///
    /// - Returns: nil for a text that is none.
    init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count >= 2, let inode = UInt(words[0]), let offset = Int(words[1]), offset >= 0 else { return nil }
        (self.inode, self.offset) = (inode, offset)
        let parts = words.count == 3 ? words[2].split(separator: ":") : []
        if parts.count >= 2, let length = Int(parts[0]), 0...SendLogHead.longest ~= length, let digest = UInt64(parts[1], radix: 16) {
            head = SendLogHead(length: length, digest: digest)
        } else {
            head = nil
        }
        moment = parts.count == 3 ? Double(parts[2]) : nil
    }

    var text: String {
        let head = head ?? SendLogHead()
        return "\(inode) \(offset) \(head.length):\(String(head.digest, radix: 16))" + (moment.map { ":\($0)" } ?? "")
    }
}
