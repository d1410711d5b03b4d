/// The body of a reply as it came in: pieces of some size, so that a long one is never copied to make room.
package struct ReplyBody: Sendable {
    private var pieces: [[UInt8]] = []
    /// Those before it were taken.
    private var first = 0
    private(set) var count = 0

    private static let piece = 64 * 1024

    init() {}

    package var isEmpty: Bool { count == 0 }

    /// All in one.
    var joined: [UInt8] { pieces.count == 1 ? pieces[0] : Array(pieces.joined()) }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        count += bytes.count
        guard let last = pieces.indices.last, pieces[last].count + bytes.count <= Self.piece else {
            pieces.append(Array(bytes))
            return
        }
        pieces[last].append(contentsOf: bytes)
    }

    /// Takes a piece out, whose memory is then the caller's alone; nil at the end.
    package mutating func popFirst() -> [UInt8]? {
        guard first < pieces.count else { return nil }
        defer {
            pieces[first] = []
            first += 1
        }
        return pieces[first]
    }
}
