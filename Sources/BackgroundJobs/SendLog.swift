package import Domain
internal import Glibc
package import Logging
internal import Threading

/// Reads nginx's log of the images that were sent, makes notifications of its lines and adds them up as use. Used by one thread.
///
/// The read position is stored in the database in the same transaction as the notifications and the sums, so that each line counts once,
/// whichever process reads on. The log may be rotated or truncated, also several times while nobody reads: `SendLogFiles` finds what was
/// read last by its beginning, and the files that came after it.
package final class SendLog: @unchecked Sendable {
    /// What else is told of each line, for example to metrics.
    package struct Meter: Sendable {
        /// Called for each transfer, once it is counted.
        package var sent: @Sendable (_ bytes: Int64, _ method: SendMethod, _ isWhole: Bool) -> Void
        /// Called with the number of lines that were skipped.
        package var skipped: @Sendable (Int) -> Void

        package init(
            sent: @escaping @Sendable (_ bytes: Int64, _ method: SendMethod, _ isWhole: Bool) -> Void = { _, _, _ in },
            skipped: @escaping @Sendable (Int) -> Void = { _ in }
        ) {
            (self.sent, self.skipped) = (sent, skipped)
        }
    }

    private let files: SendLogFiles
    /// The name of this file of this host among the leader leases.
    private let name: String
    private let recordsUse: Bool
    private let catalog: any NotificationCatalog
    private let worker: String
    private let lease: LeaderLease
    private let meter: Meter
    private let logger: Logger

    private var file: SendLogFile?
    /// The recorded position, nil before the first line; nil altogether while it was not read from the database.
    private var known: SendLogPosition??
    private var lines = SendLogLines()
    /// The time of the newest line that was counted, in seconds since 1970.
    private var newest: Double?
    /// The time since which another file has this one's name and nothing more was written.
    private var isReplacedSince: Double?
    /// The number of skipped lines that the log was not told of yet, and when it was told last.
    private var (skipped, skippedSaidAt): (Int, Double?) = (0, nil)
    /// Seconds by which the records' clock is ahead of this machine's, and until when that counts.
    private var clock: (lead: Double, until: Double)?
    /// Why the log could not be opened the last time; 0 when it could.
    private var refusal: CInt = 0
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: SendLog.piece, alignment: 16)

    /// The number of bytes of one read, and so of what one transaction counts: some 3,000 lines.
    private static let piece = 1 << 20
    /// The number of bytes before the read position whose requests are remembered.
    private static let lookBack = 64 * 1024
    /// The seconds between two looks at the records' clock.
    private static let clockAgain = 60.0

    /// Makes a reader of a log.
    ///
    /// - Parameters:
    ///   - host: the name of this machine.
    ///   - recordsUse: whether the lines are added up as use.
    ///   - worker: the name of this process.
    /// - Throws: `.invalid` for a path that is too long.
    package init(
        path: String, on host: String, recordsUse: Bool, catalog: any NotificationCatalog, worker: String, meter: Meter = Meter(),
        logger: Logger
    ) throws(Fault) {
        files = SendLogFiles(path: path)
        (self.recordsUse, self.catalog, self.worker, self.meter, self.logger) = (recordsUse, catalog, worker, meter, logger)
        name = "sends \(host):\(path)"
        guard name.unicodeScalars.count <= 255 else { throw Fault(.invalid, "is too long") }
        lease = LeaderLease(name, of: "the log of what was sent", in: catalog, by: worker, logger)
    }

    deinit { buffer.deallocate() }

    /// Reads the next lines.
    ///
    /// - Returns: the seconds until the next call.
    private func readSome() throws(Fault) -> Double {
        do throws(Fault) {
            switch try lease.acquire() {
            case .held: break
            case .acquired: forget()
            case .heldByAnother:
                forget()
                return Timing.otherLeader
            }
            guard let file = try opened() else { return Timing.sendLog }
            return try read(file)
        } catch {
            // The position is read from the database again.
            forget()
            lease.forget()
            throw error
        }
    }

    /// Releases the leader lease.
    package func end() { lease.release() }

    /// Closes the file; the position is read from the database again.
    private func forget() {
        (file, known, isReplacedSince, newest) = (nil, nil, nil, nil)
        lines = SendLogLines()
    }

    // MARK: finding the file

    /// The file to read on; nil while there is none.
    private func opened() throws(Fault) -> SendLogFile? {
        if let file { return file }
        if known == nil { known = .some(SendLogPosition(try catalog.position(in: name) ?? "")) }
        guard let position = known ?? nil else {
            let file = files.current()
            noteOpened(file)
            // From now on the log is followed, even if it is rotated before its first line is counted.
            if let file { try record([], of: file, upTo: 0) }
            return begin(file)
        }
        newest = position.moment
        let all = files.all()
        let found = all.filter { $0.has(position) }
        // The file itself, under whatever name; else a copy of it.
        if let own = found.last(where: { $0.inode == position.inode }) ?? found.last {
            let start = max(0, position.offset - Self.lookBack)
            lines.remember(own.bytes(at: start, count: position.offset - start))
            own.advance(to: position.offset)
            return begin(own)
        }
        let current = all.last { $0.path == files.path }
        noteOpened(current)
        let next = all.first { $0.path != files.path && $0.modified > position.moment ?? .infinity } ?? current
        guard let next else { return nil }
        logger.warning(
            """
            the log of what was sent was read up to byte \(position.offset) of a file that is neither at \(files.path) nor, unpacked, among \
            the rotated ones: what was written behind it is lost to use and notifications; reading goes on at the beginning of \(next.path)
            """)
        return begin(next)
    }

    private func begin(_ file: SendLogFile?) -> SendLogFile? {
        lines.beginFile()
        self.file = file
        isReplacedSince = nil
        return file
    }

    /// Logs once why the log cannot be opened.
    private func noteOpened(_ file: SendLogFile?) {
        let code = file == nil ? errno : 0
        defer { refusal = code }
        guard code != 0, code != refusal else { return }
        let reason = String(cString: strerror(code))
        if code == ENOENT {
            logger.info("\(files.path), the log of what was sent, is not there: nginx writes it where glance-sends.conf is included")
        } else {
            logger.error(
                "\(files.path), the log of what was sent, cannot be read, and no use is recorded: \(reason); let this program's user read it"
            )
        }
    }

    // MARK: reading

    private func read(_ file: SendLogFile) throws(Fault) -> Double {
        let count = file.read(into: buffer, at: file.offset)
        guard count >= 0 else { throw Fault(.unavailable, "The log of what was sent cannot be read.", cause: ReadFailed(code: errno)) }
        // Asked after the read, so that what was read is certainly of this file and not of what replaced it.
        guard file.isContinued else { return followTruncated(file) }
        let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        guard let newline = piece.lastIndex(of: UInt8(ascii: "\n")) else {
            guard count == piece.count, count == buffer.count else { return try restOrFollow(file, isTorn: count > 0) }
            if lines.skipLongLine() { note(skipped: 1) }
            file.skip(count)
            return 0
        }
        let lead = try clockLead()
        let content = lines.take(piece[...newline], now: Double(time(nil)))
        try record(content.sent, later: lead, of: file, upTo: file.offset + newline + 1)
        isReplacedSince = nil
        note(skipped: content.skipped)
        for sent in content.sent { meter.sent(sent.bytes, sent.method, sent.isWhole) }
        return 0
    }

    /// Seconds by which the clock of the records is ahead of this machine's, by which nginx writes; 0 where the answer to the question does
    /// not tell them apart. Other nodes write the same records, and reports compare them with the records' clock.
    private func clockLead() throws(Fault) -> Double {
        if let clock, clock.until > monotonicSeconds() { return clock.lead }
        let before = wallTime().seconds
        let theirs = try catalog.clock()
        let after = wallTime().seconds
        let lead = theirs < before ? theirs - before : max(0, theirs - after)
        clock = (lead, monotonicSeconds() + Self.clockAgain)
        return lead
    }

    /// - Parameter lead: seconds that are added to the times of the lines.
    private func record(_ lines: [SentBytes], later lead: Double = 0, of file: SendLogFile, upTo offset: Int) throws(Fault) {
        // The newest line is compared with the times of files, which are this machine's too.
        for line in lines { newest = max(newest ?? 0, line.moment) }
        var sent = lines
        for place in sent.indices { sent[place].moment += lead }
        var tally = UseTally()
        if recordsUse { for one in sent { tally.add(one) } }
        file.advance(to: offset)
        let position = SendLogPosition(of: file, moment: newest)
        try catalog.record(sent, adding: tally, from: name, by: worker, upTo: position.text)
        known = position
    }

    /// Handles a file that was truncated: a copy of it may have lines that were not read.
    private func followTruncated(_ file: SendLogFile) -> Double {
        let position = SendLogPosition(of: file, moment: newest)
        let copy = files.all().last { $0.path != files.path && $0.inode != file.inode && $0.has(position) }
        if let copy {
            copy.advance(to: position.offset)
            _ = begin(copy)
            return 0
        }
        logger.warning(
            """
            \(files.path), the log of what was sent, was truncated, and no copy of it is among the rotated ones: lines that were written just \
            before are lost to use and notifications
            """)
        _ = begin(files.current())
        return file.inode == self.file?.inode ? 0 : Timing.sendLog
    }

    /// Handles the end of the file: another file may have its name now.
    ///
    /// - Parameter isTorn: whether the file ends with a line that has no end.
    private func restOrFollow(_ file: SendLogFile, isTorn: Bool) throws(Fault) -> Double {
        var named = stat()
        guard stat(files.path, &named) == 0, UInt(named.st_ino) != file.inode else {
            isReplacedSince = nil
            return Timing.sendLog
        }
        guard let since = isReplacedSince else {
            isReplacedSince = monotonicSeconds()
            return Timing.sendLog
        }
        guard monotonicSeconds() - since >= Timing.renamedLog else { return Timing.sendLog }
        if isTorn { note(skipped: 1) }
        let all = files.all()
        let place = all.firstIndex { $0.inode == file.inode }
        let later = place.map { all[($0 + 1)...] } ?? all[...].filter { $0.path == files.path || $0.modified > file.modified }[...]
        // An empty file tells nothing, and a copy of this one nothing new.
        let next = later.first { $0.path == files.path || $0.size > 0 && !(file.head.length > 0 && $0.begins(with: file.head)) }
        _ = begin(next)
        return 0
    }

    /// Logs skipped lines: at once the first time, then at most once an hour.
    private func note(skipped count: Int) {
        guard count > 0 else { return }
        meter.skipped(count)
        skipped += count
        let now = monotonicSeconds()
        if let skippedSaidAt, now - skippedSaidAt < Timing.skippedLines { return }
        logger.warning(
            """
            \(skipped) lines of \(files.path), the log of what was sent, are skipped: nginx did not write them by glance-sends.conf, or wrote \
            them twice; further ones are told of once an hour
            """)
        (skipped, skippedSaidAt) = (0, now)
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
