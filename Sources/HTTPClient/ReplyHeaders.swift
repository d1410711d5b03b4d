/// The header of an answer, parsed line by line.
package struct ReplyHeaders: Sendable {
    /// In the order received, without white space around the values.
    package private(set) var fields: [(name: String, value: String)] = []
    /// The bytes of the first `Location`; not all servers write UTF-8.
    private(set) var location: [UInt8]?
    /// Whether the empty line at the header's end has come. libcurl takes an answer that breaks off before it for a whole one.
    private(set) var isComplete = false
    /// Bytes of all headers of an exchange. Interim answers (1xx) count too, so that their number is bounded.
    private var size = 0

    /// The longest header in bytes; nginx and Apache send at most 8 KiB in one line.
    static let longest = 64 * 1024
    private static let most = 256

    /// The first value of a name, compared without case.
    package subscript(name: String) -> String? {
        fields.first { $0.name.utf8.count == name.utf8.count && $0.name.lowercased() == name.lowercased() }?.value
    }

    /// Parses the next line, including its end.
    ///
    /// - Throws: `.broken` for a header that is too long, and for a `Content-Length` that is no number or occurs with two values:
    ///   libcurl ignores the former and uses the last of the latter.
    mutating func take(line: UnsafeRawBufferPointer) throws(HTTPClientError) {
        size += line.count
        guard size <= Self.longest else { throw .headerTooLong() }
        if line.starts(with: "HTTP/".utf8) {  // an answer begins; what came before was an interim one
            (fields, location, isComplete) = ([], nil, false)
            return
        }
        if line.allSatisfy({ $0 == 0x0D || $0 == 0x0A }) { isComplete = true }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        guard fields.count < Self.most else { throw .headerTooLong() }
        let (name, value) = (Self.text(line[..<colon]), Self.text(line[(colon + 1)...]))
        if location == nil, name.utf8.count == 8, name.lowercased() == "location" { location = Array(line[(colon + 1)...]) }
        if name.utf8.count == 14, name.lowercased() == "content-length" {
            guard self[name] ?? value == value, !value.isEmpty, value.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), Int64(value) != nil else {
                throw HTTPClientError(.broken, "the answer's Content-Length is not valid", mayHaveArrived: true)
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
        HTTPClientError(.broken, "the answer's header is too long", mayHaveArrived: true)
    }
}
