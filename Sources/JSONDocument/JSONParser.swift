internal import Glibc
internal import Text

/// The reason why a text is not JSON, or not JSON that is accepted here.
package struct JSONSyntaxError: Error {
    package let reason: String
    /// Bytes from the start of the text.
    package let offset: Int
}

extension JSON {
    /// The deepest nesting of values; the documents of this service are five deep.
    package static let deepest = 64

    /// Parses a UTF-8 text by RFC 8259.
    ///
    /// It also refuses nesting beyond `deepest`, integers beyond 64 bits, numbers beyond a Double, and half surrogate pairs.
    package init(parsing bytes: [UInt8]) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes: bytes)
        self = try parser.document()
    }

    /// Parses a text that arrives in pieces. It keeps no piece, so the memory is that of the values alone.
    ///
    /// - Parameter next: returns the next piece, which must not be empty; nil at the end.
    package init(parsingPieces next: @escaping () -> [UInt8]?) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes: [], more: next)
        self = try parser.document()
    }
}

private struct JSONParser {
    /// The whole text, or its current piece, from the start of the current token on.
    private var bytes: [UInt8]
    private var at = 0
    /// The index where the current token starts, while one is read.
    private var mark: Int?
    /// Bytes of the text before `bytes`.
    private var passed = 0
    private var more: (() -> [UInt8]?)?

    init(bytes: [UInt8], more: (() -> [UInt8]?)? = nil) { (self.bytes, self.more) = (bytes, more) }

    mutating func document() throws(JSONSyntaxError) -> JSON {
        if has(3), bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw error("a byte order mark is not allowed") }
        let value = try value(depth: 0)
        skipSpace()
        guard next == nil else { throw error("more follows the value") }
        return value
    }

    private func error(_ reason: String) -> JSONSyntaxError { JSONSyntaxError(reason: reason, offset: passed + at) }

    private var next: UInt8? {
        mutating get { at < bytes.count || has(1) ? bytes[at] : nil }
    }

    /// Whether at least this many bytes follow.
    private mutating func has(_ count: Int) -> Bool {
        while bytes.count - at < count {
            guard let piece = more?() else { return false }
            let kept = mark ?? at
            if kept == bytes.count { bytes = piece } else { bytes = bytes[kept...] + piece }
            (at, passed) = (at - kept, passed + kept)
            if mark != nil { mark = 0 }
        }
        return true
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard next == byte else { return false }
        at += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSON {
        guard depth <= JSON.deepest else { throw error("nested deeper than \(JSON.deepest)") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case let byte? where byte == UInt8(ascii: "-") || 0x30...0x39 ~= byte: return try number()
        default: throw error("a value is missing")
        }
    }

    private mutating func word(_ text: StaticString, _ value: JSON) throws(JSONSyntaxError) -> JSON {
        let count = text.utf8CodeUnitCount
        guard has(count), text.withUTF8Buffer({ bytes[at...].starts(with: $0) }) else { throw error("a value is missing") }
        at += count
        return value
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSON {
        at += 1
        var object = JSONObject()
        if take(UInt8(ascii: "}")) { return .object(object) }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw error("a key is missing") }
            let key = try string()
            guard take(UInt8(ascii: ":")) else { throw error("':' is missing") }
            object[key] = try value(depth: depth + 1)
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw error("'}' is missing") }
        return .object(object)
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSON {
        at += 1
        var elements: [JSON] = []
        if take(UInt8(ascii: "]")) { return .array(elements) }
        repeat { elements.append(try value(depth: depth + 1)) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw error("']' is missing") }
        return .array(elements)
    }

    private mutating func number() throws(JSONSyntaxError) -> JSON {
        mark = at
        defer { mark = nil }
        if next == UInt8(ascii: "-") { at += 1 }
        let whole = try digits()
        if whole > 1 && bytes[at - whole] == 0x30 { throw error("a number begins with 0") }
        var isInteger = true
        if next == UInt8(ascii: ".") {
            at += 1
            isInteger = false
            _ = try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            at += 1
            isInteger = false
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
            _ = try digits()
        }
        let text = String(decoding: bytes[(mark ?? at)..<at], as: UTF8.self)
        if isInteger {
            guard let value = Int64(text) else { throw error("an integer has more than 64 bits") }
            return .int(value)
        }
        guard let value = Double(text), value.isFinite else { throw error("a number is too large") }
        return .double(value)
    }

    private mutating func digits() throws(JSONSyntaxError) -> Int {
        var count = 0
        while let byte = next, 0x30...0x39 ~= byte {
            at += 1
            count += 1
        }
        guard count > 0 else { throw error("a digit is missing") }
        return count
    }

    private mutating func string() throws(JSONSyntaxError) -> String {
        at += 1
        mark = at
        defer { mark = nil }
        while let byte = next, byte != 0x22, byte != 0x5C, byte >= 0x20 { at += 1 }
        let start = mark ?? at
        if next == 0x22 {  // no escape in it: the bytes as they are
            at += 1
            return try text(bytes[start..<(at - 1)])
        }
        var content = Array(bytes[start..<at])
        mark = nil
        while let byte = next {
            at += 1
            switch byte {
            case 0x22: return try text(content[...])
            case 0x5C: try escape(into: &content)
            case 0..<0x20: throw error("a control character stands in a string")
            default: content.append(byte)
            }
        }
        throw error("a string does not end")
    }

    private func text(_ content: ArraySlice<UInt8>) throws(JSONSyntaxError) -> String {
        guard let text = String(utf8: content.span) else { throw error("a string is not UTF-8") }
        return text
    }

    private mutating func escape(into content: inout [UInt8]) throws(JSONSyntaxError) {
        guard let byte = next else { throw error("a string does not end") }
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hex4()
            if 0xD800..<0xDC00 ~= code {
                guard has(2), bytes[at] == 0x5C, bytes[at + 1] == UInt8(ascii: "u") else {
                    throw error("half of a surrogate pair")
                }
                at += 2
                let low = try hex4()
                guard 0xDC00..<0xE000 ~= low else { throw error("half of a surrogate pair") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw error("half of a surrogate pair") }
            content.append(contentsOf: UTF8.encode(scalar)!)
        default: throw error("an unknown escape")
        }
    }

    private mutating func hex4() throws(JSONSyntaxError) -> UInt32 {
        guard has(4) else { throw error("\\u wants four digits") }
        var code: UInt32 = 0
        for byte in bytes[at..<at + 4] {
            guard let value = hexValue(byte) else { throw error("\\u wants four digits") }
            code = code << 4 | UInt32(value)
        }
        at += 4
        return code
    }
}
