package import Domain
internal import Glibc
package import Logging
internal import NotificationWire
internal import Threading

/// Reads nginx's log of the images that were sent, and makes notifications of its lines. Used by one thread.
///
/// The read position is stored in the database in the same transaction as the notifications, so that each line counts once, whichever
/// process reads on. The log may be rotated or truncated: a renamed file is read to its end first; a process that starts later finds it
/// under the name `….1`.
package final class SendLog: @unchecked Sendable {
    private let path: String
    /// The name of this file of this host among the leader leases.
    private let name: String
    private let catalog: any NotificationCatalog
    private let worker: String
    private let lease: LeaderLease
    private let logger: Logger

    private var file: File?
    /// The recorded position: inode and offset, empty before the first line; nil while it was not read from the database.
    private var known: [UInt]?
    /// The time since which another file has this one's name and nothing more was written.
    private var isReplacedSince: Double?

    private struct File {
        let descriptor: CInt
        let inode: UInt
        var offset: Int
    }

    /// The number of bytes of one read. nginx writes no longer line.
    private static let piece = 64 * 1024

    /// Makes a reader of a log.
    ///
    /// - Parameters:
    ///   - host: the name of this machine.
    ///   - worker: the name of this process.
    /// - Throws: `.invalid` for a path that is too long.
    package init(path: String, on host: String, catalog: any NotificationCatalog, worker: String, logger: Logger) throws(Fault) {
        self.path = path
        self.catalog = catalog
        self.worker = worker
        self.logger = logger
        name = "sends \(host):\(path)"
        guard name.unicodeScalars.count <= 255 else { throw Fault(.invalid, "is too long") }
        lease = LeaderLease(name, of: "the log of what was sent", in: catalog, by: worker, logger)
    }

    deinit { if let file { close(file.descriptor) } }

    /// Reads the next lines.
    ///
    /// - Returns: the seconds until the next call.
    private func readSome() throws(Fault) -> Double {
        do throws(Fault) {
            switch try lease.acquire() {
            case .held: break
            case .acquired: closeFile()
            case .heldByAnother:
                closeFile()
                return Timing.otherLeader
            }
            guard let file = try opened() else { return Timing.sendLog }
            return try read(file)
        } catch {
            // The position is read from the database again.
            closeFile()
            lease.forget()
            throw error
        }
    }

    /// Releases the leader lease.
    package func end() { lease.release() }

    /// Closes the file; the position is read from the database again.
    private func closeFile() {
        if let file { close(file.descriptor) }
        (file, isReplacedSince, known) = (nil, nil, nil)
    }

    /// The file to read on; nil while there is none.
    private func opened() throws(Fault) -> File? {
        if let file { return file }
        if known == nil { known = (try catalog.position(in: name) ?? "").split(separator: " ").compactMap { UInt($0) } }
        let known = known ?? []
        for candidate in [path, path + ".1"] where known.count == 2 {
            guard let found = Self.open(candidate) else { continue }
            if found.inode == known[0], found.size >= known[1] {
                file = File(descriptor: found.descriptor, inode: found.inode, offset: Int(known[1]))
                return file
            }
            close(found.descriptor)
        }
        file = Self.open(path).map { File(descriptor: $0.descriptor, inode: $0.inode, offset: 0) }
        return file
    }

    private static func open(_ path: String) -> (descriptor: CInt, inode: UInt, size: UInt)? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            close(descriptor)
            return nil
        }
        return (descriptor, UInt(status.st_ino), UInt(status.st_size))
    }

    private func read(_ file: File) throws(Fault) -> Double {
        var piece = [UInt8](repeating: 0, count: Self.piece)
        let count = piece.withUnsafeMutableBytes { pread(file.descriptor, $0.baseAddress, $0.count, off_t(file.offset)) }
        guard count >= 0 else { throw Fault(.unavailable, "The log of what was sent cannot be read.", cause: ReadFailed(code: errno)) }
        guard let newline = piece[..<count].lastIndex(of: UInt8(ascii: "\n")) else {
            if count == piece.count {
                logger.warning("the log of what was sent has a line longer than \(count) bytes")
                self.file?.offset += count
                return 0
            }
            return restOrFollow(file)
        }
        var (sent, strange): ([SentBytes], Int) = ([], 0)
        for line in piece[..<newline].split(separator: UInt8(ascii: "\n")) {
            switch SendNote.read(Array(line)) {
            case .sent(let bytes): sent.append(bytes)
            case .nothing: break
            case .strange: strange += 1
            }
        }
        if strange > 0 {
            logger.warning("the log of what was sent has \(strange) lines in another format than that of nginx/glance-sends.conf")
        }
        let offset = file.offset + newline + 1
        try catalog.record(sent, from: name, by: worker, upTo: "\(file.inode) \(offset)")
        self.file?.offset = offset
        (isReplacedSince, known) = (nil, [file.inode, UInt(offset)])
        return 0
    }

    /// Handles the end of the file: it may have been truncated, or another file has its name now.
    private func restOrFollow(_ file: File) -> Double {
        var (own, named) = (stat(), stat())
        if fstat(file.descriptor, &own) == 0, own.st_size < file.offset { self.file?.offset = 0 }
        guard stat(path, &named) == 0, named.st_ino != own.st_ino else {
            isReplacedSince = nil
            return Timing.sendLog
        }
        guard let since = isReplacedSince else {
            isReplacedSince = monotonicSeconds()
            return Timing.sendLog
        }
        guard monotonicSeconds() - since >= Timing.renamedLog else { return Timing.sendLog }
        close(file.descriptor)
        isReplacedSince = nil
        self.file = Self.open(path).map { File(descriptor: $0.descriptor, inode: $0.inode, offset: 0) }
        return 0
    }

    private struct ReadFailed: Error {
        /// The value of `errno`.
        let code: CInt
    }
}

extension SendLog: PeriodicJob {
    /// The name of the work in the log.
    package var purpose: String { "look after what was sent" }

    /// Reads the next lines.
    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? { try readSome() }
}
