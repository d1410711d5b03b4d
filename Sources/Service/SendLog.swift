internal import Domain
internal import Glibc
internal import Logging
internal import NotificationWire
internal import OsloConfig
internal import Threading

/// Reads from nginx's log whose bytes were sent, and how many of them. Used by one thread.
///
/// How far it came stands in the database, with what it made of the lines: each counts once, whoever goes on. The log may be renamed
/// and begun anew (its rest is read first, also as `….1` by whoever starts later), or cut.
final class SendLog: @unchecked Sendable {
    private let path: String
    /// The turn's name: of this file on this host.
    private let name: String
    private let catalog: any NotificationCatalog
    private let worker: String
    private let logger: Logger

    private var file: File?
    private var turnEnds = -Double.infinity
    /// Since when another file stands in this one's place and nothing more came.
    private var isReplacedSince: Double?

    private struct File {
        let descriptor: CInt
        let inode: UInt
        var offset: Int
    }

    /// Seconds of the turn, and what must be left of it to begin.
    private static let (turnSeconds, margin) = (45, 25.0)
    /// Bytes that are read at once. A longer line is none of nginx's.
    private static let piece = 64 * 1024
    /// Seconds. A worker of nginx may still write into the file that was renamed.
    private static let (pause, grace) = (0.5, 3.0)

    init(path: String, catalog: any NotificationCatalog, worker: String, logger: Logger) throws(ConfigurationError) {
        self.path = path
        self.catalog = catalog
        self.worker = worker
        self.logger = logger
        name = "sends \(hostName()):\(path)"
        guard name.unicodeScalars.count <= 255 else { throw ConfigurationError(place: "[vitrine] send_log", reason: "is too long") }
    }

    deinit { forget() }

    /// Reads the next lines.
    ///
    /// - Returns: seconds until there may be more.
    func doSome() throws(Fault) -> Double {
        do throws(Fault) {
            guard try hasTurn() else { return Self.pause }
            guard let file = try opened() else { return Self.pause }
            return try read(file)
        } catch {
            // What the database knows of it is asked again.
            forget()
            throw error
        }
    }

    func leave() {
        guard turnEnds > monotonicSeconds() else { return }
        do throws(Fault) {
            try catalog.leaveTurn(name, by: worker)
        } catch {
            logger.warning("others wait until our turn at the log of what was sent ends: \(error)")
        }
    }

    private func hasTurn() throws(Fault) -> Bool {
        if monotonicSeconds() < turnEnds - Self.margin { return true }
        let asked = monotonicSeconds()
        let isStillOurs = asked < turnEnds
        guard try catalog.takeTurn(name, by: worker, seconds: Self.turnSeconds) else {
            forget()
            return false
        }
        if !isStillOurs { forget() }
        turnEnds = asked + Double(Self.turnSeconds)
        return true
    }

    private func forget() {
        if let file { close(file.descriptor) }
        (file, isReplacedSince, turnEnds) = (nil, nil, -Double.infinity)
    }

    /// The file where reading goes on; nil while there is none.
    private func opened() throws(Fault) -> File? {
        if let file { return file }
        let known = try catalog.position(in: name)?.split(separator: " ").compactMap { UInt($0) } ?? []
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
        if strange > 0 { logger.warning("the log of what was sent has \(strange) lines that are none of nginx/glance-sends.conf's") }
        let offset = file.offset + newline + 1
        try catalog.record(sent, from: name, by: worker, upTo: "\(file.inode) \(offset)")
        self.file?.offset = offset
        isReplacedSince = nil
        return 0
    }

    /// Nothing more is in the file now. Perhaps it was cut, or another has its name.
    private func restOrFollow(_ file: File) -> Double {
        var (own, named) = (stat(), stat())
        if fstat(file.descriptor, &own) == 0, own.st_size < file.offset { self.file?.offset = 0 }
        guard stat(path, &named) == 0, named.st_ino != own.st_ino else {
            isReplacedSince = nil
            return Self.pause
        }
        guard let since = isReplacedSince else {
            isReplacedSince = monotonicSeconds()
            return Self.pause
        }
        guard monotonicSeconds() - since >= Self.grace else { return Self.pause }
        close(file.descriptor)
        isReplacedSince = nil
        self.file = Self.open(path).map { File(descriptor: $0.descriptor, inode: $0.inode, offset: 0) }
        return 0
    }

    private struct ReadFailed: Error {
        /// `errno`.
        let code: CInt
    }
}
