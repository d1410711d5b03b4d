/// The header of an answer, as it comes in line by line.
package struct ReplyHeaders: Sendable {
    /// In the order that they came in, without the white space round a value.
    package private(set) var fields: [(name: String, value: String)] = []
    /// What the first `Location` says, byte by byte: not all servers write UTF-8.
    private(set) var location: [UInt8]?
    /// Bytes so far, over all answers of an exchange: interim ones (1xx) count too, so that no stream of them goes on for ever.
    private var size = 0

    /// Bytes that a header may have; nginx and Apache send at most 8 KiB in one line.
    static let longest = 64 * 1024
    private static let most = 256

    /// The first value of a name, whichever letters are capital in it.
    package subscript(name: String) -> String? {
        fields.first { $0.name.utf8.count == name.utf8.count && $0.name.lowercased() == name.lowercased() }?.value
    }

    /// Takes the next line, with its end.
    ///
    /// - Throws: `.broken` for a header longer than it may be, and for one that tells a length that is none, or two: libcurl
    ///   ignores the one, and takes the last of the others.
    mutating func take(line: UnsafeRawBufferPointer) throws(HTTPClientError) {
        size += line.count
        guard size <= Self.longest else { throw .headerTooLong() }
        if line.starts(with: "HTTP/".utf8) {  // an answer begins; what came before was an interim one
            (fields, location) = ([], nil)
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        guard fields.count < Self.most else { throw .headerTooLong() }
        let (name, value) = (Self.text(line[..<colon]), Self.text(line[(colon + 1)...]))
        if location == nil, name.utf8.count == 8, name.lowercased() == "location" { location = Array(line[(colon + 1)...]) }
        if name.utf8.count == 14, name.lowercased() == "content-length" {
            guard self[name] ?? value == value, !value.isEmpty, value.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), Int64(value) != nil else {
                throw HTTPClientError(.broken, "the answer tells no length that makes sense", mayHaveArrived: true)
            }
        }
        fields.append((name, value))
    }

    private static func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        var bytes = bytes
        while let first = bytes.first, first <= 0x20 { bytes = bytes.dropFirst() }
        while let last = bytes.last, last <= 0x20 { bytes = bytes.dropLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension HTTPClientError {
    fileprivate static func headerTooLong() -> HTTPClientError {
        HTTPClientError(.broken, "the answer's header is longer than it may be", mayHaveArrived: true)
    }
}
