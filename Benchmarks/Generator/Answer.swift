internal import Glibc

/// An answer that comes in pieces. The body of a download is compared as it comes, any other is kept.
struct Answer {
    private enum Part: Equatable {
        case head, body(Int), chunkSize, chunk(Int), chunkEnd, end
    }

    private(set) var status = 0
    private(set) var body: [UInt8] = []
    /// Whether the server keeps the connection open.
    private(set) var isKept = true
    /// The number of bytes that are as they should be, and whether all were.
    private(set) var (same, isSame) = (0, true)
    private var part = Part.head
    private var line: [UInt8] = []

    var isWhole: Bool { part == .end }

    mutating func reset() {
        (status, isKept, same, isSame, part) = (0, true, 0, true, .head)
        body.removeAll(keepingCapacity: true)
        line.removeAll(keepingCapacity: true)
    }

    /// Takes bytes from the connection.
    ///
    /// - Parameter data: what the body is compared with; nil to keep it.
    /// - Returns: false if they are no answer.
    mutating func take(_ bytes: UnsafeRawBufferPointer, comparing data: [UInt8]?) -> Bool {
        var place = 0
        while place < bytes.count, part != .end {
            switch part {
            case .head:
                line.append(bytes[place])
                place += 1
                if line.count >= 4, line.last == 10, line[line.count - 2] == 13, line[line.count - 3] == 10, !readHead() { return false }
            case .body(let left), .chunk(let left):
                let count = min(left, bytes.count - place)
                keep(UnsafeRawBufferPointer(rebasing: bytes[place..<(place + count)]), data)
                place += count
                if case .chunk = part {
                    part = left == count ? .chunkEnd : .chunk(left - count)
                } else {
                    part = left == count ? .end : .body(left - count)
                }
            case .chunkEnd, .chunkSize:
                let byte = bytes[place]
                place += 1
                guard byte == 10 else {
                    guard part == .chunkSize || byte == 13 else { return false }
                    if byte != 13 { line.append(byte) }
                    continue
                }
                if part == .chunkEnd {
                    part = .chunkSize
                } else {
                    guard let size = Int(String(decoding: line, as: UTF8.self), radix: 16) else { return false }
                    // The empty line behind the last chunk is read as the end of one more.
                    part = size == 0 ? .body(2) : .chunk(size)
                    if size == 0 { isEnding = true }
                }
                line.removeAll(keepingCapacity: true)
            case .end: break
            }
        }
        return place == bytes.count
    }

    private var isEnding = false

    private mutating func keep(_ bytes: UnsafeRawBufferPointer, _ data: [UInt8]?) {
        guard !isEnding else { return }
        guard let data else { return body.append(contentsOf: bytes) }
        let isRight =
            same + bytes.count <= data.count
            && data.withUnsafeBytes { memcmp($0.baseAddress! + same, bytes.baseAddress!, bytes.count) == 0 }
        isSame = isSame && isRight
        same += bytes.count
    }

    /// Reads the head that `line` has.
    private mutating func readHead() -> Bool {
        let text = String(decoding: line, as: UTF8.self)
        line.removeAll(keepingCapacity: true)
        isEnding = false
        let lines = text.split(separator: "\r\n")
        guard let first = lines.first, first.hasPrefix("HTTP/1.1 "), let status = Int(first.dropFirst(9).prefix(3)) else { return false }
        self.status = status
        var (length, isChunked) = (0, false)
        for field in lines.dropFirst() {
            let parts = field.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = parts[1].drop { $0 == " " }
            switch parts[0].lowercased() {
            case "content-length": length = Int(value) ?? -1
            case "transfer-encoding": isChunked = value.lowercased() == "chunked"
            case "connection": isKept = value.lowercased() != "close"
            default: break
            }
        }
        guard length >= 0 else { return false }
        // The next answer follows an interim one.
        part = status == 100 ? .head : isChunked ? .chunkSize : length == 0 || status == 204 ? .end : .body(length)
        return true
    }
}

/// How often a text is in another.
func occurrences(of word: [UInt8], in text: [UInt8], atMost most: Int = .max) -> Int {
    let (word, text) = (word + [0], text + [0])
    var count = 0
    text.withUnsafeBytes { text in
        word.withUnsafeBytes { word in
            let wanted = word.baseAddress!.assumingMemoryBound(to: CChar.self)
            var place = text.baseAddress!.assumingMemoryBound(to: CChar.self)
            while count < most, let found = strstr(place, wanted) {
                count += 1
                place = UnsafePointer(found) + (word.count - 1)
            }
        }
    }
    return count
}
