/// One request to the server of metrics, as far as it is read.
struct ScrapeRequest {
    /// What is to be answered.
    enum Outcome: Equatable {
        case metrics(Exposition.Format)
        case error(status: String, allow: Bool, message: String)
    }

    /// Bytes that the head of a request may have.
    static let longest = 8 * 1024

    let outcome: Outcome
    let isHead: Bool

    /// Reads a request.
    ///
    /// - Returns: nil if its head has not come whole yet.
    init?(_ bytes: [UInt8]) {
        guard let end = Self.end(of: bytes) else {
            guard bytes.count > Self.longest else { return nil }
            self.init(.error(status: "431 Request Header Fields Too Large", allow: false, message: "The request is too long."))
            return
        }
        // Lines are split as bytes: to Swift, CR LF is one letter, which is no LF.
        var lines = bytes[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0, as: UTF8.self) }[...]
        let words = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2].hasPrefix("HTTP/1."), words[1].hasPrefix("/") else {
            self.init(.error(status: "400 Bad Request", allow: false, message: "The request is not one of HTTP/1.1."))
            return
        }
        let isHead = words[0] == "HEAD"
        guard words[1].prefix(while: { $0 != "?" }) == "/metrics" else {
            self.init(.error(status: "404 Not Found", allow: false, message: "Only /metrics is here."), isHead: isHead)
            return
        }
        guard words[0] == "GET" || isHead else {
            self.init(.error(status: "405 Method Not Allowed", allow: true, message: "Only GET and HEAD are allowed."))
            return
        }
        let accepted = lines.compactMap { line -> String? in
            let parts = line.split(separator: ":", maxSplits: 1)
            return parts.count == 2 && parts[0].lowercased() == "accept" ? parts[1].lowercased() : nil
        }
        self.init(.metrics(Self.format(for: accepted.joined(separator: ","))), isHead: isHead)
    }

    private init(_ outcome: Outcome, isHead: Bool = false) { (self.outcome, self.isHead) = (outcome, isHead) }

    /// Where the head ends: at the first empty line.
    private static func end(of bytes: [UInt8]) -> Int? {
        let newline = UInt8(ascii: "\n")
        for place in bytes.prefix(longest).indices where bytes[place] == newline {
            let next = bytes[(place + 1)...].prefix(2)
            if next.first == newline || next.elementsEqual([UInt8(ascii: "\r"), newline]) { return place }
        }
        return nil
    }

    /// OpenMetrics if it is asked for by name and nothing says that plain text is preferred. Source: RFC 9110, "Accept".
    static func format(for accept: String) -> Exposition.Format {
        var (open, plain) = (0.0, 0.0)
        for range in accept.split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
            let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            switch parts.first {
            case "application/openmetrics-text": open = max(open, quality)
            case "text/plain": plain = max(plain, quality)
            default: break
            }
        }
        return open > 0 && open >= plain ? .openMetrics : .prometheus
    }
}
