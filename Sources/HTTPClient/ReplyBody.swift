/// The body of an answer, in the pieces in which it arrived, so that a long body is never copied to grow.
package struct ReplyBody: Sendable {
    private var pieces: [[UInt8]] = []
    /// The index of the first piece that was not taken out.
    private var first = 0
    private(set) var count = 0

    private static let piece = 64 * 1024

    init() {}

    package var isEmpty: Bool { count == 0 }

    /// The body in one array.
    var joined: [UInt8] { pieces.count == 1 ? pieces[0] : Array(pieces.joined()) }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        count += bytes.count
        guard let last = pieces.indices.last, pieces[last].count + bytes.count <= Self.piece else {
            pieces.append(Array(bytes))
            return
        }
        pieces[last].append(contentsOf: bytes)
    }

    /// Takes the next piece out, and gives its memory to the caller; nil at the end.
    package mutating func popFirst() -> [UInt8]? {
        guard first < pieces.count else { return nil }
        defer {
            pieces[first] = []
            first += 1
        }
        return pieces[first]
    }
}
