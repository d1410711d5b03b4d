internal import Domain
internal import NotificationWire

/// Makes sent bytes of pieces of the log, and leaves out what is no line of it and what came before.
struct SendLogLines {
    /// The content of a piece.
    struct Content {
        var sent: [SentBytes] = []
        /// The number of lines that were skipped.
        var skipped = 0
    }

    private var recent = RecentIDs()
    /// Whether the next piece goes on with a line that is too long to be one.
    private var isInLongLine = false

    /// Takes a piece that ends with the end of a line.
    ///
    /// - Parameter now: seconds since 1970.
    mutating func take(_ piece: some BidirectionalCollection<UInt8>, now: Double) -> Content {
        var content = Content()
        for line in piece.split(separator: UInt8(ascii: "\n")) {
            if isInLongLine {
                isInLongLine = false
                continue
            }
            take(line, before: now + Self.clockDifference, into: &content)
        }
        return content
    }

    /// Takes a piece without the end of a line.
    ///
    /// - Returns: whether a line that is too long begins in it.
    mutating func skipLongLine() -> Bool {
        defer { isInLongLine = true }
        return !isInLongLine
    }

    /// Forgets that a line goes on: another file is read.
    mutating func beginFile() { isInLongLine = false }

    /// Remembers the requests of a piece that was counted before.
    mutating func remember(_ piece: some BidirectionalCollection<UInt8>) {
        for line in piece.split(separator: UInt8(ascii: "\n")) {
            if case .sent(_, let id?) = SendNote.read(line) { _ = recent.insert(id) }
        }
    }

    /// The number of seconds by which the clock of nginx may differ from that of this process: a line of the day after tomorrow would
    /// stay the last use of its image for ever.
    private static let clockDifference = 86_400.0

    private mutating func take(_ line: some BidirectionalCollection<UInt8>, before latest: Double, into content: inout Content) {
        switch SendNote.read(line, before: latest) {
        case .sent(let sent, let id):
            if let id, !recent.insert(id) { content.skipped += 1 } else { content.sent.append(sent) }
        case .nothing: break
        case .strange:
            content.skipped += 1
            // On a full disk nginx writes a part of a line, and the next one stands right behind it.
            if let start = Self.lastStart(in: line) { take(line[start...], before: latest, into: &content) }
        }
    }

    /// The last place within a line, but for its beginning, where a line begins; nil when there is none.
    private static func lastStart<Line: BidirectionalCollection<UInt8>>(in line: Line) -> Line.Index? {
        guard let opening = SendNote.lineStart.first, line.count > SendNote.lineStart.count else { return nil }
        var place = line.index(line.endIndex, offsetBy: -SendNote.lineStart.count)
        while place > line.startIndex {
            if line[place] == opening, line[place...].starts(with: SendNote.lineStart) { return place }
            place = line.index(before: place)
        }
        return nil
    }
}

/// The ids of the requests that were counted last. A log that is configured twice has each of its lines twice.
private struct RecentIDs {
    private var known: Set<String> = []
    /// The ids in the order in which they came; the oldest is replaced.
    private var order: [String] = []
    private var next = 0

    /// The number of ids that are remembered, of 32 bytes each.
    private static let limit = 8192

    /// - Returns: false for an id that is remembered.
    mutating func insert(_ id: String) -> Bool {
        guard known.insert(id).inserted else { return false }
        if order.count < Self.limit {
            order.append(id)
        } else {
            known.remove(order[next])
            order[next] = id
            next = (next + 1) % Self.limit
        }
        return true
    }
}
