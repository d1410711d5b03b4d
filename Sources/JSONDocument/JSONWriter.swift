internal import Text

/// Writes JSON with the spaces of Python's `json.dumps` (`", "` and `": "`), without escaping non-ASCII characters. It writes to one
/// buffer, or passes pieces to an outlet.
package struct JSONWriter {
    /// Receives a piece; returns false to receive no more.
    package typealias Outlet = (UnsafeRawBufferPointer) -> Bool

    /// The bytes that were written and not passed on yet.
    package private(set) var bytes: [UInt8] = []
    /// Whether the next value is the first in its object or array.
    private var isFirst = true
    private let outlet: Outlet?
    /// Whether the outlet wants no more pieces. What is written then is dropped.
    package private(set) var isAbandoned = false

    /// The approximate size of a piece in bytes.
    private static let piece = 64 * 1024

    /// Writes to one buffer.
    package init(reserving capacity: Int = 1024) {
        outlet = nil
        bytes.reserveCapacity(capacity)
    }

    /// Passes what is written to `outlet` in pieces. `flush` must follow the last value.
    package init(to outlet: @escaping Outlet) { self.outlet = outlet }

    /// Passes on what is written so far.
    package mutating func flush() {
        guard let outlet, !bytes.isEmpty else { return }
        if !isAbandoned { isAbandoned = !bytes.withUnsafeBytes(outlet) }
        bytes.removeAll(keepingCapacity: true)
    }

    /// Writes an object, whose members `body` writes.
    package mutating func object<Failure>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        try nest(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
    }

    /// Writes an array, whose elements `body` writes.
    package mutating func array<Failure>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        try nest(UInt8(ascii: "["), UInt8(ascii: "]"), body)
    }

    /// Begins a member of an object; its value must follow.
    package mutating func key(_ name: String) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(UInt8(ascii: " "))
        isFirst = true
    }

    package mutating func string(_ value: String) {
        separate()
        quote(value)
    }

    package mutating func int(_ value: Int64) {
        separate()
        bytes.append(contentsOf: String(value).utf8)
    }

    /// Writes a number with the digits of a text, which must be a JSON number.
    package mutating func number(_ digits: String) {
        separate()
        bytes.append(contentsOf: digits.utf8)
    }

    package mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: value ? "true".utf8 : "false".utf8)
    }

    package mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    package mutating func value(_ json: JSON) {
        switch json {
        case .null: null()
        case .bool(let value): bool(value)
        case .int(let value): int(value)
        case .double(let value):
            separate()
            bytes.append(contentsOf: "\(value)".utf8)
        case .string(let value): string(value)
        case .array(let elements): array { writer in for element in elements { writer.value(element) } }
        case .object(let members): object { writer in members.forEach { writer.member($0, $1) } }
        }
    }

    package mutating func member(_ name: String, _ value: JSON) {
        key(name)
        self.value(value)
    }

    package mutating func member(_ name: String, _ value: String?) {
        key(name)
        if let value { string(value) } else { null() }
    }

    package mutating func member(_ name: String, _ value: Int64?) {
        key(name)
        if let value { int(value) } else { null() }
    }

    package mutating func member(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    private mutating func nest<Failure>(
        _ opening: UInt8, _ closing: UInt8, _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        separate()
        bytes.append(opening)
        isFirst = true
        try body(&self)
        bytes.append(closing)
        isFirst = false
    }

    private mutating func separate() {
        if bytes.count >= Self.piece { flush() }
        if !isFirst {
            bytes.append(UInt8(ascii: ","))
            bytes.append(UInt8(ascii: " "))
        }
        isFirst = false
    }

    private mutating func quote(_ text: String) {
        var text = text
        bytes.append(0x22)
        text.withUTF8 { utf8 in
            if Self.isPlain(utf8) { return bytes.append(contentsOf: utf8) }
            for byte in utf8 { if Self.mustBeEscaped(byte) { escape(byte) } else { bytes.append(byte) } }
        }
        bytes.append(0x22)
    }

    private static func mustBeEscaped(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x22 || byte == 0x5C }

    /// Whether a text is written as it is, like nearly all. Eight bytes are tested at once: a third of the instructions for a digest,
    /// half of those for an id.
    private static func isPlain(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        /// The highest bit of a byte says whether it is below a limit, at least for the lowest such byte.
        func below(_ limit: UInt64, _ word: UInt64) -> UInt64 { (word &- ones &* limit) & ~word }
        guard text.count >= 8 else { return text.allSatisfy { !mustBeEscaped($0) } }
        var found: UInt64 = 0
        // The last word shares bytes with the one before it.
        for place in stride(from: 0, to: text.count, by: 8) {
            let word = UnsafeRawBufferPointer(text).loadUnaligned(fromByteOffset: min(place, text.count - 8), as: UInt64.self)
            found |= below(0x20, word) | below(1, word ^ ones &* 0x22) | below(1, word ^ ones &* 0x5C)
        }
        return found & (ones &* 0x80) == 0
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(0x5C)
        switch byte {
        case 0x22, 0x5C: bytes.append(byte)
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(hexDigit(byte >> 4))
            bytes.append(hexDigit(byte & 15))
        }
    }
}

extension JSON {
    /// The value as JSON text.
    package var text: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }
}
